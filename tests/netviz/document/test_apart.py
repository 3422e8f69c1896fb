"""What tells networks side by side from one another, in words."""

from dataclasses import replace

import pytest
from msgspec import structs

from engine.data.augmentation import Augmentation
from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Sigmoid, Tanh
from engine.layers.convolution import Conv1d
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.shapes import Flatten, Reshape
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam, Sgd
from engine.project import Project, Variant
from engine.training import Training
from netviz.document.apart import apart
from netviz.document.document import Document


def chain(*layers) -> Graph:
    """x, then these layers, called a, b, c …"""
    names = "abcdefgh"[: len(layers)]
    nodes = (Node("x", Input()), *(Node(n, layer) for n, layer in zip(names, layers, strict=True)))
    return Graph(nodes, tuple(Edge(s, t) for s, t in zip(["x", *names], names, strict=False)))


def side_by_side(*graphs: Graph, trainings: tuple = (), names: str = "ABCD") -> Project:
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.01))
    others = [
        Variant(name, graph if graph is not graphs[0] else None, trainings[i] if i < len(trainings) else None)
        for i, (name, graph) in enumerate(zip(names[1:], graphs[1:], strict=False))
    ]
    return Project(name="p", data=Xor(), graph=graphs[0], training=training, variant=names[0], variants=tuple(others))


def test_another_activation_is_called_by_its_name():
    graphs = (chain(Dense(units=4), kind(), Dense(units=1)) for kind in (Sigmoid, Relu))
    assert apart(side_by_side(*graphs)) == ("sigmoid", "ReLU")


def test_the_same_in_many_layers_is_said_once_and_the_shortest_first():
    deep = [chain(*[Dense(units=units), kind()] * 4) for units, kind in ((4, Tanh), (8, Relu))]
    assert apart(side_by_side(*deep)) == ("tanh · units 4", "ReLU · units 8")


def test_a_layer_that_only_some_have():
    short, long = chain(Dense(units=1)), chain(Dense(units=1), Tanh())
    assert apart(side_by_side(long, short)) == ("with tanh", "without tanh")
    more = chain(Dense(units=1), Dense(units=1))
    assert apart(side_by_side(more, short)) == ("with b", "without b"), "by its id, for the other lane has such layers"


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"shift": 2}, "augmentation 2"), ({"shift": 0, "noise": 0.2}, "augmentation noise 0.2")],
)
def test_a_part_that_is_switched_on_says_what_it_does(fields, words):
    graph = chain(Dense(units=1))
    own = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.01))
    changed = structs.replace(own, augmentation=Augmentation(**fields))
    assert apart(side_by_side(graph, graph, trainings=(changed,))) == ("augmentation off", words)


def test_settings_of_the_training():
    graph = chain(Dense(units=1))
    own = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.01))
    fast, other = (structs.replace(own, optimizer=optimizer) for optimizer in (Adam(lr=0.1), Sgd(lr=0.01)))
    assert apart(side_by_side(graph, graph, trainings=(fast,))) == ("learning rate 0.01", "learning rate 0.1")
    words = apart(side_by_side(graph, graph, trainings=(other,)))
    assert words[0].split(" · ")[0] == "Adam"
    assert words[1].split(" · ")[0] == "SGD"


def test_what_the_name_says_is_not_said_again():
    graphs = chain(Dense(units=4), Sigmoid()), chain(Dense(units=8), Tanh())
    project = replace(side_by_side(*graphs), variant="Sigmoid", variants=(Variant("small, tanh", graphs[1]),))
    assert apart(project) == ("units 4", "units 8")


def test_fields_that_have_no_meaning_are_not_told():
    one = chain(Dense(units=1, init="he_normal", init_std=0.1))
    other = chain(Dense(units=1, init="he_normal", init_std=0.2))
    third = chain(Dense(units=1, init="normal", init_std=0.2))
    assert apart(side_by_side(one, other)) == ("", "")
    assert apart(side_by_side(one, third)) == ("initial weights he normal", "initial weights normal")


def test_one_lane_has_nothing_to_be_told_from():
    assert apart(side_by_side(chain(Dense(units=1)))) == ("",)


@pytest.mark.parametrize("lane", [0, 1])
def test_a_document_tells_anew_when_either_lane_is_edited(lane):
    graphs = chain(Dense(units=4), Sigmoid()), chain(Dense(units=4), Relu())
    document = Document(side_by_side(*graphs))
    first = document.apart()
    assert document.apart() is first, "asked once"
    document.set_node_field(lane, "a", "units", 9)
    words = document.apart()
    assert words[lane].endswith("units 9")
    assert words[1 - lane].endswith("units 4")


def test_kernels_are_called_by_their_names():
    own = ((0.0,),)
    graphs = [
        chain(Reshape(shape=(4, 1)), Conv1d(kernel_size=1, init="kernels", kernels=kernels), Flatten(), Dense(units=1))
        for kernels in (("identity", own), ("box",))
    ]
    assert apart(side_by_side(*graphs)) == ("kernels identity, own", "kernels box")
