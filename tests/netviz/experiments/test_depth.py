"""Depth: against width at equal parameters, and of sigmoids alone; each claim holds, and fails on its control."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.graph import Graph, Node
from engine.layers.base import Layer
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, at_first, begun, column, experiment, scores, steps

NAME = "deep-against-wide"


def parameters(variant: str) -> int:
    return sum(array.size for array in begun(NAME, variant, 0).network.parameters().values())


def test_one_layer_two_and_four_have_as_many_parameters_and_the_last_lane_eight_times_as_many():
    wide, two, four, widest = (parameters(lane.variant) for lane in experiment(NAME).lanes())
    assert 0.95 * four < wide <= two <= four
    assert widest > 7.5 * four


@pytest.mark.parametrize("seed", SEEDS)
def test_deep_learns_what_wide_does_not_even_with_eight_times_the_parameters(seed):
    wide, two, four, widest = (scores(NAME, lane.variant, seed)[0].loss for lane in experiment(NAME).lanes())
    assert four < two < wide
    assert four < 0.1
    assert wide > 0.4
    assert widest > 2.5 * four


@pytest.mark.parametrize("seed", SEEDS)
def test_no_rate_makes_one_layer_as_good(seed):
    four = scores(NAME, "4 × 16", seed)[0].loss
    for rate in (0.003, 0.03, 0.1):
        trainer = begun(NAME, "1 × 212", seed)
        trainer.set_learning_rate(rate)
        trainer.run(steps(NAME))
        assert trainer.evaluate()[0].loss > 2 * four, rate


def test_where_no_arm_winds_round_another_one_layer_is_enough():
    """The control: half a turn in place of two."""
    for lane in experiment(NAME).lanes()[:3]:
        easy = replace(lane, data=msgspec.structs.replace(lane.data, turns=0.5))
        trainer = Trainer(easy, seed=0)
        trainer.run(steps(NAME))
        assert trainer.evaluate()[0].accuracy > 0.98, lane.variant


@pytest.mark.parametrize("seed", SEEDS)
def test_behind_its_last_layer_the_deep_one_has_the_classes_side_by_side(seed):
    """How far the classes' means lie apart in what comes before the last layer, in deviations within a class."""
    apart = {}
    for variant in ("1 × 212", "4 × 16"):
        trainer = begun(NAME, variant, seed)
        trainer.run(steps(NAME))
        h = trainer.network.walk(trainer.data.x).vars["last"].value.T.astype(np.float64)
        one, other = (h[np.asarray(trainer.data.y) == label] for label in (0, 1))
        within = np.sqrt((one.var(0) + other.var(0)).sum() / 2)
        apart[variant] = np.linalg.norm(one.mean(0) - other.mean(0)) / within
    wide, deep = apart.values()
    assert deep > 2 * wide


# Sigmoids in more and more layers


@pytest.mark.parametrize("seed", SEEDS)
def test_each_layer_of_sigmoids_takes_the_same_factor_from_the_gradient_until_nothing_is_learnt(seed):
    for variant, depth in (("2 layers", 2), ("4 layers", 4), ("8 layers", 8), ("12 layers", 12)):
        norms = column(at_first("deeper", variant, seed), "grad_norm", "h")
        assert len(norms) == depth
        factor = (norms[0] / norms[-1]) ** (1 / (depth - 1))
        assert 0.1 < factor < 0.45, variant
        train, _ = scores("deeper", variant, seed)
        assert (train.accuracy > 0.8) is (depth < 8), variant
        assert (train.loss > 0.65) is (depth >= 8), variant  # ln 2 is 0.693


def test_as_deep_a_net_of_relus_learns():
    """The control: the same twelve layers, another activation and its first weights."""
    deep = experiment("deeper").lane("12 layers")
    nodes = tuple(Node(node.id, _of_relus(node.layer)) for node in deep.graph.nodes)
    made = replace(deep, graph=Graph(nodes, deep.graph.edges))
    trainer = Trainer(made, seed=0)
    trainer.set_learning_rate(0.05)
    trainer.run(steps("deeper"))
    assert trainer.evaluate()[0].accuracy > 0.97


def _of_relus(layer: Layer) -> Layer:
    if layer.kind() == "sigmoid":
        return LAYERS["relu"]()
    return msgspec.structs.replace(layer, init="he_normal") if layer.kind() == "dense" else layer
