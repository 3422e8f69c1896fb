"""Plans are bound once and kept, as long as they do not hold too much."""

import numpy as np
import pytest

from engine import network as module
from engine.network import Network, plan_units
from engine.plan import Plan
from engine.probes.boundary import Boundary
from engine.probes.confusion import Confusion
from engine.probes.derivative import Derivative
from engine.probes.histograms import Histograms
from engine.probes.neuron import Neuron
from engine.probes.representation import Representation
from engine.probes.units import Units
from engine.trainer import Trainer
from tests.engine.cases import project

LAYERS: list[dict[str, object]] = [
    {"id": "h", "kind": "dense", "units": 5},
    {"id": "a", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 2},
]
PICTURES = (Boundary(30), Histograms(), Histograms(training=True), Derivative(), Confusion())
PICTURES += (Neuron("a", 1), Representation(), Units(("a",)))


@pytest.fixture
def network() -> Network:
    return trainer().network


def trainer() -> Trainer:
    return Trainer(project(LAYERS, "cross_entropy", {"kind": "noise", "shape": [2], "classes": 2, "samples": 700}))


def test_a_second_look_binds_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made, bound = trainer(), []
    begin = Plan.__init__

    def counting(self: Plan, *arguments: object, **more: object) -> None:
        bound.append(arguments[3])
        begin(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Plan, "__init__", counting)
    for detail in (1.0, 0.25):
        for probe in PICTURES:
            probe.measure(made, detail)
    assert len(bound) > 8
    bound.clear()
    for detail in (1.0, 0.25):
        for probe in PICTURES:
            probe.measure(made, detail)
    assert bound == []


def test_of_too_many_numbers_the_oldest_plans_go(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_NUMBERS", 30 * network._widths())
    first, second = network.plan(10, "predict"), network.plan(9, "train")
    assert network.plan(10, "predict") is first
    network.plan(5, "predict")  # 10 + 2 · 9 + 5 columns: one too many plans, and it is not the one used last
    assert network.plan(10, "predict") is first
    assert network.plan(9, "train") is not second
    large = network.plan(100, "predict")  # alone, however large
    assert network.plan(100, "predict") is large


def test_an_output_in_pieces_is_that_of_one_plan(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(23, 2))
    whole = network.walk(x).output.value.T.copy()
    monkeypatch.setattr(module, "NEAR", 10 * network._widths())
    pieces: list[int] = []
    plan = network.plan

    def counting(batch: int, use: str) -> Plan:
        pieces.append(batch)
        return plan(batch, use)

    monkeypatch.setattr(network, "plan", counting)
    np.testing.assert_allclose(network.predict(x), whole, rtol=1e-6, atol=1e-7)
    assert pieces == [8, 8, 8]
    monkeypatch.setattr(module, "MOST_NUMBERS", 11 * network._widths())
    np.testing.assert_allclose(network.predict(x), whole, rtol=1e-6, atol=1e-7)
    assert network.predict(x[:0]).shape == (0, plan_units(network))
