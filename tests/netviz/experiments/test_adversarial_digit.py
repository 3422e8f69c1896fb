"""A small step along the sign of the gradient makes a digit another for the network; by chance it does not."""

from functools import cache

import numpy as np
import pytest

from engine.trainer import Trainer
from tests.netviz.experiments.runs import Array, scores, trained

SEEDS = (0, 1)
NETS = ("dense", "convolution")
SMALL, LARGE = 2.4, 4.8  # of the range from 0 to 16: 15 % and 30 %


@cache
def digits(variant: str, seed: int) -> tuple[Trainer, Array, Array]:
    """The trained net, and the digits of the validation part that it reads rightly."""
    trainer = trained("adversarial-digit", variant, seed)
    x, y = np.asarray(trainer.data.x_val, float), trainer.data.y_val
    right = trainer.network.predict(x).argmax(1) == y
    return trainer, x[right], y[right]


def fooled(variant: str, seed: int, step: Array) -> float:
    trainer, x, y = digits(variant, seed)
    return float((trainer.network.predict(np.clip(x + step, 0, 16)).argmax(1) != y).mean())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", NETS)
def test_a_small_step_makes_most_digits_others_and_chance_few(variant: str, seed: int) -> None:
    """The sign is of all pixels' loss, per channel prepared alike: the scale does not turn it."""
    assert scores("adversarial-digit", variant, seed)[1].accuracy > 0.94
    trainer, x, y = digits(variant, seed)
    sign = np.sign(trainer.network.input_gradient(x, y).reshape(x.shape))
    chance = np.random.default_rng(seed).choice([-1.0, 1.0], x.shape)
    assert fooled(variant, seed, SMALL * sign) > 0.6
    assert fooled(variant, seed, SMALL * chance) < 0.1
    assert fooled(variant, seed, -SMALL * sign) < 0.01  # the other way it is read more surely


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", NETS)
def test_one_step_fools_many_and_by_chance_it_is_far_fewer(variant: str, seed: int) -> None:
    """It is found on training examples: the sign of the sum of their gradients, again and again where it has led to."""
    trainer, x, _ = digits(variant, seed)
    seen, labels = np.asarray(trainer.data.x[:100], float), trainer.data.y[:100]
    step = np.zeros(x.shape[1:])
    for _ in range(5):
        slopes = trainer.network.input_gradient(np.clip(seen + step, 0, 16), labels)
        step = np.clip(step + 0.4 * LARGE * np.sign(slopes.reshape(seen.shape).sum(axis=0)), -LARGE, LARGE)
    rng = np.random.default_rng(seed)
    chance = np.mean([fooled(variant, seed, LARGE * rng.choice([-1.0, 1.0], step.shape)) for _ in range(20)])
    assert fooled(variant, seed, step) > max(0.5, 1.8 * chance)
