"""What is drawn of a lane, without a window."""

import pytest

from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from netviz.document.layered import COLUMN
from netviz.editor.box_picture import Box, counted
from netviz.editor.boxes import dock, picture


def graph(nodes, edges):
    return Graph(tuple(Node(*node) for node in nodes), tuple(Edge(*edge) for edge in edges))


def drawn(document, lane=0):
    return picture(document.lanes()[lane], document.structure(lane), document.lane_problems(lane), "name")


def test_an_activation_docks_onto_the_layer_before_it():
    made = graph([("x", Input()), ("h", Dense()), ("a", Tanh()), ("b", Relu())], [("x", "h"), ("h", "a"), ("a", "b")])
    assert dock(made) == {"x": Box("x"), "h": Box("h", "a"), "b": Box("b")}


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ([("x", Input()), ("a", Tanh())], [("x", "a")]),
        ([("x", Input()), ("h", Dense()), ("a", Tanh()), ("o", Dense())], [("x", "h"), ("h", "a"), ("h", "o")]),
        ([("h", Dense()), ("a", Tanh())], []),
    ],
    ids=["after an input", "where another node follows", "without a wire"],
)
def test_an_activation_stands_alone(nodes, edges):
    assert dock(graph(nodes, edges))["a"] == Box("a")


def test_a_lane_in_words(document):
    found = drawn(document)
    assert [(b.title, b.second, b.count) for b in found.boxes.values()] == [
        ("Input 2", "XOR", ""),
        ("Dense 4", "tanh", "12 parameters"),
        ("Dense 1", "linear", "5 parameters"),
    ]
    assert [(w.source, w.target, w.start, shape) for w, shape in found.wires.items()] == [
        ("x", "h1", "x", "2"),
        ("a1", "out", "h1", "4"),
    ]
    assert found.note == "17 parameters"
    assert found.boxes["h1"].words == "h1: Dense 4\na1: Tanh\n12 parameters\nshape 2 → 4"
    assert counted(1) == "1 parameter"


def test_a_place_of_the_layout_goes_before_the_automatic_one(document):
    document.move_node(0, "out", (500, 40))
    found = drawn(document)
    assert found.places["out"] == (500, 40)
    assert found.places["h1"] == (COLUMN, 0)


def test_a_problem_stands_at_its_node_and_above_its_lane(document):
    document.set_node_field(1, "x", "shape", [3])
    found = drawn(document, 1)
    assert found.boxes["x"].problem == "shape is 3, but the data's examples have 2"
    assert found.boxes["out"].problem == ""
    assert found.problem.startswith("x: shape is 3")
    assert drawn(document, 0).problem == ""


def test_a_loss_that_does_not_fit_is_a_problem_of_the_lane(document):
    document.set_data_field("kind", "blobs")
    document.set_data_field("classes", 3)
    found = drawn(document)
    assert "wants 2 classes" in found.problem
    assert not any(box.problem for box in found.boxes.values())
