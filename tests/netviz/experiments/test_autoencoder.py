"""Digits through two units: each claim holds, and fails on its control, the linear network."""

from functools import cache

import numpy as np
import pytest

from engine.probes.latent import Latent
from tests.netviz.experiments.runs import SEEDS, experiment, scores, trained

NAME, UNITS = "autoencoder", 2
DEEP, LINEAR = (lane.variant for lane in experiment(NAME).lanes())


@cache
def pixels(variant: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training and validation digits from 0 to 1, and the training digits' mean."""
    data = trained(NAME, variant, seed).data
    x, x_val = data.x / 16, data.x_val / 16
    return x, x_val, x.mean(axis=0)


def by_components(variant: str, seed: int) -> tuple[float, float]:
    """Mean squares that the best plane leaves: of all training digits, and of validation digits laid on it."""
    x, x_val, mean = pixels(variant, seed)
    _, _, axes = np.linalg.svd(x - mean, full_matrices=False)
    left = np.eye(64) - axes[:UNITS].T @ axes[:UNITS]
    return float((((x - mean) @ left) ** 2).mean()), float((((x_val - mean) @ left) ** 2).mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_layers_between_give_digits_back_better_than_any_plane(seed: int) -> None:
    """The loss is the reconstruction's mean square error; the best plane is that of two principal components."""
    for variant, shown in ((DEEP, True), (LINEAR, False)):
        train, validation = scores(NAME, variant, seed)
        least, held = by_components(variant, seed)
        assert (train.loss < 0.7 * least) is shown
        assert (validation.loss < 0.8 * held) is shown


@pytest.mark.parametrize("seed", SEEDS)
def test_a_linear_autoencoder_comes_as_far_as_principal_components_and_no_further(seed: int) -> None:
    """Bourlard and Kamp 1988; it finds their plane, though not their axes."""
    for variant, shown in ((LINEAR, True), (DEEP, False)):
        train, _ = scores(NAME, variant, seed)
        least, _ = by_components(variant, seed)
        assert (least * (1 - 1e-5) <= train.loss <= 1.02 * least) is shown


def told_apart(variant: str, seed: int) -> float:
    """The share of validation digits whose nearest training digit in the plane of the code is of their class."""
    trainer = trained(NAME, variant, seed)
    data, network = trainer.data, trainer.network

    def codes(x: np.ndarray) -> np.ndarray:
        return network.backend.to_host(network.walk(x).vars["code"].value).T.astype(np.float64)

    near, known = codes(data.x_val), codes(data.x)
    nearest = ((near[:, None] - known[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert data.labels is not None
    return float((data.labels.y[nearest] == data.labels.y_val).mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_classes_come_apart_in_the_plane_though_no_one_told_them(seed: int) -> None:
    for variant, shown in ((DEEP, True), (LINEAR, False)):
        assert (told_apart(variant, seed) > 0.7) is shown
        assert told_apart(variant, seed) > 0.3  # a tenth by chance


@pytest.mark.parametrize("seed", SEEDS)
def test_the_panel_says_so(seed: int) -> None:
    """On the examples that it looks at."""
    for variant, shown in ((DEEP, True), (LINEAR, False)):
        answer = Latent().measure(trained(NAME, variant, seed))
        assert (answer.node, answer.exact, answer.classes) == ("code", True, 10)
        assert (answer.error < 0.75 * answer.linear) is shown
        assert answer.error >= answer.linear or shown


def test_nothing_but_the_layers_between_differs() -> None:
    deep, linear = experiment(NAME).lanes()
    assert (deep.data, deep.training) == (linear.data, linear.training)
    for lane in (deep, linear):
        assert lane.graph.layer("code").to_json()["units"] == UNITS
    kinds = [node.layer.kind() for node in linear.graph.nodes]
    assert kinds == ["input", "dense", "dense"]
