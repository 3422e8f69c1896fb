"""Weights against plain NumPy: the spread counts every one looked at, the matrix is theirs or means of its blocks."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import weights as probe
from engine.probes.histograms import edges
from engine.probes.weights import Weights, round_reach
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 7},
    {"id": "n1", "kind": "layer_norm"},
    {"id": "a1", "kind": "prelu"},
    {"id": "out", "kind": "dense", "units": 3},
]


def trainer(dtype: str = "float64", **kwargs: object) -> Trainer:
    return Trainer(project(LAYERS, data={"kind": "noise", "shape": [5], "targets": 3, "samples": 40}), dtype=dtype)


def test_the_spread_is_that_of_numpy() -> None:
    made = trainer()
    answer, state = Weights().measure(made), made.network.parameters()
    assert answer.matrix is None
    assert [layer.histogram.node for layer in answer.layers] == ["h1", "n1", "a1", "out"]
    for layer in answer.layers:
        weights = state[f"{layer.histogram.node}.weight"]
        h = layer.histogram
        assert (layer.shape, layer.looked_at) == (weights.shape, weights.size)
        assert h.high == -h.low == round_reach(np.abs(weights).max())
        np.testing.assert_array_equal(h.counts, np.histogram(weights[weights != 0], edges(h.low, h.high, False))[0])
        assert (h.zeros, h.under, h.over, h.nan, h.infinite) == ((weights == 0).sum(), 0, 0, 0, 0)
        assert (h.least, h.most) == (weights.min(), weights.max())


def test_outliers_zeros_and_what_is_no_number_are_counted_apart() -> None:
    made = trainer()
    state = made.network.parameters()
    weights = np.full((7, 5), 0.01)
    weights[0] = [0.0, np.nan, np.inf, -np.inf, -40.0]
    made.network.load_parameters({**state, "h1.weight": weights})
    h = Weights().measure(made).layers[0].histogram
    assert (h.zeros, h.nan, h.infinite, h.under, h.over, int(h.counts.sum())) == (1, 1, 2, 0, 0, 31)
    many = np.full(1000, 0.01)
    many[:2] = 50.0, -60.0
    size = np.abs(many)
    assert probe._robust_reach(made.backend, many) == pytest.approx(6 * np.sqrt((size**2).mean()))
    assert probe._robust_reach(made.backend, np.array([np.nan, 0.0])) == 0


@pytest.mark.parametrize(("value", "end"), [(0.0, 1), (0.9, 1), (1.0, 1), (1.01, 2), (0.03, 0.05), (6e-9, 1e-8)])
def test_the_reach_is_round(value: float, end: float) -> None:
    assert round_reach(value) == pytest.approx(end)


def test_of_large_layers_every_nth_weight_of_all_columns_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST", 8)
    made = trainer()
    layer, flat = Weights().measure(made).layers[0], made.network.parameters()["h1.weight"].ravel()
    some = flat[::6]  # ⌈35 / 8⌉ = 5 shares a factor with the five columns
    assert layer.looked_at == len(some) == int(layer.histogram.counts.sum())
    assert (layer.histogram.least, layer.histogram.most) == (some.min(), some.max())
    assert Weights().measure(made, 0.5).layers[0].looked_at == len(flat[::9])


@pytest.mark.parametrize("node", ["", "h1", "out"])
def test_a_small_matrix_is_exact(node: str) -> None:
    made = trainer("float32")
    matrix = Weights(node).measure(made).matrix
    assert matrix is not None
    weights = made.network.parameters()[f"{node or 'h1'}.weight"]
    assert (matrix.node, matrix.rows, matrix.columns, matrix.block) == (node or "h1", *weights.shape, (1, 1))
    np.testing.assert_array_equal(matrix.values, weights)


def test_a_vector_is_one_row_and_no_such_layer_none() -> None:
    made = trainer()
    matrix = Weights("n1").measure(made).matrix
    assert matrix is not None
    assert matrix.values.shape == (1, 7)
    assert Weights("other").measure(made).matrix is None
    assert Weights("x").measure(made).matrix is None


@pytest.mark.parametrize("side", [2, 3, 4, 6])
def test_a_large_matrix_is_the_means_of_its_blocks(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SIDE", side)
    made = trainer()
    weights = made.network.parameters()["h1.weight"]
    weights[6, 4] = np.nan  # in the last block alone
    made.network.load_parameters({**made.network.parameters(), "h1.weight": weights})
    matrix = Weights("h1").measure(made).matrix
    assert matrix is not None
    high, wide = matrix.block
    assert matrix.values.shape == (-(-7 // high), -(-5 // wide))
    assert max(matrix.values.shape) <= side
    for (i, k), value in np.ndenumerate(matrix.values):
        block = weights[i * high : (i + 1) * high, k * wide : (k + 1) * wide]
        assert value == pytest.approx(block.mean(), rel=1e-12, nan_ok=True)
    assert np.isnan(matrix.values).sum() == 1


def test_tied_layers_show_the_weights_that_they_use() -> None:
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 3},
        {"id": "back", "kind": "tied", "to": "h1", "units": 5},
    ]
    made = Trainer(project(layers, data={"kind": "noise", "shape": [5], "targets": 5, "samples": 20}))
    first, second = Weights().measure(made).layers
    np.testing.assert_array_equal(first.histogram.counts, second.histogram.counts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", [2, 96])
def test_on_a_device_it_is_the_same(dtype: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SIDE", side)
    made = project(LAYERS, data={"kind": "noise", "shape": [5], "targets": 3, "samples": 40})
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    answers = [Weights("h1").measure(one) for one in (there, here)]
    for mine, theirs in zip(answers[0].layers, answers[1].layers, strict=True):
        assert mine.histogram.counts.tobytes() == theirs.histogram.counts.tobytes()
        assert mine.histogram.high == theirs.histogram.high
    assert answers[0].matrix is not None
    assert answers[1].matrix is not None
    np.testing.assert_array_equal(answers[0].matrix.values, answers[1].matrix.values)


def test_looking_changes_nothing() -> None:
    made, other = trainer(), trainer()
    Weights("h1").measure(made)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()
    assert made.update() == other.update()


def test_of_a_sample_what_is_no_number_is_counted_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST", 8)
    made = trainer()
    state = made.network.state()
    state["h1.weight"][0, 1:4] = [np.nan, np.inf, np.nan]  # places 1 to 3, of which a sample of every sixth has none
    made.network.load_parameters(state)
    layer = Weights().measure(made).layers[0]
    assert layer.looked_at == 6
    assert (layer.histogram.nan, layer.histogram.infinite) == (2, 1)


def test_of_a_recurrent_layer_all_weights_are_spread_and_its_first_matrices_stand_side_by_side() -> None:
    layers: list[dict[str, object]] = [
        {"id": "r", "kind": "gru", "units": 4, "layers": 2},
        {"id": "f", "kind": "flatten"},
    ]
    for backend in (None, Backend(strict, "strict", "float64")):
        data = {"kind": "noise", "shape": [6, 3], "targets": 4, "samples": 10}
        made = Trainer(project(layers, data=data), dtype="float64", backend=backend)
        answer, state = Weights("r").measure(made), made.network.parameters()
        assert answer.layers[0].looked_at == sum(w.size for name, w in state.items() if "weight" in name)
        assert answer.matrix is not None
        expected = np.hstack([state["r.weight_ih_l0"], state["r.weight_hh_l0"]])
        assert (answer.matrix.rows, answer.matrix.columns) == (12, 7)
        np.testing.assert_array_equal(answer.matrix.values, expected)
