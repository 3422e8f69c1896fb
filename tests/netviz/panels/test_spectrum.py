"""Singular values: every one lies where its number and size say, in its layer's colour; figures agree with them."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage

from engine.probes.spectrum import Jacobian, Singular
from netviz.panels.spectrum import SpectrumPanel, chart, condition, layer_in_words, over_examples
from netviz.runtime.cursor import Mark
from netviz.theme import depth_colour, theme
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import spectrum_answer


def shown(qtbot, history, width=420, height=300):
    panel = SpectrumPanel(history)
    qtbot.addWidget(panel)
    panel.resize(width, height)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def image_of(panel) -> QImage:
    image = QImage(panel.charts.size(), QImage.Format.Format_RGB32)
    panel.charts.render(image)
    return image


def near(image: QImage, place: QPointF, colour: QColor, within: int = 2) -> bool:
    """Whether a pixel next to `place` is about of `colour`."""
    x0, y0 = round(place.x()), round(place.y())
    for x in range(x0 - within, x0 + within + 1):
        for y in range(y0 - within, y0 + within + 1):
            pair = zip(image.pixelColor(x, y).getRgb()[:3], colour.getRgb()[:3], strict=True)
            if max(abs(a - b) for a, b in pair) < 30:
                return True
    return False


def test_every_value_lies_where_it_should(qtbot):
    history = opened("A", "B")
    for lane, scale in zip(history.lanes, (1.0, 30.0), strict=True):
        take(lane, probes=[spectrum_answer(scale)])
    panel = shown(qtbot, history, 600)
    image, widget = image_of(panel), panel.charts
    areas = widget.areas(QRectF(widget.rect()), widget.charts())
    ink, heights = QColor(theme().text), []
    for (_, area), scale in zip(areas, (1.0, 30.0), strict=True):
        for colour, x, y in (
            (depth_colour(0, 3), 1, 4 * scale),
            (depth_colour(0, 3), 2, 1 * scale),
            (depth_colour(2, 3), 1, 2 * scale),
            (ink, 1, 2 * scale),  # the mean of 3 and 1 would lie below the layer's dot, were it not drawn last
        ):
            (at,) = widget.place(area, np.array([x]), np.array([y]))
            if colour != depth_colour(2, 3):
                assert near(image, QPointF(*at), colour), (x, y)
            assert area.contains(QPointF(*at))
            heights.append((area.bottom() - at[1]) / area.height())
    up = np.array(heights[4:]) - heights[:4]
    decades = widget._high - widget._low
    np.testing.assert_allclose(up, np.log10(30) / decades, rtol=1e-9)  # one axis for all networks


def test_what_float32_cannot_tell_from_zero_lies_at_the_bottom(qtbot):
    history = opened("A")
    layers = (Singular("h1", "weight", (2, 2), np.array([1.0, 1e-9]), 1.0),)
    take(history.lanes[0], probes=[spectrum_answer(layers=layers, jacobian=None)])
    panel = shown(qtbot, history)
    widget = panel.charts
    ((_, area),) = widget.areas(QRectF(widget.rect()), widget.charts())
    assert near(image_of(panel), QPointF(area.right(), area.bottom()), depth_colour(0, 3))
    assert "κ ∞" in panel.summary()


def test_the_condition_number_is_known_only_with_the_smallest():
    assert condition(np.array([4.0, 1.0]), 2) == 4
    assert np.isnan(condition(np.array([4.0, 1.0]), 3))
    assert condition(np.array([4.0, 0.0]), 2) == np.inf
    assert np.isnan(condition(np.zeros(0), 1))
    told = layer_in_words(Singular("h1", "weight", (1000, 1000), np.array([4.0, 3.9]), 30.0))
    assert told.replace("\N{NARROW NO-BREAK SPACE}", " ") == "h1  1 000 × 1 000  σ₁ 4.000  ‖W‖ 30.0  largest 2 of 1 000"
    assert layer_in_words(Singular("h1", "weight", (2, 2), np.zeros(0), 1.0, "too large: 4 weights")).endswith(
        "too large: 4 weights"
    )


def test_of_the_jacobian_mean_and_ends_are_shown():
    mean, low, high = over_examples(Jacobian((2, 2), np.array([[3.0, 1.0], [5.0, 0.5]]), False))
    assert (mean.tolist(), low.tolist(), high.tolist()) == ([4.0, 0.75], [3.0, 0.5], [5.0, 1.0])
    (lane,) = opened("A").lanes
    take(lane, probes=[spectrum_answer(jacobian=Jacobian((2000, 2), np.zeros((0, 2)), False, "too many"))])
    assert [line.name for line in chart(lane, 0).lines] == ["h1", "out"]
    assert "too many" in chart(lane, 0).key[0][1]()


def test_table_and_summary_have_the_numbers(qtbot):
    history = opened("A")
    take(history.lanes[0], probes=[spectrum_answer()])
    panel = shown(qtbot, history)
    assert panel.table()[1] == [
        ("A", 7, "h1.weight", 1, 4.0, 4.0, 4.0),
        ("A", 7, "h1.weight", 2, 1.0, 1.0, 1.0),
        ("A", 7, "out.weight", 1, 2.0, 2.0, 2.0),
        ("A", 7, "∂z/∂x", 1, 2.0, 1.0, 3.0),
    ]
    assert "A at step 7" in panel.summary()
    assert "κ 4.000" in panel.summary()


@pytest.mark.parametrize("place", [0.0, 1.0])
def test_under_the_mouse_stand_the_values(qtbot, place):
    history = opened("A")
    take(history.lanes[0], probes=[spectrum_answer()])
    panel = shown(qtbot, history)
    widget = panel.charts
    ((_, area),) = widget.areas(QRectF(widget.rect()), widget.charts())
    tip = widget.tip(QPointF(area.left() + 1 + place * (area.width() - 2), area.center().y()))
    assert tip.splitlines()[0] == ("h1 at 2: 1.000" if place else "h1 at 1: 4.000")
    assert widget.tip(QPointF(1, 1)) == ""


def test_a_layer_is_pointed_at_by_its_line_and_lit_from_elsewhere(qtbot):
    history = opened("A")
    take(history.lanes[0], probes=[spectrum_answer()])
    panel = shown(qtbot, history)
    widget = panel.charts
    ((_, area),) = widget.areas(QRectF(widget.rect()), widget.charts())
    first, last = widget.place(area, np.array([1, 2]), np.array([4.0, 1.0]))
    middle = QPointF(*(first + last) / 2)
    assert widget.mark_at(middle) == Mark(layer="h1", lane=0)
    assert widget.mark_at(middle + QPointF(60, -60)) == Mark()
    strip = [(round(middle.x()), y) for y in range(round(area.top()), round(area.bottom()))]

    def thickness() -> int:
        image = image_of(panel)
        return sum(near(image, QPointF(*at), depth_colour(0, 3), 0) for at in strip)

    plain = thickness()
    history.cursor.hover(Mark(layer="h1"))
    assert thickness() >= plain + 2
    history.cursor.hover(Mark(layer="out"))
    assert thickness() == plain


def test_while_nothing_is_known_it_says_so(qtbot):
    history = opened("A")
    panel = shown(qtbot, history)
    assert panel.charts.note == "The singular values are computed."
    take(history.lanes[0], probes=[spectrum_answer(layers=())])
    panel.refresh()
    assert panel.charts.note == "No layer has a matrix of weights."
