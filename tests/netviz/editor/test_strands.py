"""Single weights on the wires: a line each, by sign and size, and their numbers under the pointer."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from engine.probes.connections import Connections, ConnectionsAnswer, LayerConnections
from engine.probes.units import Units
from netviz import theme
from netviz.editor.flow import CLEAR, FULL, HEAVIEST, LIGHTEST, SHADES, Flow, weight_colour, weight_step, weight_width
from netviz.editor.strands import heights
from tests.netviz.editor.standing_run import canvas_of, grabbed, left_right, near
from tests.netviz.panels.histories import take

VALUES = np.array([[4.0, -1.0], [-4.0, 2.0], [0.0, 0.5], [np.nan, 1.0]], np.float32)  # of h1, on two inputs


@pytest.fixture
def weighed(live, run):
    """The first lane's wires show weights: those of `h1` one by one, those of `out` as too many."""
    live.choose_flow(Flow.WEIGHTS)
    run.answer(0, a1=[left_right] * 4)
    layers = LayerConnections("h1", VALUES, (4, 2), float("nan")), LayerConnections("out", None, (1, 400), 2.0)
    take(run.history.lanes[0], probes=(ConnectionsAnswer(layers),))
    live.refresh()
    return live


def wire(live, *ends):
    return canvas_of(live).wire_item(0, *ends)


def line(live, unit, number):
    """From where to where the line of a weight goes, in the scene."""
    return next((a.start, a.end) for a in wire(live, "x", "h1").strands.lines if a.weight == (unit, number))


def test_they_are_asked_for_only_where_they_can_be_seen(live, run):
    assert not any(isinstance(probe, Connections) for probe in live.probes)
    live.choose_flow(Flow.WEIGHTS)
    assert Connections() in live.probes
    assert any(isinstance(probe, Units) for probe in live.probes)
    assert not live.needs_layers, "no scalar is shown"
    live.pictures.setChecked(False)
    assert live.probes == (Connections(),)
    live.choose_flow(Flow.BACK)
    assert live.probes == ()


def test_each_line_begins_and_ends_beside_its_unit(weighed):
    start, end = canvas_of(weighed).node_item(0, "x"), canvas_of(weighed).node_item(0, "h1")
    starts = {number: line(weighed, 0, number)[0] for number in range(2)}
    ends = {unit: line(weighed, unit, 0)[1] for unit in range(4)}
    assert {round(at.x() - start.x() - start.rect().width(), 6) for at in starts.values()} == {0.0}
    assert {round(at.x() - end.x(), 6) for at in ends.values()} == {0.0}
    assert [at.y() for at in starts.values()] == sorted(at.y() for at in starts.values())
    maps, _ = end.live.placed(end.live_rect)
    for unit, tile in enumerate(maps):
        assert tile.top() <= ends[unit].y() - end.y() <= tile.bottom()
    assert len({at.y() for at in ends.values()}) == 4, "units of one row stay apart"


def test_units_without_a_map_have_their_lines_beside_their_number(weighed, run):
    run.answer(0, a1=[left_right] * 30)
    weighed.refresh()
    item = canvas_of(weighed).node_item(0, "h1")
    maps, more = item.live.placed(item.live_rect)
    found = heights(item, 30)
    assert len(found) == 30
    assert not more.isEmpty()
    assert all(more.top() <= y <= more.bottom() for y in found[len(maps) :])


@pytest.mark.parametrize(("unit", "number"), [(0, 0), (1, 0)])
def test_a_line_has_the_colour_of_the_sign_and_the_width_of_the_size(weighed, unit, number):
    image, (_, end) = grabbed(weighed), line(weighed, unit, number)
    at = canvas_of(weighed).mapFromScene(end) - QPoint(2, 0)
    colour = QColor(theme.theme().orange if VALUES[unit, number] > 0 else theme.theme().blue)
    assert near(image, at, colour, 30), "the heaviest lies on top"
    seen = [near(image, at + QPoint(0, dy), colour, 60) for dy in range(-3, 4)]
    assert abs(sum(seen) - HEAVIEST * canvas_of(weighed).zoom) <= 2


def test_the_scale_is_linear_and_its_ends_are_fixed():
    assert [weight_step(w) for w in (0.0, FULL, -FULL, 1e9, -np.inf, np.nan)] == [
        0,
        SHADES,
        -SHADES,
        SHADES,
        None,
        None,
    ]
    assert weight_width(weight_step(FULL / 2)) == pytest.approx((LIGHTEST + HEAVIEST) / 2)
    t = theme.theme()
    assert weight_colour(weight_step(CLEAR)) == QColor(t.orange)
    assert weight_colour(weight_step(-CLEAR)) == QColor(t.blue)
    assert weight_colour(None) == QColor(t.red)
    faint = weight_colour(weight_step(0.2))
    assert faint not in (weight_colour(0), QColor(t.orange))


def test_the_pointer_reads_a_weight(weighed):
    item, (start, end) = wire(weighed, "x", "h1"), line(weighed, 1, 0)
    near_end = QPointF(end.x() - 1, end.y())
    words = item.point_at(near_end, 3.0)
    assert words in ("x[0] → h1[1]: weight −4", "x[1] → h1[1]: weight 2")
    assert item.lit is not None
    assert item.distance(near_end, 3.0) <= 1.0
    between = QPointF((start.x() + end.x()) / 2, item.boundingRect().bottom() + 20)
    assert item.point_at(between, 3.0) == ""
    assert item.lit is None


def test_the_words_are_shown_beside_the_pointer(weighed, qtbot):
    canvas, (_, end) = canvas_of(weighed), line(weighed, 2, 1)
    at = canvas.mapFromScene(QPointF(end.x() - 3, end.y()))
    view = canvas.viewport()
    QApplication.sendEvent(view, QHelpEvent(QHelpEvent.Type.ToolTip, at, view.mapToGlobal(at)))
    qtbot.waitUntil(lambda: "h1[2]: weight" in QToolTip.text())
    QToolTip.hideText()


def test_too_many_weights_are_one_wire_as_wide_as_they_are_large(weighed):
    item = wire(weighed, "a1", "out")
    assert (item.strands, item.size, item.flow) == (None, 2.0, None)
    assert "1×400 weights of out, not drawn one by one" in item.toolTip()
    assert item.toolTip().endswith("root mean square, 2")
    image, canvas = grabbed(weighed), canvas_of(weighed)
    at, ground = canvas.mapFromScene(item.middle()), QColor(theme.theme().window)
    wide = sum(not near(image, at + QPoint(0, dy), ground, 40) for dy in range(-8, 9))
    assert abs(wide - weight_width(weight_step(2.0)) * canvas.zoom) <= 1.8


def test_a_wire_that_goes_back_or_round_boxes_is_one_line(weighed, document):
    start = canvas_of(weighed).node_item(0, "x")
    assert wire(weighed, "x", "h1").level
    document.move_node(0, "x", (2000.0, 0.0))
    weighed._wires[0, wire(weighed, "x", "h1").wire] = None
    weighed.refresh()
    assert start.x() > canvas_of(weighed).node_item(0, "h1").x()
    assert wire(weighed, "x", "h1").strands is None
    assert "not drawn one by one" in wire(weighed, "x", "h1").toolTip()


def test_an_edit_takes_the_lines_away(weighed, document):
    document.set_node_field(0, "h1", "units", 9)
    item = wire(weighed, "x", "h1")
    assert (item.strands, item.size, item.toolTip()) == (None, None, "")
    document.stack.undo()
    assert wire(weighed, "x", "h1").strands is not None
    weighed.choose_flow(Flow.OFF)
    assert wire(weighed, "x", "h1").strands is None


def test_the_legend_holds_every_colour_of_the_scale(weighed):
    legend = weighed.legend
    assert legend.accessibleName() == "Wires show: single weights"
    image = legend.grab().toImage()
    middle = legend.height() // 2
    for colour in (theme.theme().blue, theme.theme().orange):
        assert any(near(image, QPoint(x, middle), colour, 10) for x in range(image.width())), colour
