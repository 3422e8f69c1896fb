"""Experiments on what makes training fast, calm or possible at all: each claim holds, and fails on its control."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from engine.graph import Graph, Node
from engine.layers.dense import Dense
from engine.probes.maps import Maps
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, at_first, begun, column, experiment, scores, steps, trained

# The exploding gradient


@pytest.mark.parametrize("seed", SEEDS)
def test_back_through_a_linear_chain_the_gradient_grows_by_the_gain_at_every_layer(seed):
    """∂L/∂h = g Qᵀ ∂L/∂a with Qᵀ Q = 1: exactly by g, as the signal does on its way forward."""
    for variant, gain in (("gain 1.5", 1.5), ("gain 1", 1.0)):
        layers = at_first("exploding-gradient", variant, seed)
        back = column(layers, "delta_rms", "a")
        np.testing.assert_allclose(back[:-1] / back[1:], gain, rtol=1e-4)
        forward = np.hypot(column(layers, "mean", "a"), column(layers, "std", "a"))
        np.testing.assert_allclose(forward[1:] / forward[:-1], gain, rtol=1e-4)


@cache
def highest_loss(variant: str, seed: int) -> float:
    trainer = begun("exploding-gradient", variant, seed)
    return max(trainer.step().loss for _ in range(steps("exploding-gradient")))


@pytest.mark.parametrize("seed", SEEDS)
def test_clipping_holds_what_explodes(seed):
    wild, clipped, tame = (highest_loss(lane.variant, seed) for lane in experiment("exploding-gradient").lanes())
    assert wild > 2.5 * clipped
    assert clipped > tame
    assert tame < 0.8


# Universal approximation


@pytest.mark.parametrize("seed", SEEDS)
def test_the_error_falls_with_width_and_not_without_a_bend(seed):
    two, four, many, linear = (
        scores("universal-approximation", lane.variant, seed)[0].loss
        for lane in experiment("universal-approximation").lanes()
    )
    assert two > 1.4 * four
    assert four > 10 * many
    assert many < 0.02
    # As many units without an activation are one line, whose error has a closed form.
    data = experiment("universal-approximation").data.load(experiment("universal-approximation").folder)
    x, y = np.c_[data.x, np.ones(len(data.x))].astype(np.float64), np.asarray(data.y, np.float64)
    line = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert linear == pytest.approx(np.square(line - y).mean(), rel=1e-3)


# Second-order


TOLERANCE = 0.002


@cache
def steps_to_tolerance(variant: str, seed: int) -> int:
    trainer = begun("second-order", variant, seed)
    while trainer.step_number < steps("second-order"):
        if trainer.step().loss < TOLERANCE:
            break
    return trainer.step_number


@pytest.mark.parametrize("seed", SEEDS)
def test_curvature_saves_steps(seed):
    plain, conjugate, quasi, newton = (
        steps_to_tolerance(lane.variant, seed) for lane in experiment("second-order").lanes()
    )
    assert newton < conjugate < steps("second-order")
    assert quasi < conjugate
    assert plain == steps("second-order")  # not there yet


# Schedules


@cache
def last_losses(variant: str, seed: int) -> np.ndarray:
    """The validation loss after each of the last 30 epochs."""
    trainer, found = begun("schedules", variant, seed), []
    trainer.run(steps("schedules") - 30 * trainer.steps_per_epoch)
    for _ in range(30):
        trainer.run(trainer.steps_per_epoch)
        score = trainer.evaluate()[1]
        assert score is not None
        found.append(score.loss)
    return np.array(found)


FALLING = ("times 0.98 an epoch", "warm-up and cosine", "halved on a plateau")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rate_that_falls_comes_to_rest_lower_than_one_that_stays(seed):
    stays = last_losses("constant", seed)
    for variant in FALLING:
        falls = last_losses(variant, seed)
        assert falls.mean() < 0.8 * stays.mean(), variant
        assert falls.std() < 0.5 * stays.std(), variant


def test_each_rate_has_its_own_curve():
    rates = {}
    for lane in experiment("schedules").lanes():
        trainer, found = begun("schedules", lane.variant, 0), []
        for _ in range(120):
            found.append(trainer.rate / 0.04)
            trainer.run(trainer.steps_per_epoch)
        rates[lane.variant] = np.array(found)
    epochs = np.arange(120)
    np.testing.assert_allclose(rates["constant"], 1)
    np.testing.assert_allclose(rates["times 0.98 an epoch"], 0.98**epochs, rtol=1e-6)
    rise = np.minimum(1, 0.1 + 0.9 * epochs / 5)
    np.testing.assert_allclose(rates["warm-up and cosine"], rise * (1 + np.cos(np.pi * epochs / 120)) / 2, atol=0.04)
    halved = np.log2(rates["halved on a plateau"])
    assert set(np.diff(halved)) == {0.0, -1.0}


# Orthogonal first weights and LSUV


def deviations(variant: str, seed: int) -> np.ndarray:
    """The standard deviation of what each layer but the last makes of the first batch, before its tanh."""
    trainer = begun("orthogonal", variant, seed)
    weights = trainer.network.parameters()
    h, found = trainer.training_rows[:256, :-1].astype(np.float64), []
    for layer in range(1, 11):
        a = h @ weights[f"h{layer}.weight"].T + weights[f"h{layer}.bias"]
        found.append(a.std())
        h = np.tanh(a)
    return np.array(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_orthogonal_weights_have_singular_values_of_one_and_lsuv_a_variance_of_one(seed):
    values = {
        variant: np.linalg.svd(begun("orthogonal", variant, seed).network.parameters()["h5.weight"], compute_uv=False)
        for variant in ("orthogonal", "normal")
    }
    np.testing.assert_allclose(values["orthogonal"], 1, rtol=1e-5)
    assert values["normal"][0] > 30 * values["normal"][-1]  # the control
    assert np.all(np.abs(deviations("LSUV", seed) - 1) < 0.15)
    assert deviations("normal", seed)[-1] < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_they_learn_sooner(seed):
    normal, orthogonal, lsuv = (
        scores("orthogonal", lane.variant, seed)[0].loss for lane in experiment("orthogonal").lanes()
    )
    assert max(orthogonal, lsuv) < 0.4 * normal


# ReLU is faster


@cache
def steps_to_learn(variant: str, seed: int) -> int:
    trainer = begun("relu-faster", variant, seed)
    while trainer.step_number < steps("relu-faster"):
        trainer.run(5)
        if trainer.evaluate()[0].loss < 0.1:
            break
    return trainer.step_number


@pytest.mark.parametrize("seed", SEEDS)
def test_relu_is_there_before_tanh_and_sigmoid_never(seed):
    relu, tanh, sigmoid = (steps_to_learn(lane.variant, seed) for lane in experiment("relu-faster").lanes())
    assert relu < 0.75 * tanh
    assert tanh < steps("relu-faster") <= sigmoid


# Losses


@pytest.mark.parametrize("seed", SEEDS)
def test_a_squared_loss_gives_up_near_examples_for_far_ones_that_are_right(seed):
    squared, hinge, entropy = (
        trained("losses", lane.variant, seed).evaluate()[0].accuracy for lane in experiment("losses").lanes()
    )
    assert squared < 0.95
    assert hinge == entropy == 1.0
    # The control: without the far ones it is right on all.
    made = experiment("losses").lane("squared")
    near = tuple(point for point in made.data.points if abs(point[0]) < 2)
    assert len(near) < len(made.data.points)
    trainer = Trainer(replace(made, data=type(made.data)(points=near, classes=2)), seed=seed)
    trainer.run(steps("losses"))
    assert trainer.evaluate()[0].accuracy == 1.0


def test_what_each_loss_makes_of_an_example_that_is_right_by_far():
    """By how much it would be moved: squared grows with the distance, hinge is 0, cross-entropy nearly."""
    pushes = {}
    for lane in experiment("losses").lanes():
        trainer = trained("losses", lane.variant, 0)
        trainer.network.load_parameters({"out.weight": np.array([[1.0, 0.0]]), "out.bias": np.zeros(1)})
        pushes[lane.variant] = [
            abs(trainer.network.loss_and_gradients(np.array([[far, 0.0]]), np.array([1]))[1]["out.bias"][0])
            for far in (2.0, 8.0)
        ]
    assert pushes["squared"] == pytest.approx([2 * (2 - 1), 2 * (8 - 1)])
    assert pushes["hinge"] == [0, 0]
    assert pushes["cross-entropy"] == pytest.approx([1 / (1 + np.exp(2)), 1 / (1 + np.exp(8))], rel=1e-4)


# Pooling


@pytest.mark.parametrize("index", [0, 7])
def test_pooled_maps_are_the_greatest_and_the_mean_of_each_window(index):
    answers = {variant: Maps(index=index).measure(begun("pooling", variant, 0)) for variant in ("greatest", "mean")}
    digit = np.asarray(answers["mean"].x[0], np.float64)
    windows = digit.reshape(4, 2, 4, 2).swapaxes(1, 2).reshape(4, 4, 4)
    for variant, expected in (("greatest", windows.max(axis=2)), ("mean", windows.mean(axis=2))):
        (pooled,) = (layer for layer in answers[variant].layers if layer.node == "p1")
        np.testing.assert_allclose(pooled.values[0], expected, rtol=1e-6)  # of the map that is the picture itself
    assert windows.max(axis=2).mean() > 1.3 * windows.mean()  # the one is not the other


# Frozen layers


@pytest.mark.parametrize(
    ("variant", "still"), [("all trained", ""), ("the first frozen", "1"), ("all hidden ones frozen", "123")]
)
def test_a_frozen_layer_shows_no_update_and_the_others_learn(variant, still):
    trainer = begun("frozen", variant, 0)
    before = trainer.network.parameters()
    for _ in range(20):
        record = trainer.step(layers=True)
        assert record.layers is not None
        for layer in "123":
            assert bool(record.layers[f"h{layer}"]["update_ratio"]) is (layer not in still)
        assert record.layers["out"]["update_ratio"] > 0
    after = trainer.network.parameters()
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {f"h{layer}.{kind}" for layer in still for kind in ("weight", "bias")}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_more_is_frozen_the_less_is_learnt(seed):
    found = [scores("frozen", lane.variant, seed)[1].accuracy for lane in experiment("frozen").lanes()]
    trained_all, but_one, last = found
    assert trained_all > but_one > 0.85
    assert 0.5 < last < 0.8


# How much data


@cache
def with_so_many(samples: int, units: int, seed: int) -> tuple[float, float]:
    """The over-fitting net, or a smaller one, on so many examples of the same kind: its two losses."""
    made = experiment("over-fitting").lane("plain")
    layers = {"h1": Dense(units=units, init="he_normal"), "h2": Dense(units=units, init="he_normal")}
    nodes = tuple(Node(node.id, layers.get(node.id, node.layer)) for node in made.graph.nodes)
    data = msgspec.structs.replace(made.data, samples=samples)
    trainer = Trainer(replace(made, graph=Graph(nodes, made.graph.edges), data=data), seed=seed)
    trainer.run(400)
    train, validation = trainer.evaluate()
    assert validation is not None
    return train.loss, validation.loss


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_over_fitting_closes_with_data_and_under_fitting_does_not(seed):
    gaps = [validation - train for train, validation in (with_so_many(n, 100, seed) for n in (80, 400, 3000))]
    assert gaps[0] > 1.5 > gaps[1] > 0.5
    assert gaps[2] < 0.15
    train, validation = with_so_many(3000, 2, seed)
    assert validation - train < 0.05
    assert train > with_so_many(3000, 100, seed)[1] + 0.1
