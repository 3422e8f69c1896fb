"""Single weights and their size against the network's own parameters, in plain NumPy."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import connections as probe
from engine.probes.connections import Connections
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 7},
    {"id": "n1", "kind": "layer_norm"},
    {"id": "a1", "kind": "tanh"},
    {"id": "h2", "kind": "dense", "units": 40},
    {"id": "out", "kind": "dense", "units": 2},
]


def trainer(**kwargs: object) -> Trainer:
    return Trainer(project(LAYERS, data={"kind": "noise", "shape": [5], "targets": 2, "samples": 40}), **kwargs)


def test_narrow_layers_tell_every_weight_and_all_tell_their_size() -> None:
    made = trainer(dtype="float64")
    made.run(20)
    state, found = made.network.parameters(), {layer.node: layer for layer in Connections().measure(made).layers}
    assert list(found) == ["h1", "n1", "h2", "out"]
    for node, layer in found.items():
        weights = state[f"{node}.weight"]
        assert layer.shape == weights.shape
        assert layer.size == pytest.approx(np.linalg.norm(weights) / np.sqrt(weights.size), rel=1e-12)
    np.testing.assert_array_equal(found["h1"].values, state["h1.weight"].astype(np.float32))
    np.testing.assert_array_equal(found["out"].values, state["out.weight"].astype(np.float32))
    assert found["h2"].values is None, "280 weights are too many"
    assert found["n1"].values is None, "and a scale for each unit is no matrix"


def test_of_many_weights_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(dtype="float64")
    monkeypatch.setattr(probe, "SAMPLE", 100)
    weights = made.network.parameters()["h2.weight"].ravel()[::3]  # 280 of 100
    (size,) = (layer.size for layer in Connections().measure(made).layers if layer.node == "h2")
    assert size == pytest.approx(np.sqrt(np.mean(weights**2)))


@pytest.mark.parametrize("value", [1e200, -1e200, np.nan, np.inf])
def test_large_numbers_do_not_overflow_and_what_is_no_number_is_told(value: float) -> None:
    made = trainer(dtype="float64")
    made.network.load_parameters({**made.network.parameters(), "out.weight": np.full((2, 40), value)})
    (out,) = (layer for layer in Connections().measure(made).layers if layer.node == "out")
    assert out.size == pytest.approx(abs(value), nan_ok=True)


def test_zero_weights_have_no_size() -> None:
    made = trainer()
    made.network.load_parameters({**made.network.parameters(), "out.weight": np.zeros((2, 40))})
    assert [layer.size for layer in Connections().measure(made).layers if layer.node == "out"] == [0.0]


def test_a_tied_layer_tells_the_weights_turned_round() -> None:
    tied = [{"id": "h1", "kind": "dense", "units": 3}, {"id": "back", "kind": "tied", "to": "h1", "units": 5}]
    made = Trainer(project(tied, "mse", data={"kind": "noise", "shape": [5], "targets": 5, "samples": 40}))
    there, back = Connections().measure(made).layers
    assert (there.shape, back.shape) == ((3, 5), (5, 3))
    np.testing.assert_array_equal(back.values, there.values.T)


def test_it_runs_on_a_device_and_changes_nothing() -> None:
    made = project(LAYERS, data={"kind": "noise", "shape": [5], "targets": 2, "samples": 40})
    there, here = Trainer(made, backend=Backend(strict, "strict", "float32")), Trainer(made)
    before = here.network.parameters()
    answers = [Connections().measure(trainer) for trainer in (there, here)]
    for mine, theirs in zip(answers[0].layers, answers[1].layers, strict=True):
        assert mine.size == pytest.approx(theirs.size, rel=1e-6)
        assert type(mine.values) is type(theirs.values)
    for name, now in here.network.parameters().items():
        np.testing.assert_array_equal(now, before[name])
