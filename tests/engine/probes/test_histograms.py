"""Histograms of activations against NumPy's: every value is counted once, in its bin or apart."""

from typing import Any

import numpy as np
import pytest

from engine.backend import open_backend
from engine.probes.base import SAMPLE
from engine.probes.histograms import BINS, HistogramAnswer, Histograms, counted, edges
from engine.trainer import Trainer
from tests.engine.cases import project, walk

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "tanh"},
    {"id": "h2", "kind": "dense", "units": 5},
    {"id": "a2", "kind": "relu"},
    {"id": "h3", "kind": "dense", "units": 4},
    {"id": "a3", "kind": "sigmoid"},
    {"id": "out", "kind": "dense", "units": 3},
    {"id": "p", "kind": "softmax"},
]
BOUNDS = {"a1": (-1.0, 1.0), "a3": (0.0, 1.0), "p": (0.0, 1.0)}


def trainer(samples: int = 200, dtype: str = "float64", scale: float = 1.0) -> Trainer:
    data: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": samples, "validation": 0.2}
    made = Trainer(project(LAYERS, "cross_entropy", data), dtype=dtype)
    rng = np.random.default_rng(1)
    state = made.network.parameters()
    made.network.load_parameters({name: rng.normal(0, scale, a.shape) for name, a in state.items()})
    return made


def outputs(made: Trainer) -> dict[str, Any]:
    """Every node's output on the examples looked at, by the formulas."""
    rows = made.data.x[:SAMPLE]
    with np.errstate(all="ignore"):
        return walk(made.project, made.network.parameters(), rows)


def measured(made: Trainer) -> HistogramAnswer:
    return Histograms(weighted=True).measure(made)


@pytest.mark.parametrize("samples", [200, 2000])
def test_counts_are_those_of_numpy(samples: int) -> None:
    made = trainer(samples)
    answer = measured(made)
    expected = outputs(made)
    assert answer.examples == min(SAMPLE, int(samples * 0.8))
    assert [layer.node for layer in answer.layers] == [str(layer["id"]) for layer in LAYERS]
    for layer in answer.layers:
        values = expected[layer.node].ravel()
        low, high = BOUNDS.get(layer.node, (-1000.0, 1000.0))
        assert (layer.low, layer.high, layer.symlog) == (low, high, layer.node not in BOUNDS)
        places = edges(low, high, layer.symlog)
        np.testing.assert_array_equal(layer.counts, np.histogram(values[values != 0], places)[0])
        assert layer.zeros == (values == 0).sum()
        assert (layer.under, layer.over, layer.nan, layer.infinite) == (0, 0, 0, 0)
        assert layer.least == pytest.approx(values.min(), rel=1e-12)
        assert layer.most == pytest.approx(values.max(), rel=1e-12)
    relu = next(layer for layer in answer.layers if layer.node == "a2")
    assert relu.zeros > 0
    assert relu.counts[: BINS // 2].sum() == 0


@pytest.mark.parametrize("scale", [1.0, 300.0, 1e25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_left_out_and_nothing_counted_twice(dtype: str, scale: float) -> None:
    made = trainer(dtype=dtype, scale=scale)
    for layer in measured(made).layers:
        width = made.network.structure.shapes[layer.node][0]
        counted = int(layer.counts.sum()) + layer.zeros + layer.nan + layer.infinite + layer.under + layer.over
        assert counted == 160 * width, layer.node
        if dtype == "float64" and layer.nan == layer.infinite == 0:
            values = outputs(made)[layer.node]
            assert (layer.under, layer.over) == ((values < layer.low).sum(), (values > layer.high).sum())
    if scale == 300.0:
        h2 = measured(made).layers[2]
        assert h2.under > 0
        assert h2.over > 0


def test_before_an_activation_is_what_comes_into_it() -> None:
    made = trainer()
    expected, answer = outputs(made), Histograms(before=True).measure(made)
    assert answer.before
    assert [layer.node for layer in answer.layers] == ["a1", "a2", "a3", "p"]
    for layer, source in zip(answer.layers, ("h1", "h2", "h3", "out"), strict=True):
        values, places = expected[source].ravel(), edges(-1000.0, 1000.0, symlog=True)
        np.testing.assert_array_equal(layer.counts, np.histogram(values, places)[0])
        assert (layer.symlog, layer.low, layer.high) == (True, -1000.0, 1000.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_by_decades_are_the_sizes(dtype: str) -> None:
    rng = np.random.default_rng(2)
    values = (rng.choice([-1.0, 1.0], 5000) * 10 ** rng.uniform(-9, 3, 5000)).astype(dtype)
    values[:7] = [0.0, -0.0, np.nan, np.inf, -np.inf, 3e-8, 2e3]
    made = counted(open_backend("cpu", dtype), "h1", values, (1e-6, 1e2), decades=True)
    size = np.abs(values[np.isfinite(values) & (values != 0)]).astype("float64")
    assert (made.zeros, made.nan, made.infinite) == (2, 1, 2)
    assert (made.under, made.over) == ((size < 1e-6).sum(), (size > 1e2).sum())
    inside = np.log10(size[(size >= 1e-6) & (size <= 1e2)])
    expected = np.histogram(inside, np.linspace(-6, 2, BINS + 1))[0]
    assert np.abs(np.asarray(made.counts) - expected).sum() <= (2 if dtype == "float32" else 0)
    assert made.counts.sum() == len(inside)
    np.testing.assert_allclose(edges(1e-6, 1e2, False, True)[[0, 32, 64]], [1e-6, 1e-2, 1e2])


def test_what_is_no_number_is_counted_apart() -> None:
    made = trainer()
    state = made.network.parameters()
    state["h1.bias"][0] = np.nan
    state["h1.bias"][1] = np.inf
    state["h1.bias"][2] = -np.inf
    made.network.load_parameters(state)
    h1 = measured(made).layers[0]
    assert (h1.nan, h1.infinite, int(h1.counts.sum())) == (160, 320, 480)
    assert np.isfinite([h1.least, h1.most]).all()
    h2 = measured(made).layers[2]
    assert h2.nan == 160 * 5
    assert np.isnan([h2.least, h2.most]).all()


@pytest.mark.parametrize(("low", "high", "symlog"), [(-1000.0, 1000.0, True), (-1.0, 1.0, False), (0.0, 1.0, False)])
def test_edges_span_the_range_evenly(low: float, high: float, symlog: bool) -> None:
    places = edges(low, high, symlog)
    assert len(places) == BINS + 1
    assert (places[0], places[-1]) == (pytest.approx(low), pytest.approx(high))
    even = np.arcsinh(places / 0.1) if symlog else places
    np.testing.assert_allclose(np.diff(even), np.diff(even)[0], rtol=1e-9)


def test_looking_changes_nothing() -> None:
    made = trainer()
    before = made.snapshot()
    measured(made)
    after = made.snapshot()
    assert before.values.tobytes() == after.values.tobytes()
    other = trainer()
    assert made.update() == other.update()


def test_layers_with_weights_are_looked_at_only_when_asked_for() -> None:
    made = trainer()
    drawn, layers = made.network.structure.drawn, made.network.structure.layers
    without = [node for node in drawn if layers[node].kind() != "dense" or node == drawn[-1]]
    assert [h.node for h in Histograms().measure(made).layers] == without
    assert [h.node for h in Histograms(weighted=True).measure(made).layers] == list(drawn)
    assert len(without) < len(drawn)


def in_both_modes(kind: dict[str, object]) -> tuple[Any, Any]:
    """The histograms of a layer behind a dense layer, in inference and as a training step would see it."""
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 8, "init": "normal", "init_std": 1.0},
        {"id": "node", **kind},
    ]
    data: dict[str, object] = {"kind": "noise", "shape": [4], "samples": 200, "validation": 0.0}
    made = Trainer(project([*layers, {"id": "out", "kind": "dense", "units": 1}], data=data))
    before = {name: array.tobytes() for name, array in made.network.state().items()}
    found = []
    for training in (False, True):
        answer = Histograms(weighted=True, training=training).measure(made)
        found.append(next(layer for layer in answer.layers if layer.node == "node"))
    assert {name: array.tobytes() for name, array in made.network.state().items()} == before
    return found[0], found[1]


def test_dropout_is_seen_at_work_only_in_training() -> None:
    inference, training = in_both_modes({"kind": "dropout", "rate": 0.25})
    assert inference.zeros == 0
    assert abs(training.zeros / 1600 - 0.25) < 0.05
    assert training.most == pytest.approx(inference.most / 0.75, rel=0.5)


def test_batch_norm_is_seen_by_the_batch_only_in_training() -> None:
    inference, training = in_both_modes({"kind": "batch_norm", "momentum": 1.0})
    places = edges(training.low, training.high, training.symlog)
    middles = (places[1:] + places[:-1]) / 2

    def spread(histogram: Any) -> float:
        share = histogram.counts / histogram.counts.sum()
        mean = (share * middles).sum()
        return float(np.sqrt((share * (middles - mean) ** 2).sum()))

    assert spread(training) == pytest.approx(1, abs=0.1)
    assert spread(inference) > 1.5  # nobody has trained: the running averages are still 0 and 1
