"""Frames of a window by the wall clock: an event of the mouse, and all the painting that it asks for."""

import os
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import perf_counter

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.report import Row
from netviz import theme

OWN = TemporaryDirectory(prefix="netviz-frames-")
GOAL = 8.0  # milliseconds: half of a frame at 60 Hz


def application() -> QApplication:
    """The application in the dark theme, with settings that are nobody's; where there is no display, offscreen."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.update(dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME"), OWN.name))
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.start(app, "dark")
    return app


def frame_row(what: str, times: list[float]) -> Row:
    """The 95th percentile of frames in milliseconds, with the middle half and the worst."""
    times.sort()
    low, high = times[len(times) // 4], times[-1 - len(times) // 4]
    p95, context = times[int(len(times) * 0.95)], f"worst {times[-1]:.1f} ms"
    return Row(what, p95, GOAL, "ms", True, (low, high), context)


def timed(app: QApplication, act: Callable[[], object]) -> float:
    """Milliseconds of an event and of the painting that follows it."""
    begun = perf_counter()
    act()
    app.processEvents()
    return (perf_counter() - begun) * 1e3


def send(widget: QWidget, kind: QEvent.Type, at: QPoint) -> None:
    """The left button at a place: pressed, moved or released."""
    button = Qt.MouseButton.LeftButton
    place = QPointF(widget.mapToGlobal(at))
    held = Qt.KeyboardModifier.NoModifier
    moved = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else button
    QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(at), place, moved, button, held))


def wheel(widget: QWidget, at: QPoint, notches: int) -> None:
    none = Qt.MouseButton.NoButton
    turn = QPoint(0, 120 * notches)
    event = QWheelEvent(
        QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), turn, none,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def press(widget: QWidget, key: Qt.Key) -> None:
    """A key, pressed."""
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))
