"""Easy examples first: wrong labels come late, and not where the order is the file's."""

import numpy as np
import pytest

from engine.data.curriculum import by_centroid
from tests.netviz.experiments.runs import SEEDS, begun, experiment, trained

NAME = "curriculum"
CENTRES = np.array([[-0.6, 0.4], [0.6, -0.4]])


def labels(trainer) -> tuple[np.ndarray, np.ndarray]:
    """The label of each example, and the one that the centre nearest to it has."""
    x = np.asarray(trainer.data.x, np.float64)
    distances = np.linalg.norm(x[:, None] - CENTRES, axis=2)
    return np.asarray(trainer.data.y).ravel(), distances.argmin(axis=1)


def repeated(variant: str, seed: int) -> float:
    """The share of the wrong labels that the network says, too."""
    trainer = trained(NAME, variant, seed)
    told, right = labels(trainer)
    says = trainer.network.predict(trainer.data.x)[:, 0] > 0
    return float((says == told)[told != right].mean())


def test_a_fifth_of_the_labels_is_wrong_and_hardly_one_of_the_easy_half():
    trainer = begun(NAME, "easy first", 0)
    told, right = labels(trainer)
    wrong = told != right
    half = len(wrong) // 2
    easy = by_centroid(lambda: [trainer.data.x], told)[:half]
    assert 0.15 < wrong.mean() < 0.25
    assert wrong[easy].mean() < 0.02
    assert wrong[:half].mean() > 0.15  # the control, in the order of the file


@pytest.mark.parametrize("seed", SEEDS)
def test_easy_first_repeats_few_wrong_labels_and_all_at_once_or_another_order_many(seed):
    at_once, easy, in_order = (repeated(lane.variant, seed) for lane in experiment(NAME).lanes())
    assert easy < 0.1
    assert at_once > 0.15
    assert in_order > 0.15  # the control: as few examples, not the easy ones
