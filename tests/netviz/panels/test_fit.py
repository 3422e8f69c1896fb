"""The fit panel: the curve is where its values are, the data decide the axes, classes have their colours."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from engine.probes.fit import Fit
from netviz import theme
from netviz.panels.fit import FitPanel
from netviz.widgets.fit import extent, legends, reading
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import fit_answer
from tests.netviz.panels.test_every_panel import notes, open_panel, picture


def panel_with(qtbot, *answers, size=(420, 280)) -> FitPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    return open_panel(qtbot, FitPanel, history, *size)


def colour_at(panel: FitPanel, lane: int, x: float, y: float) -> str:
    view = panel.curves.placed(QRectF(panel.curves.rect()))[lane].view
    spot = panel.curves.mapTo(panel, QPointF(float(view.x(x)), float(view.y(y))).toPoint())
    return picture(panel).pixelColor(spot).name()


def test_the_curve_is_where_its_values_are(qtbot) -> None:
    panel = panel_with(qtbot, fit_answer(-1.0), fit_answer(0.0))
    assert colour_at(panel, 0, -0.75, 0.75) == theme.lane_colour(0).name()
    assert colour_at(panel, 1, 0.7, 0.0) == theme.lane_colour(1).name()
    assert colour_at(panel, 1, 0.7, -0.7) == theme.theme().card
    assert panel.probes == (Fit(),)


def test_examples_lie_where_they_are(qtbot) -> None:
    panel = panel_with(qtbot, fit_answer(0.0, function=None), size=(600, 400))
    assert colour_at(panel, 0, 0.5, 0.5) == theme.theme().faint  # filled
    assert colour_at(panel, 0, 0.25, 0.25) == theme.theme().card  # hollow


def test_a_curve_that_runs_away_does_not_flatten_the_data(qtbot) -> None:
    assert extent(fit_answer(1e6)) == extent(fit_answer(1.0))
    left, right, low, high = extent(fit_answer())
    assert (left, right) == (-1, 1)
    assert -1.5 < low < -1 < 1 < high < 1.5
    assert extent(fit_answer(classes=2))[2:] == (-0.06, 1.06)
    picture(panel_with(qtbot, fit_answer(1e12)))


def test_classes_have_their_colours(qtbot) -> None:
    x = np.linspace(-1, 1, 41)
    three = np.stack([np.full(41, 0.2), np.full(41, 0.5), np.full(41, 0.3)], axis=1)
    labels = (np.array([-0.5, 0.5]), np.array([0, 2]))
    answer = fit_answer(values=three, classes=3, outputs=3, function=None, points=labels, points_val=labels)
    panel = panel_with(qtbot, answer, size=(600, 400))
    for k, share in enumerate((0.2, 0.5, 0.3)):
        wanted, near = theme.class_colour(k), np.linspace(-0.01, 0.01, 9)
        drawn = [QColor(colour_at(panel, 0, 0.1, share + off)) for off in near]  # its edges are softened
        assert min(abs(c.red() - wanted.red()) + abs(c.blue() - wanted.blue()) for c in drawn) < 20
    assert colour_at(panel, 0, 0.5, 1.0) == theme.class_colour(2).name()
    assert "class 1 0.5" in reading(answer, 0.0)
    binary = fit_answer(values=x[:, None] / 2 + 0.5, classes=2, function=None, points=labels, points_val=labels)
    assert reading(binary, 0.0) == "x 0: class 1 with probability 0.5"
    assert legends(binary)[-1] == "— probability of class 1"


def test_the_reading_and_the_legend_have_the_numbers(qtbot) -> None:
    panel = panel_with(qtbot, fit_answer(2.0))
    view = panel.curves.placed(QRectF(panel.curves.rect()))[0].view
    place = QPointF(float(view.x(0.5)), view.rect.center().y())
    assert panel.curves.tip(place) == "x 0.5: network 1\nfunction 0.5"
    assert legends(fit_answer())[1] == "— network ┄ function  ● training  ○ validation  off by 0.100 and 0.200"
    _, rows = panel.table()
    assert ("A", "network", 1, 1.0, 2.0) in rows
    assert ("A", "validation", 1, 0.25, 0.25) in rows
    assert len(rows) == 41 + 41 + 3


def test_what_would_fill_it_is_said(qtbot) -> None:
    panel = open_panel(qtbot, FitPanel, opened("A"))
    assert notes(panel) == ["The fit is drawn for networks on one input; this one has 2."]
