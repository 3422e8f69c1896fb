"""Six layers of 4 096 units: the weights' spread alone says what becomes of a signal, before any training.

A network at a time, and forward only where that does: its weights take 0.34 GB, and their gradients as much again.
"""

import gc
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from engine.graph import Graph, Node
from engine.project import Project
from engine.telemetry import one_blas_thread
from engine.trainer import Trainer
from tests.netviz.experiments.runs import experiment

NAME, ROOT = "initialization-wide", 4096**0.5
FLAT = 0.99**0.5  # beyond, the slope of tanh is under a hundredth of its greatest


@pytest.fixture(autouse=True)
def room() -> Iterator[None]:
    """The network of one test has gone before the next one takes its room: it and its trainer know each other."""
    one_blas_thread()
    yield
    gc.collect()


def relu_xavier() -> Project:
    """The control of He: the same network begun by Xavier's rule."""
    he = experiment(NAME).lane("ReLU He")
    nodes = tuple(
        Node(node.id, msgspec.structs.replace(node.layer, init="glorot_normal"))
        if getattr(node.layer, "init", "") == "he_normal"
        else node
        for node in he.graph.nodes
    )
    return replace(he, graph=Graph(nodes, he.graph.edges))


def signals(made: Project) -> tuple[np.ndarray, np.ndarray]:
    """Of each layer's activations on all examples: how they are spread, and the share of those where tanh is flat."""
    trainer = Trainer(made, seed=0)
    plan = trainer.network.walk(trainer.data.x)
    values = [plan.vars[f"a{number}"].value for number in range(1, 7)]
    return np.array([a.std() for a in values]), np.array([(np.abs(a) > FLAT).mean() for a in values])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "a_layer"), [("tanh 0.01", 0.01 * ROOT), ("ReLU He", 1.0), ("ReLU Xavier", 0.5**0.5)]
)
def test_the_spread_grows_by_what_the_weights_make_of_it(variant: str, a_layer: float) -> None:
    """tanh is a line near 0; ReLU cuts half of the variance off, which He's rule gives back and Xavier's does not."""
    spread, _ = signals(relu_xavier() if variant == "ReLU Xavier" else experiment(NAME).lane(variant))
    assert (spread[-1] / spread[0]) ** (1 / 5) == pytest.approx(a_layer, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "saturates"), [("tanh 0.05", True), ("tanh Xavier", False)])
def test_tanh_saturates_with_too_wide_a_spread_and_holds_the_signal_with_xaviers(variant: str, saturates: bool) -> None:
    spread, flat = signals(experiment(NAME).lane(variant))
    assert bool((spread[2:] > 0.7).all()) is saturates  # 0.05 makes 3.2 a layer: values at -1 and 1
    assert bool((flat[2:] > 0.1).all()) is saturates
    assert bool((flat < 0.01).all()) is not saturates
    assert bool((np.abs(spread[1:] / spread[0] - 1) < 0.15).all()) is not saturates


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "learns"), [("tanh 0.01", False), ("tanh Xavier", True)])
def test_where_next_to_nothing_arrives_next_to_nothing_is_learned(variant: str, learns: bool) -> None:
    trainer = Trainer(experiment(NAME).lane(variant), seed=0)
    trainer.run(trainer.project.training.epochs * trainer.steps_per_epoch)
    score, _ = trainer.evaluate()
    assert (score.loss < 1.8) is learns
    assert (score.loss > 2.25) is not learns
