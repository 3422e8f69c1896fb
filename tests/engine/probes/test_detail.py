"""Less detail: a smaller picture, fewer examples, the same network."""

import numpy as np

from engine.probes.base import SAMPLE
from engine.probes.boundary import Boundary
from engine.probes.histograms import ENOUGH, FEWEST, Histograms
from engine.trainer import Trainer
from tests.engine.cases import project

DATA: dict[str, object] = {"kind": "noise", "shape": [2], "classes": 2, "samples": 1000}


def trainer(units: int) -> Trainer:
    layers: list[dict[str, object]] = [
        {"id": "h", "kind": "dense", "units": units},
        {"id": "a", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": 1},
    ]
    return Trainer(project(layers, "binary_cross_entropy", DATA))


def test_a_quarter_of_the_cells() -> None:
    made = trainer(4)
    full, quarter = Boundary(100).measure(made), Boundary(100).measure(made, 0.25)
    assert full is not None
    assert quarter is not None
    assert (full.values.shape, quarter.values.shape) == ((100, 100), (50, 50))
    assert full.bounds == quarter.bounds
    middles = full.values.reshape(50, 2, 50, 2).mean(axis=(1, 3))  # a coarse cell lies on the middle of four
    np.testing.assert_allclose(quarter.values, middles, atol=1e-3)


def test_a_quarter_of_the_examples() -> None:
    made = trainer(4)
    assert Histograms().measure(made).examples == SAMPLE
    assert Histograms().measure(made, 0.25).examples == SAMPLE // 4


def test_of_wide_layers_fewer_examples_do() -> None:
    assert Histograms().measure(trainer(16)).examples == ENOUGH // 16
    assert Histograms().measure(trainer(4 * ENOUGH)).examples == FEWEST
    assert Histograms().measure(trainer(16), 0.01).examples == FEWEST
