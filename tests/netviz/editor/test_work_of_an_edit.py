"""On a network of 500 nodes an edit works on what it changes: counted, for the clock depends on the machine."""

import random
from collections import Counter
from contextlib import suppress

import pytest

from engine.data.toy import Xor
from engine.errors import ProjectError
from engine.graph import Edge, Graph, Node
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Sgd
from engine.project import Project
from engine.training import Training
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.editor import boxes, lane_items
from netviz.editor.canvas import Canvas
from netviz.editor.inspector import Inspector
from netviz.editor.node_item import NodeItem
from netviz.editor.problem_list import ProblemList
from netviz.editor.routed import Routed
from netviz.editor.wire_item import WireItem
from tests.netviz.editor.test_redrawn import edits, words

COLUMNS, ROWS = 62, 8


def mesh():
    """Columns of eight, each box fed by the one before it in its row; every other column joins two rows."""
    nodes, wires = [Node("x", Input())], []
    for column in range(COLUMNS):
        for row in range(ROWS):
            name, join = f"n{column}_{row}", column % 2 == 1
            nodes.append(Node(name, Add() if join else Dense(units=8)))
            sources = ["x"] if column == 0 else [f"n{column - 1}_{row}"]
            if join:
                sources.append(f"n{column - 1}_{(row + 1) % ROWS}")
            wires += [Edge(source, name) for source in sources]
    nodes.append(Node("out", Add()))
    nodes += [Node("end", Dense(units=3)), Node("last", Dense(units=1))]
    wires += [Edge(f"n{COLUMNS - 1}_{row}", "out") for row in range(ROWS)]
    wires += [Edge("out", "end"), Edge("end", "last")]
    return Graph(tuple(nodes), tuple(wires))


@pytest.fixture
def document():
    training = Training(loss=BinaryCrossEntropy(), optimizer=Sgd(lr=0.1))
    made = Document(Project(name="mesh", data=Xor(), graph=mesh(), training=training))
    Drawing(made).auto_layout(0)
    return made


@pytest.fixture
def canvas(qtbot, document):
    made = Canvas(document)
    qtbot.addWidget(made)
    made.resize(1000, 640)
    made.show()
    return made


@pytest.fixture
def work(monkeypatch):
    """How often each kind of work is done by an edit."""
    done = Counter()

    def count(owner, name, what):
        call = getattr(owner, name)

        def counted(*given, **more):
            done[what] += 1
            return call(*given, **more)

        monkeypatch.setattr(owner, name, counted)

    count(boxes, "_box", "boxes made")
    count(lane_items, "route", "wires led")
    count(Routed, "stale", "all wires looked through")
    count(NodeItem, "show", "boxes shown")
    count(WireItem, "show", "wires shown")
    count(NodeItem, "setPos", "boxes put")
    count(NodeItem, "x", "boxes looked at")
    count(NodeItem, "update", "boxes painted")
    count(WireItem, "update", "wires painted")
    count(Dense, "output_shape", "layers asked")
    count(Add, "output_shape", "layers asked")

    def of(edit, *given):
        done.clear()  # what was painted before
        edit(*given)
        return Counter(done)

    return of


def test_a_field_that_changes_no_shape_concerns_one_box(canvas, document, work):
    done = work(document.set_node_field, 0, "n4_3", "bias", False)
    assert done == {"boxes made": 1, "boxes shown": 1, "boxes painted": 1, "layers asked": 1}


def test_another_size_concerns_the_layer_and_what_it_feeds(canvas, document, work):
    done = work(document.set_node_field, 0, "end", "units", 2)
    wire = {"wires shown": 1}  # with another shape; whether it is read depends on the zoom
    del done["wires painted"]
    assert done == wire | {"boxes made": 2, "boxes shown": 2, "boxes painted": 2, "layers asked": 2}
    assert canvas.node_item(0, "last").picture.parameters == 3


def test_a_wire_taken_off_and_put_on_concerns_what_lies_behind_it(canvas, document, work):
    drawing, last = Drawing(document), f"n{COLUMNS - 1}_0"
    for edit in (drawing.disconnect, drawing.connect):
        done = work(edit, 0, last, "out")
        assert 1 <= done["boxes made"] <= 4  # at both ends, and behind
        assert 1 <= done["boxes shown"] <= 4
        assert done["boxes put"] == done["boxes looked at"] == 0
        assert 1 <= done["wires led"] <= ROWS + 1  # into the join, whose inputs move together, and out of it


def test_of_another_drawing_most_are_the_same_objects(canvas, document):
    """A step of the undo stack keeps its drawing, and the collector looks through all that is kept."""
    before = canvas.sheet.pictures[0].made_of.frame
    Drawing(document).disconnect(0, f"n{COLUMNS - 1}_{ROWS - 1}", "out")  # the last one: no other has its number
    after = canvas.sheet.pictures[0].made_of.frame
    assert before is not after
    assert {id(wire) for wire in after.wires} < {id(wire) for wire in before.wires}
    for old, new in ((before.boxes, after.boxes), (before.taken, after.taken)):
        assert 1 <= sum(new[node] is not part for node, part in old.items()) <= 2
        assert new.keys() == old.keys()


def test_a_box_that_moves_is_put_and_no_other(canvas, document, work):
    x, y = document.project.layout["n30_4"]
    done = work(Drawing(document).move_nodes, 0, {"n30_4": (x + 10, y + 5)})
    assert done["boxes put"] == done["boxes looked at"] == 1
    assert done["boxes made"] == done["boxes shown"] == done["layers asked"] == 0
    assert 3 <= done["wires led"] < 60  # its own, and those that it stood or now stands in the way of


def test_training_concerns_no_box(canvas, document, work):
    assert not work(document.set_training_field, 0, "optimizer.lr", 0.2)
    assert not work(document.set_data_field, "noise", 0.2)


def test_forms_of_what_did_not_change_are_left_alone(qtbot, document, monkeypatch):
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.inspect(0, "n4_3")
    shown = Counter()
    for name in ("node", "training", "data"):
        for row in getattr(inspector, name).form.rows.values():
            editor, show = row.editor, row.editor.show_value
            monkeypatch.setattr(
                editor, "show_value", lambda *given, name=name, show=show: (shown.update([name]), show(*given))
            )
    document.set_node_field(0, "n4_3", "units", 9)
    assert set(shown) == {"node"}
    shown.clear()
    document.set_node_field(0, "n30_4", "bias", False)
    assert not shown
    document.set_training_field(0, "optimizer.lr", 0.2)
    assert set(shown) == {"training"}


def test_what_was_refused_is_put_back_by_the_next_edit(qtbot, document):
    """A form that a hand has touched is shown anew, whatever the document says."""
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.inspect(0, "n4_3")
    form = inspector.node.form
    form.fail("units", "no")
    assert not form.rows["units"].error.isHidden()
    document.set_node_field(0, "n30_4", "bias", False)
    assert form.rows["units"].error.isHidden()


def test_the_list_of_problems_is_made_anew_where_a_problem_is_another(qtbot, canvas, document):
    listed = ProblemList(document, canvas)
    qtbot.addWidget(listed)
    Drawing(document).disconnect(0, "out", "end")
    first = listed.list.item(0)
    assert first is not None
    document.set_node_field(0, "n60_3", "bias", False)
    assert listed.list.item(0) is first
    document.stack.undo()
    document.stack.undo()
    assert listed.lines == []


def test_what_is_taken_over_is_what_would_be_made_anew(canvas, document):
    """The random edits of `test_redrawn`, on many boxes; pictures made from nothing say the same."""
    draw, drawing = random.Random(1), Drawing(document)
    for _ in range(40):
        with suppress(ProjectError):
            draw.choice(edits(document, drawing, draw))()
        fresh = boxes.picture(
            document.lanes()[0], document.structure(0), document.lane_problems(0), "mesh", document.data_shape()
        )
        kept = canvas.sheet.pictures[0]
        assert fresh == kept
        assert [*fresh.boxes] == [*kept.boxes]
        shown, _, _ = words(canvas)
        assert {node: picture for (_, node), (picture, _, _) in shown.items()} == fresh.boxes


@pytest.fixture
def afar(canvas, monkeypatch):
    """The view from so far away that boxes are mere colours; gives the boxes that a repaint paints, with places."""
    paint, painted = NodeItem.paint_afar, {}

    def counted(item, painter, frame):
        painted[item.picture.box.node] = frame
        paint(item, painter, frame)

    monkeypatch.setattr(NodeItem, "paint_afar", counted)
    canvas.zoom_by(0.3 / canvas.zoom, canvas.viewport().rect().center())

    def repainted():
        painted.clear()
        canvas.grab()
        return dict(painted)

    return repainted


def test_from_afar_what_is_in_sight_is_painted(canvas, afar):
    seen = canvas.visible_rect()
    inside = {
        node for (_, node), item in canvas.sheet.nodes.items() if seen.intersects(item.rect().translated(item.pos()))
    }
    assert 20 < len(inside) < 250
    found = afar().keys()
    assert found >= inside
    assert len(found) < len(inside) + 30  # those at the edge


def test_from_afar_a_box_is_painted_where_it_was_moved(canvas, document, afar):
    centre = canvas.visible_rect().center()
    node = min(
        (node for _, node in canvas.sheet.nodes),
        key=lambda node: (canvas.node_item(0, node).pos() - centre).manhattanLength(),
    )
    assert node in afar()
    for edge in [edge for edge in document.project.graph.edges if node in edge[:2]]:
        Drawing(document).disconnect(0, *edge[:2])
    afar()
    x, y = document.project.layout[node]
    Drawing(document).move_nodes(0, {node: (x + 40, y + 30)})
    item = canvas.node_item(0, node)
    assert afar()[node].topLeft() == item.pos()
