"""Units one by one against plain NumPy: means, spreads, bins, and which are saturated or dead."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import unit_spread
from engine.probes.histograms import LINEAR, REACH
from engine.probes.unit_shares import UnitShares
from engine.probes.unit_spread import UNIT_BINS, UnitSpread
from engine.trainer import Trainer
from tests.engine.cases import project, walk
from tests.engine.probes.test_histograms import BOUNDS, LAYERS, trainer
from tests.strict_array import strict

KINDS = {str(layer["id"]): layer["kind"] for layer in LAYERS}
SLOPES = {
    "tanh": (lambda a, h: 1 - np.tanh(a) ** 2, 0.01),
    "sigmoid": (lambda a, h: np.exp(-a) / (1 + np.exp(-a)) ** 2, 0.0025),
    "relu": (lambda a, h: (a > 0) * 1.0, 0.0),
    "softmax": (lambda a, h: h - h**2, 0.0025),
}


def outputs(made: Trainer) -> dict[str, np.ndarray]:
    return walk(made.project, made.network.parameters(), made.data.x[:160])


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("node", [str(layer["id"]) for layer in LAYERS])
def test_every_unit_is_that_of_numpy(node: str, before: bool) -> None:
    made = trainer(scale=3.0)
    answer, nodes = UnitSpread(node, before=before).measure(made), outputs(made)
    assert answer is not None
    sources = dict(zip(KINDS, ["x", *KINDS], strict=False))
    shifted = before and KINDS[node] != "dense"
    values = nodes[sources[node] if shifted else node]
    assert (answer.node, answer.units, answer.first, answer.examples) == (node, values.shape[1], 0, 160)
    np.testing.assert_allclose(answer.mean, values.mean(axis=0), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(answer.std, values.std(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(answer.zeros, (values == 0).mean(axis=0))
    assert not answer.apart.any()
    if node in BOUNDS and not shifted:
        ends = np.linspace(*BOUNDS[node], UNIT_BINS + 1)
    else:
        reach = np.arcsinh(REACH / LINEAR)
        ends = LINEAR * np.sinh(np.linspace(-reach, reach, UNIT_BINS + 1))
    for unit in range(answer.units):
        column = values[:, unit]
        np.testing.assert_array_equal(answer.counts[unit], np.histogram(column[column != 0], ends)[0])


def test_the_saturated_and_the_dead_are_named() -> None:
    made = trainer(scale=3.0)
    state = made.network.parameters()
    state["h1.bias"][1], state["h2.bias"][2], state["h3.bias"][0] = 40.0, -400.0, 30.0
    made.network.load_parameters(state)
    nodes, answers = outputs(made), {layer.node: layer for layer in UnitShares().measure(made).layers}
    assert list(answers) == ["a1", "a2", "a3", "p"]
    for node, source in (("a1", "h1"), ("a2", "h2"), ("a3", "h3"), ("p", "out")):
        slope, limit = SLOPES[str(KINDS[node])]
        slopes = slope(nodes[source], nodes[node])
        saturated = (slopes < limit) if limit else slopes == 0
        np.testing.assert_allclose(answers[node].saturated, saturated.mean(axis=0), rtol=1e-6)
        np.testing.assert_array_equal(answers[node].dead, (slopes == 0).all(axis=0))
        one = UnitSpread(node).measure(made)
        assert one is not None
        np.testing.assert_allclose(one.saturated, saturated.mean(axis=0))
        np.testing.assert_array_equal(one.dead, answers[node].dead)
    assert answers["a1"].saturated[1] == 1
    assert answers["a2"].dead.tolist()[2]
    assert answers["a3"].saturated[0] > 0.9


def test_what_is_no_number_and_what_no_bin_holds_is_told_apart() -> None:
    made = trainer()
    state = made.network.parameters()
    state["h1.bias"][0], state["h1.bias"][1], state["h1.bias"][2] = np.nan, np.inf, 5000.0
    made.network.load_parameters(state)
    answer = UnitSpread("h1").measure(made)
    assert answer is not None
    assert answer.apart.tolist() == [1, 1, 1, 0, 0, 0]
    assert answer.counts.sum(axis=1).tolist() == [0, 0, 0, 160, 160, 160]
    assert np.isnan(answer.mean[0])
    assert UnitSpread("none").measure(made) is None


def test_of_wide_layers_a_part_of_the_units_has_histograms(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer()
    whole = UnitSpread("h1").measure(made)
    monkeypatch.setattr(unit_spread, "MOST_UNITS", 2)
    part, end = UnitSpread("h1", first=3).measure(made), UnitSpread("h1", first=99).measure(made)
    assert whole is not None
    assert part is not None
    assert end is not None
    assert (part.first, end.first, len(part.counts), len(part.mean)) == (3, 4, 2, 6)
    np.testing.assert_array_equal(part.counts, whole.counts[3:5])
    np.testing.assert_array_equal(end.counts, whole.counts[4:])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("node", ["a1", "a2", "out"])
def test_on_a_device_it_is_the_same_and_looking_changes_nothing(dtype: str, node: str) -> None:
    data: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": 200, "validation": 0.2}
    made = project(LAYERS, "cross_entropy", data)
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    mine, theirs = UnitSpread(node).measure(there), UnitSpread(node).measure(here)
    assert mine is not None
    assert theirs is not None
    for name in mine.__struct_fields__:
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    for one, other in zip(UnitShares().measure(there).layers, UnitShares().measure(here).layers, strict=True):
        assert one.saturated.tobytes() == other.saturated.tobytes()
        assert one.dead.tobytes() == other.dead.tobytes()
    assert here.update() == Trainer(made, dtype=dtype).update()
