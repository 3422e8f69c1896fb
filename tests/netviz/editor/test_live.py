"""What the run shows on the drawn network: pictures in the boxes, sizes on the wires, and nothing that is not so."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from engine.graph import Graph
from engine.probes.histograms import HistogramAnswer, Histograms
from engine.probes.units import UnitMaps, Units
from netviz import theme
from netviz.editor import pictures
from netviz.editor.canvas import Canvas
from netviz.editor.flow import Flow, step_of
from netviz.editor.live import Live
from netviz.editor.node_item import NodeItem
from netviz.widgets.plane import Palette
from tests.netviz.editor.conftest import shown
from tests.netviz.editor.hand import wheel
from tests.netviz.editor.standing_run import Run, canvas_of, down_up, grabbed, in_view, left_right, near
from tests.netviz.panels.histories import take
from tests.netviz.panels.layer_answers import histogram

NAN = float("nan")


# Boxes


def test_a_map_is_coloured_as_its_unit_answers(live, run):
    run.answer(0, a1=[left_right, down_up, left_right, left_right])
    live.refresh()
    item, image = canvas_of(live).node_item(0, "h1"), grabbed(live)
    first, second, *_ = item.live.tiles(item.live_rect)
    t = theme.theme()
    for tile, share, colour in (
        (first, (0.2, 0.5), t.blue),
        (first, (0.8, 0.5), t.orange),
        (second, (0.5, 0.8), t.blue),  # x₂ points upwards
        (second, (0.5, 0.2), t.orange),
    ):
        place = tile.topLeft() + QPointF(tile.width() * share[0], tile.height() * share[1])
        assert near(image, in_view(live, item, place), colour), (share, colour)
    assert "a1: 4 units over the input plane, blue −1, orange 1" in item.toolTip()


def test_every_kind_of_box_has_its_own_picture(live, run):
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    kinds = {node: type(canvas_of(live).node_item(0, node).live) for node in ("x", "h1", "out")}
    assert kinds == {"x": pictures.Examples, "h1": pictures.Maps, "out": pictures.Decision}
    out, image = canvas_of(live).node_item(0, "out"), grabbed(live)
    square = pictures.middle_square(out.live_rect)
    assert near(image, in_view(live, out, QPointF(square.left() + 4, square.center().y())), theme.theme().blue)
    assert near(image, in_view(live, out, QPointF(square.right() - 4, square.center().y())), theme.theme().orange)


def test_every_lane_has_its_own_pictures(live, run):
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    boxes = canvas_of(live).node_item
    assert boxes(0, "h1").live is not None
    assert boxes(2, "h1").live is None
    run.answer(2, h1=[down_up] * 3, h2=[left_right] * 3)
    before = boxes(0, "h1").live
    live.refresh()
    assert boxes(0, "h1").live is before, "what has no new answer is not made anew"
    assert [type(boxes(2, node).live).__name__ for node in ("h1", "h2", "h3")] == ["Maps", "Maps", "Decision"]
    assert boxes(2, "h1").live.words.startswith("h1: 3 units")


def test_what_is_unbounded_is_coloured_about_zero_on_a_round_scale(live, run):
    run.answer(2, h1=[lambda a, b: 0 * a + 3.3] * 3)
    live.refresh()
    assert canvas_of(live).node_item(2, "h1").live.words.endswith("blue −3.6, orange 3.6")


def test_what_is_no_number_is_red_and_nothing_else_is():
    values = np.full((1, 4, 4), 0.5, np.float32)
    values[0, 3, 0] = NAN  # the highest x₂, the lowest x₁
    values[0, 0, 3] = np.inf
    (made,) = pictures.maps([UnitMaps("a1", values, 1)], [(0.0, 1.0)], Palette.of_theme(2))
    red = {(x, y) for x in range(4) for y in range(4) if made.image.pixelColor(x, y) == QColor(theme.theme().red)}
    assert red == {(0, 0), (3, 3)}


def test_layers_that_are_coloured_together_look_as_alone():
    draw, palette = np.random.default_rng(0), Palette.of_theme(2)
    layers = [UnitMaps(f"a{n}", draw.normal(0, n, (n, 4, 4)).astype(np.float32), n) for n in (1, 3, 2)]
    layers[1].values[2, 1, 0] = NAN
    scales = [(0.0, 1.0), (0.5, 0.5), (0.0, 3.0)]
    for made, layer, scale in zip(pictures.maps(layers, scales, palette), layers, scales, strict=True):
        (alone,) = pictures.maps([layer], [scale], palette)
        assert pictures.alike(made, alone)
        middle, reach = scale
        values = np.concatenate(layer.values[:, ::-1])  # one below the other, the highest x₂ first
        for (row, column), value in np.ndenumerate(values):
            share = min(1.0, max(0.0, (value - middle) / (2 * reach) + 0.5))
            wanted = theme.theme().red if np.isnan(value) else int(palette.signs[int(np.float32(share) * 255)])
            assert made.image.pixelColor(column, row) == QColor(wanted)


@pytest.mark.parametrize(
    ("size", "units", "columns", "rows"),
    [((120, 40), 4, 4, 1), ((80, 34), 16, 4, 2), ((40, 40), 1, 1, 1), ((9, 9), 5, 1, 1)],
)
def test_maps_are_squares_that_can_be_seen(size, units, columns, rows):
    found = pictures.tiling(*size, units)
    assert found[:2] == (columns, rows)
    side = found[2]
    assert side * columns + pictures.GAP * (columns - 1) <= max(size[0], side)
    assert side * rows + pictures.GAP * (rows - 1) <= max(size[1], side)


def test_units_without_a_map_are_counted():
    values = np.zeros((8, 4, 4), np.float32)
    (made,) = pictures.maps([UnitMaps("a1", values, 128)], [(0.0, 1.0)], Palette.of_theme(2))
    image = QImage(120, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    written = []
    painter = QPainter(image)
    real, pictures._write_more = pictures._write_more, lambda *args: written.append(args[1:])
    try:
        made.paint(painter, QRectF(0, 0, 120, 60))
    finally:
        pictures._write_more = real
        painter.end()
    tiles = list(made.tiles(QRectF(0, 0, 120, 60)))
    ((place, more),) = written
    assert (place, more) == (tiles[8 if len(tiles) > 8 else -1], 128 - min(8, len(tiles) - 1))
    assert "the first of 128 units" in made.words


def test_other_networks_show_how_outputs_are_spread(document, app, qtbot):
    run = Run(document, plane=False)
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    live = Live(canvas, document, run)
    canvas.resize(1100, 520)
    shown(canvas, qtbot)
    assert live.probes == (Histograms(weighted=True),), "one network has layers without activations"
    bars = (histogram("a1", zeros=640), histogram("out", symlog=True, least=-1, most=5))
    take(run.history.lanes[0], probes=(HistogramAnswer(bars, 64),))
    live.refresh()
    found = {node: canvas.node_item(0, node).live for node in ("x", "h1", "out")}
    assert [type(p).__name__ for p in found.values()] == ["Rows", "Spread", "Spread"]
    assert found["h1"].words == "a1: outputs from −0.9 to 0.9, 50.0\N{NO-BREAK SPACE}% zeros"
    item, image = canvas.node_item(0, "h1"), grabbed(live)
    area = item.live_rect
    bar = in_view(live, item, QPointF(area.center().x(), area.center().y() + area.height() / 4))
    assert near(image, bar, theme.theme().text), "the bar at 0 holds the zeros"
    above = in_view(live, item, QPointF(area.center().x(), area.center().y() - area.height() / 4))
    assert not near(image, above, theme.theme().text), "and is as high as their share"


def test_the_box_grows_to_hold_a_picture_and_shrinks_again(live, run, document):
    canvas, scene = canvas_of(live), canvas_of(live).sheet
    tall = scene.metrics.height
    item = canvas.node_item(0, "h1")
    assert item.rect().contains(item.live_rect)
    assert item.live_rect.top() >= item.second_rect().bottom()
    place = document.lanes()[0].layout.get("h1", (160.0, 0.0))
    assert scene.layout_place(0, scene.scene_place(0, place)) == place
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    live.pictures.setChecked(False)
    assert scene.metrics.height < tall
    assert item.live is None
    assert item.live_rect.isEmpty()
    live.pictures.setChecked(True)
    assert (scene.metrics.height, item.live is not None) == (tall, True)


def test_boxes_with_pictures_stand_clear_of_one_another(branched, app, qtbot):
    canvas = Canvas(branched)
    qtbot.addWidget(canvas)
    canvas.sheet.hold_pictures(True)
    canvas.resize(900, 420)
    shown(canvas, qtbot)
    rects = [item.rect().translated(item.pos()) for item in canvas.sheet.nodes.values()]
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])


# What is asked


def test_only_what_can_be_seen_is_asked_for(live, run):
    canvas = canvas_of(live)
    (probe,) = live.probes
    assert isinstance(probe, Units)
    assert set(probe.nodes) == {"a1", "h1", "h2"}, "neither the input nor what decides"
    assert live.needs_layers
    asked = run.asked
    live.pictures.setChecked(False)
    assert live.probes == ()
    assert run.asked > asked
    live.pictures.setChecked(True)
    wheel(canvas, canvas.rect().center(), -4)
    assert live.probes == (probe,)
    wheel(canvas, canvas.rect().center(), -4)
    assert live.probes == (), "from afar no picture is painted"
    assert not live.needs_health, "nor a mark"
    live.choose_flow(Flow.OFF)
    assert not live.needs_layers
    live.pictures.setChecked(False)
    assert live.isVisible()
    live.health.setChecked(False)
    assert not live.isVisible()


def test_zooming_out_takes_the_wish_back(live, run, qtbot):
    asked = run.asked
    wheel(canvas_of(live), canvas_of(live).rect().center(), -9)
    qtbot.waitUntil(lambda: run.asked > asked)


def test_a_hidden_canvas_asks_nothing(live, run, qtbot):
    assert live.isVisible()
    asked = run.asked
    canvas_of(live).hide()
    assert not live.isVisible()
    qtbot.waitUntil(lambda: run.asked > asked)


def test_what_was_chosen_is_remembered(live, document, qtbot, run):
    live.pictures.setChecked(False)
    live.choose_flow(Flow.FORWARD)
    other = Canvas(document)
    qtbot.addWidget(other)
    again = Live(other, document, run)
    assert (again.pictures.isChecked(), again.flow) == (False, Flow.FORWARD)


# What runs and what is drawn


def test_only_what_is_drawn_as_it_runs_has_a_picture(live, run, document):
    run.answer(0, a1=[left_right] * 4)
    run.scalars(0, h1=1e-3, out=1e-2)
    live.refresh()
    canvas = canvas_of(live)
    document.set_node_field(0, "h1", "units", 9)
    assert canvas.node_item(0, "h1").live is None
    assert canvas.node_item(0, "x").live is not None
    assert canvas.node_item(0, "out").live is not None
    assert canvas.wire_item(0, "x", "h1").flow is None
    document.stack.undo()
    assert canvas.node_item(0, "h1").live is not None
    assert canvas.wire_item(0, "x", "h1").flow == step_of(1e-3)


def test_another_activation_takes_the_picture_of_its_box(live, run, document):
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    document.replace_kind(0, "a1", "relu")
    assert canvas_of(live).node_item(0, "h1").live is None


def test_other_data_take_the_picture_of_the_examples(live, run, document):
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    document.set_data_field("noise", 0.5)
    assert canvas_of(live).node_item(0, "x").live is None
    assert canvas_of(live).node_item(0, "h1").live is not None
    document.stack.undo()
    assert canvas_of(live).node_item(0, "x").live is not None


def test_an_edit_asks_nothing_new_and_draws_no_other_box_anew(live, run, document, monkeypatch):
    run.answer(0, a1=[left_right] * 4)
    run.answer(2, h1=[down_up] * 3, h2=[left_right] * 3)
    live.refresh()
    probes, drawn = live.probes, []
    monkeypatch.setattr(NodeItem, "show_live", lambda item, _: drawn.append((item.lane, item.picture.box.node)))
    document.set_node_field(2, "h2", "units", 5)
    assert drawn == [(2, "h2")]
    assert live.probes == probes
    document.stack.undo()
    assert drawn == [(2, "h2")] * 2


def test_of_many_boxes_some_are_drawn_in_each_turn(live, run, monkeypatch):
    monkeypatch.setattr("netviz.editor.live.BOXES", 2)
    run.answer(0, a1=[left_right] * 4)
    run.answer(2, h1=[down_up] * 3, h2=[left_right] * 3)
    monkeypatch.setattr(run, "mark", lambda view: None)
    boxes = canvas_of(live).sheet.nodes.values()
    seen = [sum(box.live is not None for box in boxes)]
    for _ in range(6):
        live.refresh()
        seen.append(sum(box.live is not None for box in boxes))
    assert max(b - a for a, b in itertools.pairwise(seen)) <= 2
    assert seen[-1] == 3 + 4
    run.answer(0, a1=[down_up] * 4)
    before = canvas_of(live).node_item(0, "h1").live
    live.finish()
    assert canvas_of(live).node_item(0, "h1").live is not before


def test_a_wire_that_does_not_run_is_plain(live, run):
    run.scalars(0, h1=1e-3, out=1e-2)
    graph = run.project.graph
    kept = tuple(edge for edge in graph.edges if edge.target != "h1")
    run.project = replace(run.project, graph=Graph(graph.nodes, kept))
    live.refresh()
    flows = [canvas_of(live).wire_item(0, *ends).flow for ends in (("x", "h1"), ("a1", "out"))]
    assert flows == [None, step_of(1e-2)]


def test_a_run_that_is_gone_shows_nothing(live, run):
    run.answer(0, a1=[left_right] * 4)
    run.scalars(0, h1=1e-3, out=1e-2)
    live.refresh()
    run.project = None
    run.history.close()
    live.reopened()
    assert {item.live for item in canvas_of(live).sheet.nodes.values()} == {None}
    assert {item.flow for item in canvas_of(live).sheet.wires.values()} == {None}
