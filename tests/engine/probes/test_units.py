"""Each unit's picture against the same sums written out in NumPy."""

import numpy as np
import pytest

from engine.probes.boundary import Boundary, plane
from engine.probes.units import MOST_VALUES, Units, UnitsAnswer
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 5},
    {"id": "a1", "kind": "tanh"},
    {"id": "drop", "kind": "dropout", "rate": 0.5},
    {"id": "h2", "kind": "dense", "units": 3},
    {"id": "a2", "kind": "relu"},
    {"id": "out", "kind": "dense", "units": 1},
]
NODES = ("h1", "a1", "drop", "h2", "a2", "out")


def made(preprocess: str = "none", **more: object) -> Trainer:
    data = {"kind": "noise", "shape": [2], "samples": 60, "classes": 2, "preprocess": preprocess}
    trainer = Trainer(project(LAYERS, "binary_cross_entropy", data), dtype="float64", **more)  # type: ignore[arg-type]
    trainer.run(30)
    return trainer


def asked(trainer: Trainer, probe: Units, detail: float = 1.0) -> UnitsAnswer:
    answer = probe.measure(trainer, detail)
    assert answer is not None
    return answer


@pytest.mark.parametrize("preprocess", ["none", "standardize", "whiten"])
def test_every_unit_is_what_the_sums_say_at_every_place(preprocess: str) -> None:
    trainer = made(preprocess)
    answer = asked(trainer, Units(NODES, 7, 9))
    left, right, low, high = answer.bounds
    assert answer.bounds == plane(trainer)
    found = {layer.node: layer for layer in answer.layers}
    assert tuple(found) == NODES
    w, state = trainer.network.parameters(), trainer.network.preprocess.state()
    for row in range(7):
        for column in range(7):
            x = np.array([left + (column + 0.5) * (right - left) / 7, low + (row + 0.5) * (high - low) / 7])
            if preprocess == "standardize":
                x = (x - state["preprocess.mean"]) / state["preprocess.scale"]
            elif preprocess == "whiten":
                x = trainer.network.prepared(x[None])[0]
            h1 = w["h1.weight"] @ x + w["h1.bias"]
            a1 = np.tanh(h1)
            h2 = w["h2.weight"] @ a1 + w["h2.bias"]
            a2 = np.maximum(h2, 0)
            out = w["out.weight"] @ a2 + w["out.bias"]
            for node, expected in zip(NODES, (h1, a1, a1, h2, a2, out), strict=True):
                seen = found[node].values[:, row, column]
                assert found[node].values.dtype == np.float32
                np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-6, err_msg=node)


def test_the_decision_is_that_of_the_boundary_probe() -> None:
    trainer = made()
    answer, alone = asked(trainer, Units(("a1",), 12)), Boundary(12).measure(trainer)
    assert alone is not None
    np.testing.assert_array_equal(answer.decision.values, alone.values)
    assert (answer.decision.probability, answer.decision.bounds) == (True, alone.bounds)


def test_what_is_left_out_is_said() -> None:
    trainer = made()
    (layer,) = asked(trainer, Units(("h1",), 6, 2)).layers
    assert (layer.values.shape, layer.units) == ((2, 6, 6), 5)
    whole = asked(trainer, Units(("h1",), 6, 9)).layers[0]
    np.testing.assert_array_equal(layer.values, whole.values[:2])
    answer = asked(trainer, Units(("a9", "h1", "h1"), 6))
    assert [layer.node for layer in answer.layers] == ["h1"], "a node of another network is passed over"


def test_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = made()
    monkeypatch.setattr("engine.probes.units.MOST_VALUES", 12 * 25)
    answer = asked(trainer, Units(NODES, 5, 8))
    assert [layer.values.shape for layer in answer.layers] == [(2, 5, 5)] * 5 + [(1, 5, 5)]
    assert answer.left_out == ()
    monkeypatch.setattr("engine.probes.units.MOST_VALUES", 2 * 25)
    answer = asked(trainer, Units(NODES, 5, 8))
    assert [layer.node for layer in answer.layers] == ["h1", "a1"]
    assert answer.left_out == ("drop", "h2", "a2", "out")
    assert sum(layer.values.size for layer in answer.layers) <= 2 * 25 < MOST_VALUES


def test_less_detail_is_a_coarser_grid() -> None:
    trainer = made()
    answer = asked(trainer, Units(("a1",), 24), 0.25)
    assert answer.layers[0].values.shape == (5, 12, 12)
    assert answer.decision.values.shape == (12, 12)


def test_a_wide_network_is_asked_at_fewer_places(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = made()
    widths = 3 + 6 + 6 + 6 + 4 + 4 + 2
    monkeypatch.setattr("engine.probes.units.MOST_NUMBERS", widths * 17)
    assert asked(trainer, Units(("a1",), 24)).layers[0].values.shape == (5, 4, 4)


def test_other_networks_have_no_plane() -> None:
    trainer = Trainer(project(LAYERS, "binary_cross_entropy", {"kind": "noise", "shape": [3], "classes": 2}))
    assert Units(NODES).measure(trainer) is None


def test_a_look_changes_nothing() -> None:
    watched, alone = made(), made()
    for trainer in (watched, alone):
        for _ in range(5):
            trainer.step()
            if trainer is watched:
                asked(trainer, Units(NODES))
    assert {n: a.tobytes() for n, a in watched.network.state().items()} == {
        n: a.tobytes() for n, a in alone.network.state().items()
    }


def test_the_same_numbers_come_from_a_device() -> None:
    from engine.backend import Backend

    there, here = made(backend=Backend(strict, "strict", "float64")), made()
    for a, b in zip(asked(there, Units(NODES)).layers, asked(here, Units(NODES)).layers, strict=True):
        assert type(a.values) is np.ndarray
        assert a.values.tobytes() == b.values.tobytes()
