"""What is not new is not painted anew."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from netviz.panels.loss import LossPanel
from netviz.panels.try_it import TryPanel
from netviz.widgets.canvas import Canvas
from netviz.widgets.readout import Readout
from tests.netviz.panels.histories import opened, score, take
from tests.netviz.panels.test_every_panel import every_panel, filled, notes, open_panel

# Panels with words and frames that stay.
BEHIND = {"adversary", "confusion", "landscape", "maps", "neuron", "representation", "try", "worst"}


@pytest.fixture
def painted(monkeypatch):
    """Every canvas that is painted on the screen, in order."""
    seen: list[Canvas] = []
    paint = Canvas.paintEvent

    def watched(canvas: Canvas, event) -> None:
        seen.append(canvas)
        paint(canvas, event)

    monkeypatch.setattr(Canvas, "paintEvent", watched)
    return seen


def refreshed(panel, painted: list[Canvas]) -> list[Canvas]:
    """The canvases that are painted because of a refresh."""
    paint_all(panel)
    painted.clear()
    panel.refresh()
    paint_all(panel)
    return list(painted)


def paint_all(panel) -> None:
    """What waits to be painted is, whenever the screen would have asked for it."""
    QApplication.processEvents()
    QApplication.sendEvent(panel.window(), QEvent(QEvent.Type.UpdateRequest))


@every_panel
def test_words_in_a_pictures_place_are_painted_once(qtbot, kind, painted) -> None:
    panel = open_panel(qtbot, kind, opened())
    assert [one for one in refreshed(panel, painted) if one.note] == []


@every_panel
def test_a_picture_is_painted_with_every_refresh(qtbot, kind, painted) -> None:
    panel = open_panel(qtbot, kind, filled("net"))
    canvases = [one for one in panel.findChildren(Canvas) if one.isVisible() and not one.note]
    canvases = [one for one in canvases if not isinstance(one, Readout)]  # words: see below
    if kind.ident == "try":
        canvases = [panel.outcome]
    assert notes(panel) == []
    assert set(refreshed(panel, painted)) == set(canvases)


def test_figures_that_say_the_same_are_not_written_again(qtbot, painted) -> None:
    panel = open_panel(qtbot, LossPanel, filled("net", "other"))
    assert refreshed(panel, painted) == []
    lane = panel.history.lanes[1]
    take(lane, [0.25], [score(70, 0.25, 0.75, 0.3, 0.7)], start=60)
    assert refreshed(panel, painted) == [panel.readout]


@every_panel
def test_what_lies_behind_a_picture_is_painted_once(qtbot, kind, monkeypatch, painted) -> None:
    counted: list[Canvas] = []
    behind = Canvas.paint_behind

    def count(canvas: Canvas, painter, rect, made_of, paint) -> None:
        behind(canvas, painter, rect, made_of, lambda inner: (counted.append(canvas), paint(inner)))

    monkeypatch.setattr(Canvas, "paint_behind", count)
    panel = open_panel(qtbot, kind, filled("net", "other"))
    refreshed(panel, painted)
    once = len(counted)
    assert once == len(set(counted))
    assert once or kind.ident not in BEHIND
    for _ in range(3):
        refreshed(panel, painted)
    assert len(counted) == once


def test_an_answer_moves_no_tools_of_the_example(qtbot, monkeypatch) -> None:
    panel, laid = open_panel(qtbot, TryPanel, filled("net")), []
    lay_out = TryPanel._lay_out
    monkeypatch.setattr(TryPanel, "_lay_out", lambda panel: (laid.append(panel), lay_out(panel)))
    for _ in range(3):
        panel.refresh()
    assert laid == []
    panel.recoloured()
    assert len(laid) == 1
    panel.history.close()
    panel.reopened()
    assert len(laid) == 2
    assert panel.part.isHidden()
