"""One unit's numbers, against plain NumPy and finite differences."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.graph import Structure
from engine.probes.boundary import grid
from engine.probes.neuron import BINS, DRIVEN, Neuron, NeuronAnswer
from engine.probes.wiring import line_into, lines_from
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project, project_json, sigmoid
from tests.strict_array import strict

XOR: dict[str, object] = {"kind": "xor", "samples": 80, "validation": 0.25}
LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 5},
    {"id": "a1", "kind": "tanh"},
    {"id": "h2", "kind": "dense", "units": 3},
    {"id": "a2", "kind": "relu"},
    {"id": "out", "kind": "dense", "units": 1},
]


def trained(layers: list[dict[str, object]] = LAYERS, data: dict[str, object] = XOR, **training: object) -> Trainer:
    made = Trainer(project(layers, "binary_cross_entropy", data, **training), dtype="float64")
    made.run(20)
    return made


def asked(made: Trainer, node: str, unit: int = 0) -> NeuronAnswer:
    answer = Neuron(node, unit).measure(made)
    assert answer is not None
    return answer


def by_hand(made: Trainer, x: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Every node's output, examples as rows, without the engine."""
    w, h = made.network.parameters(), {}
    h["h1"] = x @ w["h1.weight"].T + w["h1.bias"]
    h["a1"] = np.tanh(h["h1"])
    h["h2"] = h["a1"] @ w["h2.weight"].T + w["h2.bias"]
    h["a2"] = np.maximum(h["h2"], 0)
    h["out"] = h["a2"] @ w["out.weight"].T + w["out.bias"]
    return h


def loss(made: Trainer, z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    y = made.data.y[:, None]
    p = sigmoid(z)
    losses: np.ndarray[Any, Any] = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return losses


@pytest.mark.parametrize(("node", "unit"), [("h1", 4), ("a1", 0), ("a1", 3), ("a2", 2), ("out", 0)])
def test_outputs_and_their_spread_are_the_networks(node: str, unit: int) -> None:
    made = trained()
    answer, h = asked(made, node, unit), by_hand(made, made.data.x)[node][:, unit]
    told = answer.answers
    assert (answer.node, answer.unit, answer.units) == (node, unit, made.network.structure.shapes[node][0])
    assert (answer.step, answer.extent.examined, answer.extent.count) == (20, 60, 60)
    assert (told.mean, told.deviation, told.least, told.most) == pytest.approx((h.mean(), h.std(), h.min(), h.max()))
    assert told.counts.sum() + told.zeros.sum() + told.lost == 60
    edges = np.linspace(told.low, told.high, BINS + 1)
    for label in (0, 1):
        mine = h[(made.data.y == label) & (h != 0)]
        np.testing.assert_array_equal(told.counts[label], np.histogram(mine, edges)[0])
        assert told.zeros[label] == ((made.data.y == label) & (h == 0)).sum()
    assert (told.low, told.high) == {"a1": (-1, 1)}.get(node, (told.low, told.high))
    assert told.low <= h.min() <= h.max() <= told.high
    assert node != "a2" or told.low == 0


def test_the_examples_that_drive_it_most_and_least() -> None:
    made = trained()
    answer, h = asked(made, "a1", 2), by_hand(made, made.data.x)["a1"][:, 2]
    order = np.argsort(h, kind="stable")
    assert [one.index for one in answer.lowest] == order[:DRIVEN].tolist()
    assert [one.index for one in answer.highest] == order[::-1][:DRIVEN].tolist()
    for one in (*answer.lowest, *answer.highest):
        assert one.value == pytest.approx(h[one.index])
        assert one.truth == made.data.y[one.index]
        np.testing.assert_allclose(one.x, made.data.x[one.index], rtol=1e-6)


def test_the_map_is_what_it_answers_over_the_plane() -> None:
    made = trained()
    answer = asked(made, "a2", 1)
    size = len(answer.map)
    expected = by_hand(made, grid(answer.bounds, size))["a2"][:, 1].reshape(size, size)
    np.testing.assert_allclose(answer.map, expected, atol=1e-6)
    other = trained(data={"kind": "noise", "shape": [3], "samples": 40, "classes": 2})
    assert (asked(other, "a1").map, asked(other, "a1").bounds) == (None, None)


def test_weights_around_a_unit() -> None:
    made = trained()
    w = made.network.parameters()
    answer = asked(made, "a1", 3)
    assert (answer.incoming.node, answer.incoming.other, answer.incoming.total) == ("h1", "x", 2)
    np.testing.assert_array_equal(answer.incoming.values, w["h1.weight"][3])
    assert answer.incoming.bias == w["h1.bias"][3]
    (on,) = answer.outgoing
    assert (on.node, on.total) == ("h2", 3)
    np.testing.assert_array_equal(on.values, w["h2.weight"][:, 3])
    assert np.isnan(on.bias)
    assert asked(made, "out").outgoing == ()
    np.testing.assert_array_equal(asked(made, "h2", 1).incoming.values, w["h2.weight"][1])


@pytest.mark.parametrize(("node", "unit"), [("a1", 3), ("h2", 0)])
def test_gradients_are_the_slopes_of_the_loss(node: str, unit: int) -> None:
    """Central differences of the mean loss over all training examples."""
    made = trained()
    answer = asked(made, node, unit)
    weights = made.network.parameters()

    def slope(name: str, place: tuple[int, ...]) -> float:
        ends = []
        for step in (1e-6, -1e-6):
            moved = {key: array.copy() for key, array in weights.items()}
            moved[name][place] += step
            made.network.load_parameters(moved)
            ends.append(loss(made, by_hand(made, made.data.x)["out"]).mean())
        made.network.load_parameters(weights)
        return (ends[0] - ends[1]) / 2e-6

    into, (on,) = answer.incoming, answer.outgoing
    expected = [slope(f"{into.node}.weight", (unit, k)) for k in range(into.total)]
    np.testing.assert_allclose(into.gradient, expected, rtol=1e-5, atol=1e-9)
    assert into.bias_gradient == pytest.approx(slope(f"{into.node}.bias", (unit,)), rel=1e-5, abs=1e-9)
    expected = [slope(f"{on.node}.weight", (k, unit)) for k in range(on.total)]
    np.testing.assert_allclose(on.gradient, expected, rtol=1e-5, atol=1e-9)


def test_delta_is_what_an_examples_own_loss_gives_back() -> None:
    made = trained()
    w, h = made.network.parameters(), by_hand(made, made.data.x)
    by_output = sigmoid(h["out"]) - made.data.y[:, None]
    by_h2 = by_output * w["out.weight"] * (h["h2"] > 0)
    assert asked(made, "a2", 1).delta == pytest.approx(np.sqrt(np.mean((by_output * w["out.weight"])[:, 1] ** 2)))
    assert asked(made, "h2", 1).delta == pytest.approx(np.sqrt(np.mean(by_h2[:, 1] ** 2)))
    assert asked(made, "a1", 4).delta == pytest.approx(np.sqrt(np.mean((by_h2 @ w["h2.weight"])[:, 4] ** 2)))
    assert asked(made, "out").delta == pytest.approx(np.sqrt(np.mean(by_output**2)))


def test_saturated_and_dead() -> None:
    made = trained()
    weights = made.network.parameters()
    weights["h1.weight"][1] *= 40
    weights["h2.bias"][2] = -100.0
    made.network.load_parameters(weights)
    h = by_hand(made, made.data.x)
    answer = asked(made, "a1", 1)
    assert answer.saturated == pytest.approx((1 - h["a1"][:, 1] ** 2 < 0.01).mean())
    assert answer.saturated > 0.3
    assert not answer.dead
    gone = asked(made, "a2", 2)
    assert (gone.saturated, gone.dead, gone.answers.zeros.sum()) == (1.0, True, 60)
    assert not gone.incoming.gradient.any()
    np.testing.assert_allclose(asked(made, "a2", 0).saturated, (h["h2"][:, 0] <= 0).mean())
    assert np.isnan(asked(made, "h1").saturated)


def test_unknown_nodes_and_units_beyond_the_last() -> None:
    made = trained()
    assert Neuron("none").measure(made) is None
    assert Neuron().measure(made) is None
    assert asked(made, "h2", 99).unit == 2


def test_looking_changes_nothing() -> None:
    made, other = trained(), trained()
    before = made.parameters.grads.copy()
    asked(made, "a1")
    assert made.parameters.grads.tobytes() == before.tobytes()
    assert made.run(5) == other.run(5)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


def test_numbers_that_are_none() -> None:
    made = trained()
    made.network.load_parameters({name: array * np.nan for name, array in made.network.parameters().items()})
    answer = asked(made, "a1")
    assert answer.answers.lost == 60
    assert np.isnan([answer.answers.mean, answer.answers.least, answer.delta]).all()
    assert answer.highest == answer.lowest == ()
    assert not answer.answers.counts.any()


def test_numbers_as_targets_are_not_split() -> None:
    data = {"kind": "noise", "shape": [2], "samples": 40, "targets": 1}
    made = Trainer(project(LAYERS, "mse", data), dtype="float64")
    answer = asked(made, "a1")
    assert answer.answers.counts.shape == (1, BINS)
    assert answer.highest[0].truth == pytest.approx(made.data.y[answer.highest[0].index, 0])


def test_on_a_device_the_same() -> None:
    made = project(LAYERS, "binary_cross_entropy", XOR)
    there, here = Trainer(made, backend=Backend(strict, "strict", "float64")), Trainer(made, dtype="float64")
    for node in ("h1", "a1", "a2", "out"):
        theirs, mine = asked(there, node), asked(here, node)
        assert theirs.saturated == pytest.approx(mine.saturated, nan_ok=True)
        assert theirs.delta == pytest.approx(mine.delta)
        np.testing.assert_array_equal(theirs.answers.counts, mine.answers.counts)
        np.testing.assert_array_equal(theirs.incoming.gradient, mine.incoming.gradient)
        np.testing.assert_array_equal(theirs.map, mine.map)


def structure(nodes: list[dict[str, object]], *edges: tuple[str, str]) -> Structure:
    made = project_json([], "mse", {"kind": "noise", "shape": [3], "samples": 10, "targets": 2})
    made["graph"] = {"nodes": [{"id": "x", "kind": "input"}, *nodes], "edges": [list(edge) for edge in edges]}
    return project_from(made, Path()).structure()


def test_weights_are_found_behind_nodes_that_keep_units_apart() -> None:
    nodes: list[dict[str, object]] = [
        {"id": "a", "kind": "dense", "units": 4},
        {"id": "n", "kind": "batch_norm"},
        {"id": "r", "kind": "relu"},
        {"id": "b", "kind": "dense", "units": 3},
        {"id": "c", "kind": "concat"},
        {"id": "d", "kind": "dropout"},
        {"id": "o", "kind": "dense", "units": 2},
    ]
    edges = (("x", "a"), ("a", "n"), ("n", "r"), ("x", "b"), ("b", "c"), ("r", "c"), ("c", "d"), ("d", "o"))
    found = structure(nodes, *edges)
    row = line_into(found, "d", 5)  # of the concat the first three are b's
    assert row is not None
    assert (row.node, row.other, row.index) == ("a", "x", 2)
    row = line_into(found, "c", 1)
    assert row is not None
    assert (row.node, row.index) == ("b", 1)
    assert [(line.node, line.index) for line in lines_from(found, "a", 3)] == [("o", 6)]
    assert [(line.node, line.index) for line in lines_from(found, "b", 1)] == [("o", 1)]


def test_a_skip_leads_on_twice_and_a_sum_has_no_row_of_its_own() -> None:
    nodes: list[dict[str, object]] = [
        {"id": "a", "kind": "dense", "units": 4},
        {"id": "b", "kind": "dense", "units": 4},
        {"id": "s", "kind": "add"},
        {"id": "o", "kind": "dense", "units": 2},
    ]
    found = structure(nodes, ("x", "a"), ("a", "b"), ("a", "s"), ("b", "s"), ("s", "o"))
    assert line_into(found, "s", 1) is None
    assert [(line.node, line.index) for line in lines_from(found, "a", 1)] == [("b", 1), ("o", 1)]


def test_weights_tied_to_others_are_turned_round() -> None:
    layers: list[dict[str, object]] = [
        {"id": "code", "kind": "dense", "units": 2},
        {"id": "a", "kind": "tanh"},
        {"id": "back", "kind": "tied", "to": "code", "units": 4},
    ]
    made = Trainer(
        project(layers, "mse", {"kind": "noise", "shape": [4], "samples": 20, "targets": 4}), dtype="float64"
    )
    weights = made.network.parameters()["code.weight"]
    answer = asked(made, "back", 3)
    np.testing.assert_array_equal(answer.incoming.values, weights[:, 3])
    (on,) = asked(made, "a", 1).outgoing
    assert on.node == "back"
    np.testing.assert_array_equal(on.values, weights[1])


def test_a_maxout_has_no_single_row_but_passes_on() -> None:
    nodes: list[dict[str, object]] = [
        {"id": "a", "kind": "dense", "units": 4},
        {"id": "m", "kind": "maxout", "units": 3, "pieces": 2},
        {"id": "o", "kind": "dense", "units": 2},
    ]
    found = structure(nodes, ("x", "a"), ("a", "m"), ("m", "o"))
    assert line_into(found, "m", 1) is None
    assert [(line.node, line.index) for line in lines_from(found, "a", 1)] == [("m", 1)]


def test_inputs_have_their_names() -> None:
    made = Trainer(project([{"id": "out", "kind": "dense", "units": 3}], "cross_entropy", {"kind": "iris"}))
    (first, *_) = names = asked(made, "out", 1).incoming.names
    assert len(names) == 4
    assert "sepal" in first
    assert asked(trained(), "h2").incoming.names == ()
    turned = Trainer(
        project([{"id": "out", "kind": "dense", "units": 3}], "cross_entropy", {"kind": "iris", "preprocess": "pca"})
    )
    assert (asked(turned, "out").incoming.names, asked(turned, "out").incoming.mixed) == ((), True)
