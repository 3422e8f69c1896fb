"""Lights of what is pointed at elsewhere: soon, but not all panels in one frame."""

import pytest
from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from netviz.checks.rate_plot import RatePlot
from netviz.theme import look
from netviz.widgets.lighting import APART, PLACES, Lighting


class Under(QWidget):
    """A widget that has the mouse, or not."""

    over = False

    def underMouse(self) -> bool:  # noqa: N802 (Qt's)
        return self.over


@pytest.fixture
def lit(qtbot):
    """A widget, its lighting, and the paintings that it has asked for."""
    widget, asked = Under(), []
    qtbot.addWidget(widget)
    made = Lighting(widget, lambda: asked.append(made))
    return widget, made, asked


def test_under_the_mouse_at_once_and_elsewhere_a_little_later(lit, qtbot):
    widget, lighting, asked = lit
    lighting.change()
    lighting.change()
    assert asked == []
    qtbot.waitUntil(lambda: len(asked) == 1)
    widget.over = True
    lighting.change()
    assert len(asked) == 2


def test_panels_take_turns(qtbot):
    widgets = [QWidget() for _ in range(2 * PLACES)]
    waits = [Lighting(widget, list)._timer.interval() for widget in widgets]
    assert sorted(waits) == sorted(2 * [APART * place for place in range(PLACES)])
    assert APART * PLACES < 50  # milliseconds: as good as at once
    for widget in widgets:
        widget.deleteLater()


def test_a_picture_that_is_gone_hears_of_no_theme(qtbot):
    """It follows no cursor: nothing keeps its Python half longer than Qt's."""
    window = QWidget()
    QVBoxLayout(window).addWidget(RatePlot())
    with qtbot.waitSignal(window.destroyed):
        window.deleteLater()
    look().changed.emit()  # what is raised in it fails the test


def test_what_is_painted_meanwhile_is_not_painted_again(lit, qtbot):
    _, lighting, asked = lit
    room = QRect(0, 0, 80, 60)
    lighting.change()
    lighting.painted(QPaintEvent(QRect(0, 0, 80, 30)), room)  # a part only: the light is not there yet
    qtbot.waitUntil(lambda: len(asked) == 1)
    lighting.change()
    event = QPaintEvent(room)
    assert event.type() == QEvent.Type.Paint
    lighting.painted(event, room)
    qtbot.wait(APART * PLACES + 10)
    assert len(asked) == 1
