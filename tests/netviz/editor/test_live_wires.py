"""What runs along the wires, and the legend that says it."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from netviz import theme
from netviz.editor.boxes import Wire
from netviz.editor.flow import STEPS, TITLES, Flow, along, next_weighted, step_of, value_of, width_of
from netviz.editor.kit import Stress
from tests.netviz.editor.standing_run import canvas_of, grabbed, left_right, near
from tests.netviz.editor.test_live import NAN

# Wires


def test_steps_are_even_in_the_logarithm_and_end():
    assert [step_of(10.0**power) for power in (-8, -3, 2)] == [0, STEPS // 2, STEPS]
    assert [step_of(value) for value in (0.0, 1e-30, 1e9, float("inf"))] == [0, 0, STEPS, STEPS]
    assert step_of(NAN) is None
    assert value_of(step_of(1e-3)) == pytest.approx(1e-3)
    assert [width_of(step) for step in (0, STEPS // 2, STEPS)] == pytest.approx([1.2, 3.6, 6.0])


@pytest.mark.parametrize(("size", "width"), [(1e-7, 1.68), (1e-3, 3.6), (30.0, 5.76)])
def test_a_wire_has_the_colour_and_width_of_its_size(live, run, size, width):
    run.scalars(0, h1=size, out=1.0)
    live.refresh()
    canvas, wire, step = canvas_of(live), canvas_of(live).wire_item(0, "x", "h1"), step_of(size)
    image, at = grabbed(live), canvas.mapFromScene(wire.middle())
    colour = theme.flow_colour(step / STEPS)
    column = [near(image, at + QPoint(0, dy), colour, 40) for dy in range(-8, 9)]
    assert abs(sum(column) - width * canvas.zoom) <= 1.8
    if width > 3:
        assert near(image, at, colour, 6)
    scale = live.legend.grab().toImage()
    found = [near(scale, QPoint(x, live.legend.height() // 2), colour, 30) for x in range(scale.width())]
    assert any(found), "the legend holds the colour"
    assert str(f"{value_of(step):.1g}") in wire.toolTip()


def zoomed(live, zoom):
    canvas = canvas_of(live)
    canvas.zoom_by(zoom / canvas.zoom, canvas.rect().center())
    canvas.look_at(canvas.wire_item(0, "x", "h1").middle())
    assert canvas.zoom == pytest.approx(zoom)
    return canvas


@pytest.mark.parametrize("zoom", [0.36, 0.4, 0.5, 0.7, 1.0])
def test_thick_and_thin_are_told_apart_from_afar(live, run, zoom):
    run.scalars(0, h1=100.0)
    live.refresh()
    before = grabbed(live)
    canvas, counts = zoomed(live, zoom), []
    assert grabbed(live) != before
    for size in (1e-8, 100.0):
        run.scalars(0, h1=size, out=1.0)
        live.refresh()
        wire, colour = canvas.wire_item(0, "x", "h1"), theme.flow_colour(step_of(size) / STEPS)
        image, at = grabbed(live), canvas.mapFromScene(wire.middle() + QPointF(-6 / zoom, 0))
        counts.append(sum(near(image, at + QPoint(0, dy), colour, 90) for dy in range(-9, 10)))
        pen = wire._pen()
        assert pen.widthF() * zoom == pytest.approx(width_of(step_of(size)) * max(zoom, 0.75))
        reach = pen.widthF() / 2
        assert wire.boundingRect().contains(wire.path().boundingRect().adjusted(0, -reach, 0, reach))
    assert counts[0] >= 1
    assert counts[1] - counts[0] >= 3


@pytest.mark.parametrize("zoom", [0.36, 0.5])
def test_the_widest_wires_lie_on_no_box(live, run, zoom):
    canvas = zoomed(live, zoom)
    run.scalars(0, h1=100.0, out=100.0)
    live.refresh()
    thick = grabbed(live)
    live.choose_flow(Flow.OFF)
    plain = grabbed(live)
    assert thick != plain
    for node in ("x", "h1", "out"):
        item = canvas.node_item(0, node)
        inside = canvas.mapFromScene(item.rect().translated(item.pos())).boundingRect().adjusted(2, 2, -2, -2)
        assert thick.copy(inside) == plain.copy(inside)


def test_what_is_chosen_is_as_wide_from_afar_as_others(live, run):
    canvas = zoomed(live, 0.4)
    wire = canvas.wire_item(0, "x", "h1")
    kit = wire._kit
    assert kit.wire_pen(Stress.CHOSEN).widthF() * 0.4 == pytest.approx(kit.wire_chosen.widthF() * 0.75)
    assert kit.size_pen(4.0).widthF() - kit.size_pen(0.0).widthF() >= 3 / 0.4


def test_nothing_known_is_plain(live, run):
    canvas = canvas_of(live)
    assert canvas.wire_item(0, "x", "h1").flow is None
    run.scalars(0, out=1.0)
    live.refresh()
    assert canvas.wire_item(0, "x", "h1").flow is None
    assert canvas.wire_item(0, "x", "h1").toolTip().endswith("not known")
    assert canvas.wire_item(0, "a1", "out").flow == step_of(1.0)
    assert canvas.wire_item(1, "x", "out").flow is None, "another lane's"


def test_forward_and_off(live, run):
    run.scalars(0, h1=1e-3, a1=0.1, out=1.0)
    live.refresh()
    into, out = canvas_of(live).wire_item(0, "x", "h1"), canvas_of(live).wire_item(0, "a1", "out")
    forward = next(a for a in live.flows.actions() if a.data() == Flow.FORWARD.value)
    forward.trigger()
    assert (into.flow, out.flow) == (None, step_of(0.1))
    assert live.flow is Flow.FORWARD
    live.choose_flow(Flow.OFF)
    assert (into.flow, out.flow) == (None, None)
    assert [a.data() for a in live.flows.actions() if a.isChecked()] == [Flow.OFF.value]


def test_the_gradient_of_a_wire_is_that_of_the_next_layer_with_weights():
    layers = {
        "x": Input(),
        "h1": Dense(units=4),
        "a1": Tanh(),
        "add": Add(),
        "r": Relu(),
        "out": Dense(units=1),
        "end": Tanh(),
    }
    wires = ("x h1", "h1 a1", "a1 add", "h1 add", "add r", "r out", "out end")
    graph = Graph(tuple(Node(*n) for n in layers.items()), tuple(Edge(*wire.split()) for wire in wires))
    found = {node: next_weighted(graph).get(node) for node in layers}
    assert found == {"x": "h1", "h1": "h1", "a1": "out", "add": "out", "r": "out", "out": "out", "end": None}
    wire = Wire("out", "end", 0, None, "out", "end")
    step, words = along(Flow.BACK, wire, None, {"end.delta_rms": 1e-3})
    assert (step, words) == (step_of(1e-3), "gradient back: RMS of ∂L/∂input of end: about 0.001")


# The legend


def test_the_legend_opens_the_choice_and_says_what_it_is(live, qtbot):
    legend = live.legend
    assert legend.accessibleName() == "Wires show: gradient back"
    assert "‖∂L/∂W‖" in legend.toolTip()
    legend.setFocus()
    qtbot.keyClick(legend, Qt.Key.Key_Space)
    assert legend.menu.isVisible()
    assert [a.text() for a in legend.menu.actions()] == [text.capitalize() for text in TITLES.values()]
    legend.menu.close()
    live.choose_flow(Flow.OFF)
    assert legend.accessibleName() == "Wires show: plain"


@pytest.mark.parametrize("size", [(1100, 520), (700, 300), (430, 166), (300, 120)])
def test_the_legend_lies_on_no_box_and_on_no_name(live, size, qtbot):
    canvas = canvas_of(live)
    canvas.resize(*size)
    assert canvas.rect().contains(live.legend.geometry())
    for item in canvas.sheet.nodes.values():
        box = canvas.mapFromScene(item.rect().translated(item.pos())).boundingRect()
        assert not box.intersects(live.legend.geometry()), item.picture.box.node
    header = canvas.sheet.headers[0]
    name = canvas.mapFromScene(header.mapRectToScene(header.boundingRect())).boundingRect()
    assert name.right() <= max(live.legend.geometry().left(), name.left() + 120)


def test_a_new_theme_makes_all_pictures_anew(live, run):
    run.answer(0, a1=[left_right] * 4)
    live.refresh()
    boxes = [canvas_of(live).node_item(0, node) for node in ("x", "h1", "out")]
    before = [box.live for box in boxes]
    theme.look().use(theme.LIGHT)
    try:
        assert all(box.live is not old for box, old in zip(boxes, before, strict=True))
    finally:
        theme.look().use(theme.DARK)
