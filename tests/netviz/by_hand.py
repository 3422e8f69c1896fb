"""What a hand does to a window."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from netviz.main_window import MainWindow
from netviz.runtime.session import Session


def press(window: MainWindow, action: QAction) -> None:
    """Clicks the tool button of an action."""
    button = window.run_bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    assert button.isEnabled()
    QApplication.processEvents()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def all_shown(session: Session) -> bool:
    """Whether the history tells of the run as it stands, and no view waits for its turn to draw it."""
    told = session.answered == (session.state, session.step) and not session.studying
    return told and not session.turns.waiting


def drop(window: MainWindow, *paths: Path) -> None:
    """Lets go of files over the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at, buttons, none = window.rect().center(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(at, copy, data, buttons, none))
    QApplication.sendEvent(window, QDropEvent(at.toPointF(), copy, data, buttons, none))


def settle(window: MainWindow) -> None:
    """Waits until no panel moves any more."""
    before, still = None, 0
    while still < 4:
        QTest.qWait(40)
        now = (window.size(), *(dock.geometry() for dock in window.docks.values()))
        still, before = (still + 1 if now == before else 0), now
