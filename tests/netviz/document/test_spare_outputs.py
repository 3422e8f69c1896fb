"""Outputs beyond the classes are told of; what is meant is not."""

from dataclasses import replace
from itertools import pairwise

import pytest

from engine.data.functions import Sine
from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Sigmoid
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.softmax import Softmax
from engine.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from engine.optimizers import Adam
from engine.project import Project, load_project
from engine.training import Training
from netviz.document.document import Document
from netviz.document.spare_outputs import spare_outputs
from netviz.experiments import find_experiments


def document(units, loss, last=None, data=None):
    layers = [Node("x", Input()), Node("h", Dense(units=4)), Node("out", Dense(units=units))]
    layers += [Node("end", last)] if last is not None else []
    wires = tuple(Edge(a.id, b.id) for a, b in pairwise(layers))
    training = Training(loss=loss, optimizer=Adam())
    return Document(Project(name="p", data=data or Xor(), graph=Graph(tuple(layers), wires), training=training))


@pytest.mark.parametrize(
    ("units", "loss", "last", "wanted"),
    [
        (1, BinaryCrossEntropy(), None, None),
        (2, BinaryCrossEntropy(), None, None),
        (3, BinaryCrossEntropy(), None, 1),
        (64, BinaryCrossEntropy(), Sigmoid(), 1),
        (2, CrossEntropy(), None, None),
        (5, CrossEntropy(), Softmax(), 2),
    ],
)
def test_what_is_enough(units, loss, last, wanted) -> None:
    found = spare_outputs(document(units, loss, last), 0)
    assert (None if found is None else found.wanted) == wanted
    if found is not None:
        assert (found.node, found.outputs) == ("out", units)
        assert f"out gives {units} numbers" in found.words


def test_numbers_have_no_classes() -> None:
    assert spare_outputs(document(1, MeanSquaredError(), data=Sine()), 0) is None


@pytest.mark.parametrize("name", sorted(find_experiments()))
def test_no_experiment_has_any(name) -> None:
    made = Document(replace(load_project(find_experiments()[name].path)))
    assert [spare_outputs(made, lane) for lane in range(len(made.lanes()))] == [None] * len(made.lanes())
