"""Signals with an edge are what they say they are."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.data.signals import NAMES, Edges
from engine.errors import ProjectError

HERE = Path()


@pytest.mark.parametrize("length", [8, 9, 40, 101])
def test_a_signal_rises_falls_or_does_both(length: int) -> None:
    source = Edges(noise=0.0, length=length, samples=900)
    data, summary = source.load(HERE), source.summary(HERE)
    assert summary.shape == data.x.shape[1:] == (length, 1)
    assert (summary.classes, summary.class_names, data.classes) == (3, NAMES, 3)
    edges = {0: set(), 1: set(), 2: set()}
    for signal, label in zip(data.x[:, :, 0].tolist(), data.y.tolist(), strict=True):
        steps = [
            (place, after - before) for place, (before, after) in enumerate(pairwise(signal), 1) if after != before
        ]
        assert [change for _, change in steps] == {0: [1.0], 1: [-1.0], 2: [1.0, -1.0]}[label]
        places = [place for place, _ in steps]
        assert length // 4 <= places[0] <= places[-1] <= 3 * (length // 4)
        assert label != 2 or places[1] - places[0] == length // 4
        edges[label].add(places[0])
    assert all(len(places) > length // 4 for places in edges.values())  # not always at the same place


def test_noise_is_added_to_the_same_signals() -> None:
    plain, noisy = Edges(noise=0.0).load(HERE), Edges(noise=0.3).load(HERE)
    np.testing.assert_array_equal(plain.y, noisy.y)
    assert (noisy.x - plain.x).std() == pytest.approx(0.3, rel=0.02)
    other = Edges(noise=0.0, seed=1).load(HERE)
    assert not np.array_equal(plain.y, other.y)
    assert (np.array_equal(Edges().load(HERE).x, Edges().load(HERE).x), len(plain.x_val)) == (True, 150)


def test_too_much_is_a_slip() -> None:
    with pytest.raises(ProjectError, match=r"data\.length"):
        Edges(samples=10_000_000, length=100_000).load(HERE)
