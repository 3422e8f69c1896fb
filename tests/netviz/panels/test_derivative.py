"""The derivative panel: bars are factors on a common scale, and their product is told."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest

from engine.probes.derivative import Derivative, DerivativeAnswer, Passage
from netviz import theme
from netviz.panels.derivative import DerivativePanel
from netviz.runtime.cursor import Mark
from netviz.widgets.passages import short, way_of
from tests.netviz.panels.histories import NAN, opened, take
from tests.netviz.panels.layer_answers import derivative_answer
from tests.netviz.panels.test_every_panel import open_panel, picture

NAMES = ("h1", "a1", "h2", "a2", "out")
KINDS = ("dense", "sigmoid", "dense", "sigmoid", "dense")
FACTORS = {"a1": 0.1, "h2": 2.0, "a2": 0.25, "out": 4.0}


def lossy() -> DerivativeAnswer:
    """δ is 1 at the last layer; each lets its factor through."""
    way, after = [], 1.0
    for node in reversed(NAMES):
        before = after * FACTORS.get(node, NAN)
        way.append(Passage(node, after, before, True))
        after = before
    return DerivativeAnswer((), tuple(reversed(way)), 30)


def panel_with(qtbot, *answers: DerivativeAnswer, size=(420, 300)) -> DerivativePanel:
    history = opened(*"ABC"[: len(answers)], layers=NAMES, kinds=KINDS)
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    panel = open_panel(qtbot, DerivativePanel, history, *size)
    QTest.keyClick(panel, Qt.Key.Key_3)
    return panel


def test_the_whole_is_the_product_of_activations_and_the_rest(qtbot) -> None:
    panel = panel_with(qtbot, lossy())
    way = way_of(panel.history.lanes[0], lossy())
    assert way.whole == pytest.approx(0.1 * 2 * 0.25 * 4)
    assert way.activations == pytest.approx(0.1 * 0.25)
    assert way.others == pytest.approx(2 * 4)
    assert "δ at h1 is 0.2 × δ at out" in panel.summary()
    assert "activations × 0.025, other layers × 8" in panel.summary()


def test_bars_reach_from_one_to_the_factor_on_one_scale(qtbot) -> None:
    panel = panel_with(qtbot, lossy(), lossy())
    bars, image = list(panel.way.bars(QRectF(panel.way.rect()))), picture(panel)
    assert [bar.passage.node for bar in bars] == list(reversed(NAMES)) * 2
    assert panel.way.reach() == 1
    for bar in bars:
        factor = FACTORS.get(bar.passage.node)
        if factor is None:
            continue
        drawn, half = panel.way.bar(bar, factor), bar.area.width() / 2
        ends = sorted([bar.area.center().x(), bar.area.center().x() + np.log10(factor) * half])
        assert (drawn.left(), drawn.right()) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
        inside = panel.way.mapTo(panel, drawn.center().toPoint())
        number = NAMES.index(bar.passage.node)
        colour = theme.depth_colour(number, 5) if bar.active else theme.mix(theme.DARK.card, theme.DARK.faint, 0.55)
        assert image.pixelColor(inside).name() == colour.name()
        outside = QPointF(2 * bar.area.center().x() - drawn.center().x(), drawn.center().y())
        assert image.pixelColor(panel.way.mapTo(panel, outside.toPoint())).name() == theme.DARK.card
    assert [bar.left for bar in bars[:4]] == pytest.approx([4, 1, 2, 0.2])


def test_a_layer_is_lit_and_told(qtbot) -> None:
    panel = panel_with(qtbot, lossy())
    bar = list(panel.way.bars(QRectF(panel.way.rect())))[1]
    assert panel.way.mark_at(bar.row.center()) == Mark("a2")
    assert "× 0.25" in panel.way.tip(bar.row.center())
    before = picture(panel)
    panel.history.cursor.hover(Mark("a2"))
    assert picture(panel) != before


def test_the_worker_is_asked_once_for_all_views_and_the_past_is_kept(qtbot) -> None:
    history = opened()
    for step in (0, 10, 20):
        take(history.lanes[0], probes=(derivative_answer(zeros=step),), start=step)
    panel = open_panel(qtbot, DerivativePanel, history)
    assert panel.probes == (Derivative(),)
    (row,) = panel.ridges.rows(QRectF(panel.ridges.rect()))
    assert (row.histogram.node, row.span.low, row.span.high) == ("a1", 0.0, 1.0)
    QTest.keyClick(panel, Qt.Key.Key_2)
    header, rows = panel.table()
    assert header[2] == "step"
    assert [row[-1] for row in rows if row[3] == "zeros"] == [0, 10, 20]
    QTest.keyClick(panel, Qt.Key.Key_3)
    assert [row[1:5] for row in panel.table()[1]][1:] == [("a1", 2.0, 1.0, 0.5), ("out", 1.0, 2.0, 2.0)]


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.25"), (1.5e-6, "1.5 · 10⁻⁶"), (14.04, "14"), (3e5, "3 · 10⁵"), (NAN, "–")]
)
def test_factors_are_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize("key", [Qt.Key.Key_1, Qt.Key.Key_2])
def test_a_network_without_activations_says_so_beside_one_that_has_them(qtbot, key: Qt.Key) -> None:
    history = opened("A", "B")
    history.lanes[1].info = replace(history.lanes[1].info, kinds=("dense", "dense", "dense"))
    answers = derivative_answer(), DerivativeAnswer((), (), 300)
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    panel = open_panel(qtbot, DerivativePanel, history, 420, 300)
    QTest.keyClick(panel, key)
    image, card = picture(panel), theme.theme().card
    shown = panel.stack.currentWidget()
    _, right = (column.body for column in shown.columns(QRectF(shown.rect())))
    middle = round(right.center().y())
    band = range(middle - 20, middle + 20)
    spots = [shown.mapTo(panel, QPoint(x, y)) for x in range(round(right.left()), round(right.right())) for y in band]
    assert sum(image.pixelColor(spot).name() != card for spot in spots) > 40, "words stand in the empty place"
    assert not panel.stack.currentWidget().note
