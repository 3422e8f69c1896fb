"""Probes of one look share what they have in common, and say what each says alone."""

import msgspec
import numpy as np
import pytest

from engine.network import Network
from engine.plan import Plan
from engine.probes import look, predictions
from engine.probes.arithmetic.walk import Walk
from engine.probes.base import Probe
from engine.probes.boundary import Boundary
from engine.probes.confusion import Confusion
from engine.probes.example import Part
from engine.probes.follow import Follow
from engine.probes.maps import Maps
from engine.probes.representation import Representation
from engine.probes.worst import Worst
from engine.run.measuring import Measuring
from engine.run.messages import LaneAnswer, LossBuckets, encode
from engine.trainer import Trainer
from tests.engine.cases import project

LAYERS: list[dict[str, object]] = [
    {"id": "h", "kind": "dense", "units": 5},
    {"id": "a", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 3},
]
CELL = Confusion(cell=(1, 2))
# Between the two that share, others run the network on as many examples as these.
PROBES: tuple[Probe, ...] = (Confusion(), Boundary(10), Worst(Part.TRAINING), Representation(), CELL, Worst())


@pytest.fixture
def trainer() -> Trainer:
    data: dict[str, object] = {"kind": "noise", "shape": [2], "classes": 3, "samples": 200, "validation": 0.5}
    made = Trainer(project(LAYERS, "cross_entropy", data))
    made.run(5)
    return made


def pictures() -> Trainer:
    layers: list[dict[str, object]] = [
        {"id": "c", "kind": "conv2d", "filters": 2, "kernel_size": 3},
        {"id": "flat", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    made = Trainer(project(layers, "cross_entropy", {"kind": "noise", "shape": [1, 5, 5], "classes": 3, "samples": 20}))
    made.run(5)
    return made


def bytes_of(answers: list[object]) -> bytes:
    none = LossBuckets(*(np.zeros(0) for _ in range(5)))
    return msgspec.msgpack.encode([encode(LaneAnswer(none, (), None, (one,), 0.1, 1)) for one in answers])  # type: ignore[arg-type]


def together(trainer: Trainer) -> list[object]:
    said: list[str] = []
    answers = Measuring(said.append).answers(PROBES, trainer, 1.0)
    assert said == []
    return answers


def test_they_say_what_each_says_alone_to_the_bit(trainer: Trainer) -> None:
    assert bytes_of(together(trainer)) == bytes_of([probe.measure(trainer) for probe in PROBES])


def test_what_they_share_is_found_once(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, str]] = []
    plan = Network.plan

    def counting(self: Network, batch: int, use: str) -> Plan:
        found.append((batch, use))
        return plan(self, batch, use)

    monkeypatch.setattr(Network, "plan", counting)
    together(trainer)
    assert sorted(use for _, use in found if use.startswith("examine")) == ["examine training", "examine validation"]


def test_an_example_that_was_the_last_to_be_followed_is_not_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pictures()
    probes = (Follow(node="c"), Maps(), Follow(index=1), Maps(index=1), Maps(), Follow())
    alone = bytes_of([probe.measure(made) for probe in probes])
    takes: list[int] = []
    take = Walk.take
    monkeypatch.setattr(Walk, "take", lambda self, *of: (takes.append(1), take(self, *of))[1])
    for number in range(1, 3):
        assert bytes_of(Measuring(pytest.fail).answers(probes, made, 1.0)) == alone
        assert len(takes) == 3 * number
    made.run(5)
    assert bytes_of(Measuring(pytest.fail).answers(probes, made, 1.0)) == bytes_of([p.measure(made) for p in probes])


def test_nothing_is_left_for_the_next_look(trainer: Trainer) -> None:
    first = together(trainer)
    assert trainer not in look._looks
    trainer.run(20)
    second = together(trainer)
    assert bytes_of(second) != bytes_of(first)
    assert bytes_of(second) == bytes_of([probe.measure(trainer) for probe in PROBES])


def test_a_look_that_fails_leaves_nothing_either(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(Boundary, "measure", fail)
    with pytest.raises(ArithmeticError):
        together(trainer)
    assert trainer not in look._looks


def test_without_a_look_nothing_is_kept(trainer: Trainer) -> None:
    first, second = (predictions.examine(trainer, Part.VALIDATION, 1.0) for _ in range(2))
    assert first is not second
