"""Of curves that have grown only the new end is painted: bit by bit the picture is as if all were."""

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPolygonF

from netviz.panels.gradients import GradientsPanel
from netviz.panels.loss import LossPanel
from netviz.panels.rate import RatePanel
from netviz.runtime.history import History
from netviz.runtime.series import CAP
from netviz.widgets import strokes
from netviz.widgets.axes_picture import Drawn
from netviz.widgets.plot import Plot
from tests.netviz.panels.histories import NAN, opened, scalars, score, take
from tests.netviz.panels.test_every_panel import open_panel
from tests.netviz.panels.test_repaints import paint_all


def grow(history: History, rng: np.random.Generator, start: int, count: int, *, gaps: bool) -> None:
    """`count` more steps of every lane, with an epoch's scores at their end."""
    for i, lane in enumerate(history.lanes):
        falling = 3.0 ** (-start / 900 - i)
        losses = falling * (1 + 0.3 * rng.random(count))
        layers = scalars(count) * falling * np.exp(rng.normal(size=(count, 1, 1)) * 0.2)
        if gaps:
            losses[rng.random(count) < 0.02], layers[rng.random(count) < 0.02] = NAN, 0.0
        share = min(1.0, start / 3000)
        told = score(start, falling, share, falling * 1.5, share * 0.9)
        take(lane, losses, [told], layers, start=start, lr=0.1 * falling)


def whole(plot: Plot) -> QImage:
    """The picture as it is when it is painted at once."""
    plot._kept = None
    return plot._picture().toImage()


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    ("kind", "state"), [(LossPanel, {}), (LossPanel, {"log": True}), (GradientsPanel, {}), (RatePanel, {})]
)
def test_a_picture_that_grows_is_as_one_painted_at_once(qtbot, monkeypatch, kind, state, gaps) -> None:
    history, rng, start = opened("net", "other"), np.random.default_rng(5), 0
    panel = open_panel(qtbot, kind, history, height=420)
    panel.restore(state)
    at_once: list[Drawn] = []
    draw, partly = Drawn.draw, 0
    monkeypatch.setattr(Drawn, "draw", lambda one, *given: (at_once.append(one), draw(one, *given)))
    while start < 2 * CAP:  # on the way the past is thinned
        count = int(rng.integers(20, 300))
        grow(history, rng, start, count, gaps=gaps)
        start += count
        at_once.clear()
        panel.refresh()
        paint_all(panel)
        partly += not at_once
        grown = panel.plot._picture().toImage()
        assert grown == whole(panel.plot), start
    assert partly > 5


def test_of_lines_only_the_new_end_is_drawn(qtbot, monkeypatch) -> None:
    history, rng = opened("net"), np.random.default_rng(6)
    panel = open_panel(qtbot, GradientsPanel, history, height=420)
    for start in range(0, 750, 250):
        grow(history, rng, start, 250, gaps=False)
        panel.refresh()
        paint_all(panel)
    drawn: list[QPolygonF] = []
    pile = strokes.pile
    monkeypatch.setattr(strokes, "pile", lambda painter, shape, *how: (drawn.append(shape), pile(painter, shape, *how)))
    grow(history, rng, 750, 2, gaps=False)
    panel.refresh()
    paint_all(panel)
    assert len(drawn) == 2
    assert all(len(shape) < 20 for shape in drawn)


def test_names_that_stay_are_not_written_again(qtbot, monkeypatch) -> None:
    history = opened("net")
    panel = open_panel(qtbot, GradientsPanel, history, height=420)
    for start in (0, 300):
        take(history.lanes[0], layers=scalars(300), start=start)
        panel.refresh()
        paint_all(panel)
    written = []
    monkeypatch.setattr("netviz.widgets.axes_picture.draw_end_labels", lambda *given: written.append(given))
    take(history.lanes[0], layers=scalars(2), start=600)
    panel.refresh()
    paint_all(panel)
    assert written == []
    take(history.lanes[0], layers=scalars(30, 9.0), start=602)
    panel.refresh()
    paint_all(panel)
    assert len(written) == 1
