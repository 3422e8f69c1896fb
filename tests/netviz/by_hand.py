"""What a hand does to a window."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from netviz.main_window import MainWindow


def press(window: MainWindow, action: QAction) -> None:
    """Clicks the tool button of an action."""
    button = window.run_bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    assert button.isEnabled()
    QApplication.processEvents()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
