"""What differs between the running and the edited project decides whether training can go on."""

from dataclasses import replace

import pytest

from engine.data.toy import Circles, Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam, Sgd
from engine.project import Project, Variant
from engine.training import Training
from netviz.document.difference import Kind, difference
from netviz.document.document import Document


def graph(units=4, activation=None):
    nodes = (Node("x", Input()), Node("h1", Dense(units=units)), Node("a1", activation or Tanh()))
    return Graph(nodes, (Edge("x", "h1"), Edge("h1", "a1")))


def project():
    return Project(
        name="XOR",
        data=Xor(),
        graph=graph(),
        training=Training(loss=BinaryCrossEntropy(), optimizer=Adam()),
        variants=(Variant("B", graph=graph(8)),),
    )


def edited(edit):
    document = Document(project())
    edit(document)
    return document.project


@pytest.mark.parametrize(
    ("edit", "kind", "words"),
    [
        (lambda d: d.rename("Other"), Kind.SAME, ""),
        (lambda d: d.move_node(0, "x", (5, 5)), Kind.SAME, ""),
        (lambda d: d.set_panels({"a": 1}), Kind.SAME, ""),
        (lambda d: d.set_training_field(0, "optimizer.lr", 0.1), Kind.LIVE, "learning rate: 0.001 → 0.1"),
        (lambda d: d.set_training_field(0, "batch_size", "all"), Kind.LIVE, "batch size: 32 → all"),
        (lambda d: d.set_training_field(0, "epochs", 7), Kind.LIVE, "epochs: 100 → 7"),
        (lambda d: d.set_training_field(0, "seed", 7), Kind.RESTART, "seed: 0 → 7"),
        (lambda d: d.set_training_field(0, "clip_norm", 1.0), Kind.RESTART, "clip norm: off → 1"),
        (lambda d: d.set_training_field(0, "optimizer.kind", "sgd"), Kind.RESTART, "optimizer: Adam → SGD"),
        (lambda d: d.set_training_field(0, "optimizer.beta1", 0.5), Kind.RESTART, "β₁: 0.9 → 0.5"),
        (lambda d: d.set_node_field(1, "h1", "units", 9), Kind.RESTART, "units of h1: 8 → 9 (B)"),
        (lambda d: d.replace_kind(0, "a1", "relu"), Kind.RESTART, "a1: Tanh → ReLU (A)"),
        (lambda d: d.set_data_field("noise", 0.5), Kind.RESTART, "noise of the data: 0.1 → 0.5"),
        (lambda d: d.set_data_field("kind", "circles"), Kind.RESTART, "data: XOR → Circles"),
    ],
)
def test_one_edit(edit, kind, words):
    found = difference(project(), edited(edit))
    assert (found.kind, found.words) == (kind, words)


def test_a_live_field_beside_another_restarts():
    def edit(document):
        document.set_training_field(0, "optimizer.lr", 0.1)
        document.set_node_field(0, "h1", "bias", False)

    found = difference(project(), edited(edit))
    assert found.kind is Kind.RESTART
    assert found.words == "bias of h1: on → off (A); learning rate: 0.001 → 0.1"
    assert [f.lane for f in found.fields if f.live] == [0, 1]


def test_names_of_lanes_do_not_matter_but_their_number_does():
    old = project()
    assert difference(old, replace(old, variant="Z", variants=(replace(old.variants[0], name="Y"),))).kind is Kind.SAME
    fewer = difference(old, replace(old, variants=()))
    assert (fewer.kind, fewer.words) == (Kind.RESTART, "networks side by side: 2 → 1")


def test_nodes_wires_and_weights_restart():
    old = project()
    one = Graph((*old.graph.nodes, Node("out", Relu())), (*old.graph.edges, Edge("a1", "out")))
    assert difference(old, replace(old, graph=one)).words == "out is new (A); wires or order of the nodes (A)"
    weights = difference(old, replace(old, weights="w.safetensors"))
    assert (weights.kind, weights.words) == (Kind.RESTART, "first weights: drawn → w.safetensors (A)")


def test_switches_and_other_data_restart():
    old = project()
    for training in (
        Training(loss=BinaryCrossEntropy(), optimizer=Sgd(lr=0.001)),
        Training(loss=BinaryCrossEntropy(), optimizer=Adam(), shuffle=False),
    ):
        assert difference(old, replace(old, training=training)).kind is Kind.RESTART
    assert difference(old, replace(old, data=Circles(samples=9))).kind is Kind.RESTART
