"""What is redrawn bit by bit after each edit is what a canvas made anew would draw."""

import random

import pytest

from engine.errors import ProjectError
from engine.layers.dense import Dense
from netviz.document.drawing import Drawing
from netviz.editor.canvas import Canvas


def drawn(canvas):
    """Everything on the sheet, from its upper left corner."""
    scene = canvas.sheet
    boxes = {key: (i.x(), i.y(), i.picture, i.taken, i.toolTip()) for key, i in scene.nodes.items()}
    wires = {key: (i.path(), i.middle(), i.label, i.route.below) for key, i in scene.wires.items()}
    headers = {lane: (i.y(), i.note, i.problem) for lane, i in scene.headers.items()}
    return boxes, wires, headers, scene.content()


def words(canvas):
    """All that is to be read, wherever it stands."""
    scene = canvas.sheet
    boxes = {key: (i.picture, i.taken, i.toolTip()) for key, i in scene.nodes.items()}
    headers = {lane: (i.note, i.problem) for lane, i in scene.headers.items()}
    return boxes, {key: i.label for key, i in scene.wires.items()}, headers


def carry(canvas, draw):
    """A box is led away with its wires, and put back without them."""
    scene = canvas.sheet
    item = draw.choice([*scene.nodes.values()])
    start = item.pos()
    item.setPos(start.x() + 70, start.y() + 30)
    scene.connect_wires(item.lane, scene.wires_of(item.lane, [item.picture.box.node]))
    item.setPos(start)


def edits(document, drawing, draw):
    """Edits of the first lane, some of them refused."""
    nodes = [node.id for node in document.project.graph.nodes]
    wires = [(edge.source, edge.target) for edge in document.project.graph.edges]
    dense = [node.id for node in document.project.graph.nodes if isinstance(node.layer, Dense)] or nodes
    one, other, wire = draw.choice(nodes), draw.choice(nodes), draw.choice(wires or [("x", "x")])
    place = draw.randrange(8) * 80.0, draw.randrange(-3, 4) * 50.0
    return [
        lambda: document.set_node_field(0, draw.choice(dense), "units", draw.randrange(1, 20)),
        lambda: document.set_node_field(0, draw.choice(dense), "units", draw.randrange(1, 20)),
        lambda: document.replace_kind(0, one, draw.choice(["tanh", "relu", "dense", "add"])),
        lambda: drawing.move_nodes(0, {one: place}),
        lambda: drawing.connect(0, one, other),
        lambda: drawing.disconnect(0, *wire),
        lambda: drawing.insert_on_wire(0, "dense", *wire),
        lambda: drawing.add_node(0, "dense", place),
        lambda: drawing.remove(0, [one]),
        lambda: document.set_data_field("kind", draw.choice(["xor", "blobs"])),
        document.stack.undo,
        document.stack.redo,
    ]


@pytest.mark.parametrize("seed", range(6))
def test_many_edits_leave_what_a_new_canvas_would_draw(qtbot, branched, seed):
    draw, drawing = random.Random(seed), Drawing(branched)
    canvas = Canvas(branched)
    qtbot.addWidget(canvas)
    canvas.resize(900, 500)
    canvas.show()
    for number in range(60):
        try:
            draw.choice([*edits(branched, drawing, draw), lambda: carry(canvas, draw)])()
        except ProjectError:
            continue
        fresh = Canvas(branched)
        qtbot.addWidget(fresh)
        fresh.resize(canvas.size())
        fresh.show()
        assert words(canvas) == words(fresh)
        if number % 4 == 0:
            canvas.fit()  # a new canvas chooses the width of boxes and the room between lanes anew
            assert drawn(canvas) == drawn(fresh)
        fresh.close()
