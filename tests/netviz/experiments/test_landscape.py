"""Experiments on the loss itself: its surface about trained weights, and its gradient at one example."""

from functools import cache

import numpy as np
import pytest

from engine.probes.landscape import Landscape, LandscapeAnswer, PlaneOf
from engine.run.lane import Lane
from tests.netviz.experiments.runs import SEEDS, begun, experiment, scores, steps

# The loss over a plane through the space of weights


@cache
def pictures(variant: str, seed: int) -> tuple[LandscapeAnswer, LandscapeAnswer]:
    """About the weights at the end: the plane that the path lies in most, and one of random directions."""
    lane = Lane(begun("landscape", variant, seed))
    found = []
    lane.studies.watch((Landscape(plane=PlaneOf.PATH),), lane.trainer)
    while lane.trainer.step_number < steps("landscape"):
        lane.advance()
    for number, plane in enumerate((PlaneOf.PATH, PlaneOf.RANDOM), 1):
        lane.studies.watch((Landscape(plane=plane, number=number),), lane.trainer)
        while lane.studies.wants(lane.trainer):
            lane.studies.go_on(lane.trainer)
        found.append(lane.studies.take_news(lane.trainer)[-1])
        assert (found[-1].plane, found[-1].step) == (plane, steps("landscape"))
    return found[0], found[1]


VARIANTS = ("all examples", "8 examples")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_training_ends_in_a_hollow_of_the_surface(variant, seed):
    _, surface = pictures(variant, seed)
    middle = len(surface.values) // 2
    train, _ = scores("landscape", variant, seed)
    assert surface.values[middle, middle] == pytest.approx(train.loss, rel=1e-5)
    assert (surface.values < surface.values[middle, middle]).mean() < 0.15
    assert surface.values.max() > 10 * train.loss


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_path_lies_in_the_plane_of_its_main_directions_and_in_no_random_one(variant, seed):
    along, across = pictures(variant, seed)
    assert along.places[-1] == pytest.approx([0, 0], abs=1e-6)
    way = np.hypot(np.linalg.norm(along.places[0]), along.off[0])
    assert max(along.off) < 0.35 * way
    assert max(across.off) > 0.9 * way


@pytest.mark.parametrize("seed", SEEDS)
def test_the_path_of_small_batches_goes_to_and_fro(seed):
    detours = []
    for variant in VARIANTS:
        places = np.asarray(pictures(variant, seed)[0].places, np.float64)
        detours.append(np.linalg.norm(np.diff(places, axis=0), axis=1).sum() / np.linalg.norm(places[0] - places[-1]))
    straight, wandering = detours
    assert straight < 1.25 < wandering


# Softmax and cross-entropy


@pytest.mark.parametrize("label", [0, 1, 2])
def test_the_gradient_of_one_example_is_what_is_said_less_what_is_so(label):
    """f(x) − e(y), class by class; of the squared loss it goes back through the softmax's slope as well."""
    gradients = {}
    for lane in experiment("softmax").lanes():
        trainer = begun("softmax", lane.variant, 0, dtype="float64")
        trainer.run(20)
        network, data = trainer.network, trainer.data
        index = int(np.argmax(data.y == label))
        x, y = np.asarray(data.x[index : index + 1]), np.asarray(data.y[index : index + 1])
        said, so = network.predict(x)[0], np.eye(3)[label]
        gradients[lane.variant] = network.loss_and_gradients(x, y)[1]["out.bias"]
        slope = np.diag(said) - np.outer(said, said)
        expected = {"cross-entropy": said - so, "squared": slope @ (2 / 3 * (said - so))}[lane.variant]
        np.testing.assert_allclose(gradients[lane.variant], expected, atol=1e-12)
        assert np.abs(said - so).max() > 0.01
    assert not np.allclose(gradients["squared"], gradients["cross-entropy"], rtol=0.1)
