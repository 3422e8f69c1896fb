"""What the tests of exports share: menus, file dialogs that answer, and a run of some steps."""

from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from netviz.main_window import MainWindow
from netviz.widgets.command_palette import actions_of

LONG = 60_000
EXPORT = "File › Export › "


def action(window: MainWindow, path: str) -> QAction:
    return dict(actions_of(window.menuBar()))[EXPORT + path]


@pytest.fixture
def choose(monkeypatch):
    """Answers the next file dialogs; says what was offered."""

    def answer(path: Path | str, line: str = "") -> dict:
        offered = {}

        def dialog(parent, title, place, filters, chosen=""):
            offered.update(title=title, place=place, filters=filters.split(";;"), usual=chosen)
            fitting = [f for f in offered["filters"] if line and line in f]
            return str(path), (fitting or [chosen])[0]

        for name in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, name, dialog)
        return offered

    return answer


def banner_says(window: MainWindow, qtbot, start: str) -> str:
    qtbot.waitUntil(lambda: window.banner.text.startswith(start), timeout=LONG)
    return window.banner.text


def train(window: MainWindow, qtbot, steps: int = 25) -> None:
    goal = window.session.step + steps
    window.session.advance(steps=steps)
    qtbot.waitUntil(lambda: window.session.step == goal and not window.session.running, timeout=LONG)
    lanes = window.session.history.lanes
    qtbot.waitUntil(lambda: all(len(lane.loss) == goal and lane.boundary is not None for lane in lanes), timeout=LONG)


def export(window: MainWindow, qtbot, what: str, path: Path) -> str:
    action(window, what).trigger()
    return banner_says(window, qtbot, f"Exported to {path.name}")
