"""Experiments on pictures: each claim holds, and fails on its control."""

from functools import cache

import numpy as np
import pytest

from tests.netviz.experiments.runs import Array, experiment, scores, trained

SEEDS = (0, 1)


def test_lenet_has_its_shapes():
    """Maps grow in number and shrink in size; what is shared is few beside what is computed."""
    structure = experiment("lenet").structure()
    shapes = [structure.shapes[node] for node in ("x", "c1", "p1", "c2", "p2", "flat", "out")]
    assert shapes == [(1, 8, 8), (8, 8, 8), (8, 4, 4), (16, 4, 4), (16, 2, 2), (64,), (10,)]
    counts = [structure.parameter_count(node) for node in ("c1", "c2", "out")]
    assert counts == [8 * (9 + 1), 16 * (8 * 9 + 1), 10 * (64 + 1)]
    assert structure.connection_count() == 8 * 10 * 64 + 16 * 73 * 16 + 650


@pytest.mark.parametrize("seed", SEEDS)
def test_lenet_reads_digits(seed):
    train, validation = scores("lenet", "A", seed)
    assert train.accuracy > 0.98
    assert validation.accuracy > 0.94


def shifted(pictures: Array, across: int) -> Array:
    """Pictures moved to the right by so many pixels, with nothing coming in."""
    moved = np.zeros_like(pictures)
    width = pictures.shape[-1]
    moved[..., max(0, across) : width + min(0, across)] = pictures[..., max(0, -across) : width - max(0, across)]
    return moved


@cache
def accuracy(variant: str, seed: int, across: int) -> float:
    trainer = trained("shifted-digits", variant, seed)
    data = trainer.data
    return float((trainer.network.predict(shifted(data.x_val, across)).argmax(1) == data.y_val).mean())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("across", [-1, 1])
def test_a_shifted_digit_is_still_read_by_convolution_with_pooling(across, seed):
    """Neither has seen a shifted digit; where they stand they are read as well by both, far off by none."""
    dense, convolution = (accuracy(variant, seed, across) for variant in ("dense", "convolution"))
    assert convolution > dense + 0.15
    for variant in ("dense", "convolution"):
        assert accuracy(variant, seed, 0) > 0.94
        assert accuracy(variant, seed, 4) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_dense_layers_that_were_shown_shifted_digits_read_them(seed):
    """Augmentation; they pay for it where digits stand still."""
    for across in (-2, 2):
        assert accuracy("dense, shown shifted", seed, across) > accuracy("dense", seed, across) + 0.4
    assert 0.75 < accuracy("dense, shown shifted", seed, 0) < accuracy("dense", seed, 0)


def test_convolution_has_fewer_parameters():
    dense, convolution = (experiment("shifted-digits").lane(name).structure() for name in ("dense", "convolution"))
    counts = [sum(map(s.parameter_count, s.order)) for s in (dense, convolution)]
    assert counts[1] < counts[0] / 2
    assert convolution.connection_count() > 10 * counts[1]
