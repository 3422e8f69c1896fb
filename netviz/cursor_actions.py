"""The shared cursor by keys: from step to step and from layer to layer, without a mouse; Esc lets go."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu

from netviz.runtime.cursor import Mark
from netviz.runtime.history import History
from netviz.widgets.ticks import whole

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

LEAP = 20  # parts of the run that one leap goes through


class CursorActions(QObject):
    """Commands of one window; what they point at is told to screen readers."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._history = window, window.session.history
        window.installEventFilter(self)

    def fill(self, menu: QMenu) -> None:
        for text, keys, call in (
            ("The Next Step", "Ctrl+.", lambda: self.step(1)),
            ("The Step Before", "Ctrl+,", lambda: self.step(-1)),
            ("Far On", "Ctrl+Shift+.", lambda: self.leap(1)),
            ("Far Back", "Ctrl+Shift+,", lambda: self.leap(-1)),
            ("The Next Layer", "Ctrl+]", lambda: self.layer(1)),
            ("The Layer Before", "Ctrl+[", lambda: self.layer(-1)),
            ("Nothing", "", self._history.cursor.unpin),
        ):
            self._add(menu, text, keys, call)

    def _add(self, menu: QMenu, text: str, keys: str, call: Callable[[], object]) -> None:
        action = menu.addAction(text)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False: call())

    def step(self, by: int) -> None:
        """Along the steps that are known; from none to the latest."""
        steps = known_steps(self._history)
        if len(steps):
            now = self._history.cursor.pinned.step
            at = len(steps) - 1 if now is None else int(np.abs(steps - now).argmin()) + by
            self._point(Mark(step=float(steps[min(max(at, 0), len(steps) - 1)])))

    def leap(self, by: int) -> None:
        self.step(by * max(1, len(known_steps(self._history)) // LEAP))

    def layer(self, by: int) -> None:
        """Along the layers, from input to output and round again."""
        layers = list(dict.fromkeys(node for lane in self._history.lanes for node in lane.info.layers))
        if layers:
            now = self._history.cursor.pinned.layer
            at = layers.index(now) + by if now in layers else 0 if by > 0 else -1
            self._point(Mark(layers[at % len(layers)]))

    def _point(self, mark: Mark) -> None:
        self._history.cursor.move(mark)
        self._window.canvas.announce(in_words(self._history.cursor.pinned))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc that nothing in the window wanted lets go of what is pinned."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            return self._history.cursor.unpin()
        return False


def known_steps(history: History) -> np.ndarray:
    """The steps of which something is known, from the first to the latest."""
    steps = [lane.loss.steps for lane in history.lanes if len(lane.loss)]
    return np.unique(np.concatenate(steps)) if steps else np.zeros(0)


def in_words(mark: Mark) -> str:
    parts = [mark.layer or ""]
    parts.append("" if mark.unit is None else f"unit {mark.unit + 1}")
    parts.append("" if mark.step is None else f"step {whole(mark.step)}")
    parts.append("" if mark.example is None else f"{mark.example[0].value} example {mark.example[1] + 1}")
    return ", ".join(part for part in parts if part)
