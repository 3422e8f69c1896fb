"""A window on an experiment, driven by hand, that leaves nothing behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from engine.project import load_project
from netviz import text_size, theme
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow
from tests.netviz.patience import LONG, PatientBot


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    return PatientBot(request)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """What tests choose is not remembered for the person at this machine."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture
def usual_size(qapp) -> Iterator[None]:
    """Letters are as large afterwards as they are for other tests."""
    yield
    theme.look().resize(text_size.USUAL, presenting=False)


@pytest.fixture
def open_window(qtbot, qapp) -> Callable[..., MainWindow]:
    """Opens a window on a project file or an experiment's name, and waits until its run can be played."""
    windows = []
    theme.start(qapp, "dark")

    def make(source: str | Path = "xor", worker: str = "thread") -> MainWindow:
        path = find_experiments()[source].path if isinstance(source, str) else source
        window = MainWindow(load_project(path), None if isinstance(source, str) else path, worker)
        windows.append(window)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
        qtbot.waitUntil(lambda: bool(window.session.history.lanes), timeout=LONG)
        qtbot.waitUntil(lambda: window.session.state == "paused", timeout=LONG)
        return window

    yield make
    for window in filter(isValid, windows):
        window.files.forget()
        window.close()
    qapp.setStyleSheet("")
