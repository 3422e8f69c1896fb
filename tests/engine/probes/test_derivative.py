"""What each layer lets through: slopes against differences of the formulas, δ against a way back written by hand."""

from pathlib import Path

import numpy as np
import pytest

from engine.backend import Backend
from engine.catalogue import LAYERS as KINDS
from engine.layers.base import Activation
from engine.probes.derivative import Derivative, DerivativeAnswer
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import LAYER_CASES, LayerCase, project, project_json, walk
from tests.strict_array import strict

DATA: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": 100, "validation": 0.2}
SMOOTH = [
    case
    for case in LAYER_CASES
    if issubclass(KINDS[str(case.declared["kind"])], Activation) and case.name not in ("softmax", "log_softmax")
]


def chain(*kinds: str, units: int = 6, last: str = "softmax") -> list[dict[str, object]]:
    layers: list[dict[str, object]] = []
    for i, kind in enumerate(kinds):
        layers += [{"id": f"h{i}", "kind": "dense", "units": units}, {"id": f"a{i}", "kind": kind}]
    return [*layers, {"id": "out", "kind": "dense", "units": 3}, {"id": "p", "kind": last}]


def trainer(layers: list[dict[str, object]], scale: float = 1.0, dtype: str = "float64") -> Trainer:
    made = Trainer(project(layers, "cross_entropy", DATA), dtype=dtype)
    rng = np.random.default_rng(4)
    state = made.network.parameters()
    made.network.load_parameters({name: rng.normal(0, scale, a.shape) for name, a in state.items()})
    return made


@pytest.mark.parametrize("case", SMOOTH, ids=lambda case: case.name)
def test_slopes_are_the_differences_of_the_formula(case: LayerCase) -> None:
    layers = [
        {"id": "h0", "kind": "dense", "units": 4},
        *({"id": f"before{i}", **declared} for i, declared in enumerate(case.before)),
        {"id": "a0", **case.declared},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    made, h = trainer(layers, 1.5), 1e-6
    found = {layer.histogram.node: layer for layer in Derivative().measure(made).layers}["a0"]
    values = walk(made.project, made.network.parameters(), made.data.x[:80])
    a = values[f"before{len(case.before) - 1}" if case.before else "h0"]
    slope = np.abs(case.values(a + h, {}) - case.values(a - h, {})) / (2 * h)
    assert found.mean == pytest.approx(slope.mean(), rel=1e-6)
    assert found.rms == pytest.approx(np.sqrt((slope**2).mean()), rel=1e-6)
    histogram, ends = found.histogram, np.linspace(0, found.steepest, 65)
    assert histogram.counts.sum() + histogram.zeros == a.size
    if np.isfinite(found.steepest):
        high = np.minimum(slope, found.steepest)
        off = np.abs(histogram.counts - np.histogram(high[high > 1e-9], ends)[0]).sum()
        assert off <= (2 * (high < 1e-9).sum() + 4)  # what the differences leave of zero, and at the edges of bins


@pytest.mark.parametrize(("kind", "steepest"), [("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0)])
def test_no_more_than_the_steepest_gets_through(kind: str, steepest: float) -> None:
    made = trainer(chain(kind, kind), 0.3)
    for layer in Derivative().measure(made).layers:
        assert layer.steepest == steepest
        assert layer.mean <= layer.rms <= steepest
        assert layer.histogram.over == 0


def by_hand(made: Trainer) -> dict[str, tuple[float, float]]:
    """(rms of δ after, and before) of each node of a chain of dense layers and tanh, example by example."""
    p, nodes = made.network.parameters(), [node.id for node in made.project.graph.nodes[1:-1]]
    x, y = made.data.x[:80], made.data.y[:80]
    values = walk(made.project, p, x)
    delta = np.array([probability - np.eye(3)[label] for probability, label in zip(values["p"], y, strict=True)]) / 80
    found = {}
    for node in reversed(nodes):
        after = np.sqrt((delta**2).mean())
        delta = delta * (1 - values[node] ** 2) if node.startswith("a") else delta @ p[f"{node}.weight"]
        found[node] = (after, np.sqrt((delta**2).mean()))
    return found


def test_delta_is_that_of_a_way_back_by_hand() -> None:
    made = trainer(chain("tanh", "tanh", "tanh"), 0.7)
    answer, expected = Derivative().measure(made), by_hand(made)
    assert [passage.node for passage in answer.way] == ["h0", "a0", "h1", "a1", "h2", "a2", "out"]
    assert answer.examples == 80
    for passage in answer.way:
        after, before = expected[passage.node]
        assert passage.alone
        assert passage.after == pytest.approx(after, rel=1e-9)
        if passage.node != "h0":  # nobody asks for the gradient of the examples
            assert passage.before == pytest.approx(before, rel=1e-9)
            assert passage.factor == pytest.approx(before / after, rel=1e-9)
    assert np.isnan(answer.way[0].before)


def factors(answer: DerivativeAnswer) -> tuple[float, float]:
    """Of the whole way, and the product of each node's."""
    product = float(np.prod([passage.factor for passage in answer.way[1:]]))
    return answer.way[0].after / answer.way[-1].after, product


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "relu", "elu", "gelu"])
def test_the_product_of_the_factors_is_the_whole_loss(kind: str) -> None:
    whole, product = factors(Derivative().measure(trainer(chain(*[kind] * 6), 0.5)))
    assert product == pytest.approx(whole, rel=1e-9)
    if kind == "sigmoid":
        assert whole < 0.25**6 * 10


def test_saturated_layers_pile_up_at_zero() -> None:
    """Weights ten times as large: nearly every slope in the first bin, and the activations' factor falls with it."""
    small, large = (Derivative().measure(trainer(chain("tanh", "tanh"), scale)) for scale in (0.2, 20.0))
    for before, after in zip(small.layers, large.layers, strict=True):
        share = (after.histogram.counts[0] + after.histogram.zeros) / (80 * 6)
        assert share > 0.8
        assert before.histogram.counts[0] + before.histogram.zeros == 0
        assert after.rms < 0.4 < before.rms


def test_where_ways_meet_a_node_is_not_alone() -> None:
    layers = chain("tanh", "tanh")
    told = project_json([*layers[:4], {"id": "sum", "kind": "add"}, *layers[4:]], "cross_entropy", DATA)
    told["graph"]["edges"].insert(4, ["a0", "sum", 1])
    answer = Derivative().measure(Trainer(project_from(told, Path()), dtype="float64"))
    alone = {passage.node: passage.alone for passage in answer.way}
    assert alone == {"h0": True, "a0": True, "h1": False, "a1": True, "sum": False, "out": True}
    assert [np.isnan(passage.before) for passage in answer.way] == [True, False, False, False, True, False]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["sigmoid", "relu", "gelu"])
def test_on_a_device_it_is_the_same_and_looking_changes_nothing(dtype: str, kind: str) -> None:
    made = project(chain(kind, kind), "cross_entropy", DATA)
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    mine, theirs = Derivative().measure(there), Derivative().measure(here)
    assert repr(mine.way) == repr(theirs.way)
    for one, other in zip(mine.layers, theirs.layers, strict=True):
        assert one.histogram.counts.tobytes() == other.histogram.counts.tobytes()
        assert (one.mean, one.rms) == (other.mean, other.rms)
    assert here.update() == Trainer(made, dtype=dtype).update()


def test_what_is_no_number_is_told() -> None:
    made = trainer(chain("tanh"))
    state = made.network.parameters()
    state["h0.bias"][0] = np.nan
    made.network.load_parameters(state)
    answer = Derivative().measure(made)
    assert answer.layers[0].histogram.nan == 80
    assert np.isnan(answer.layers[0].rms)
    assert all(np.isnan(passage.factor) for passage in answer.way)
