"""Memory that is short in a worker: one clear line, and the worker lives on."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine import memory
from engine.probes.catalogue import topic
from engine.probes.gradients import Gradients
from engine.run import messages as m
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import Bench, same_weights, small
from tests.engine.run.bench import alone as trained_alone

ABSURD = project(
    [{"id": "wide", "kind": "dense", "units": 65_536}, {"id": "out", "kind": "dense", "units": 2}],
    "cross_entropy",
    {"kind": "noise", "shape": [1_000_000], "classes": 2, "samples": 4},
)


class Full:
    """Raises as a card does that is full, while it is `on`."""

    def __init__(self) -> None:
        self.on, self.raised = True, 0

    def raise_(self) -> None:
        if self.on:
            self.raised += 1
            raise MemoryError("Out of memory allocating 9,000 bytes (allocated so far: 1 bytes).")


@pytest.fixture
def full() -> Iterator[Full]:
    made = Full()
    yield made
    assert made.raised


def test_an_absurd_net_is_refused_and_the_run_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda _: 16 << 30)
    bench.send(m.Open(ABSURD.to_bytes(), str(ABSURD.folder)))
    words = bench.next(m.Refused).message
    assert words.startswith("memory: the network wants about ")
    assert "'wide'" in words
    assert "16 GiB are free on cpu" in words
    bench.open(small())
    bench.send(m.Advance(steps=3))
    assert bench.settled(m.RunState.PAUSED).step == 3


def test_a_step_without_room_pauses_and_goes_on_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, full: Full
) -> None:
    updates = Trainer._updates_in_turn

    def short(trainer: Trainer, _: int) -> list[float]:
        if trainer.step_number == 4:
            full.raise_()
        return updates(trainer, 1)

    monkeypatch.setattr(Trainer, "_updates_in_turn", short)
    bench.open(small())
    bench.send(m.Advance(steps=10))
    refused = bench.next(m.Refused)
    paused = bench.settled(m.RunState.PAUSED)
    assert paused.step == 4
    assert paused.reason == refused.message
    assert "Out of memory allocating 9,000 bytes" in refused.message
    assert "a batch of 8" in refused.message
    assert "would take less" in refused.message
    full.on = False
    bench.send(m.Advance(steps=6))
    assert bench.settled(m.RunState.PAUSED).step == 10
    assert same_weights(bench.state(), trained_alone(10)[0])


def test_a_panel_without_room_is_told_once_and_the_others_are_answered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, full: Full
) -> None:
    measure = Gradients.measure
    monkeypatch.setattr(Gradients, "measure", lambda probe, *given: full.raise_() or measure(probe, *given))
    bench.open(small())
    probe = Gradients()
    answer = bench.ask(m.Watch(probes=(probe,)))
    assert answer.lanes[0].probes == ()
    bench.send(m.Advance(steps=2))
    bench.settled(m.RunState.PAUSED)
    assert bench.ask().step == 2
    told = [record.message for record in bench.of(m.Refused)]
    assert len(told) == full.raised == 1
    assert topic(probe) in told[0]
    full.on = False
    answer = bench.ask(m.Watch(), m.Watch(probes=(probe,)))
    assert len(answer.lanes[0].probes) == 1


def test_the_run_before_is_given_up_where_there_is_no_room_for_two(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, full: Full
) -> None:
    begin = Trainer.__init__
    made: list[Any] = []

    def only_one(trainer: Trainer, *given: Any, **named: Any) -> None:
        if made and bench.worker._lanes:
            full.raise_()
        made.append(1)
        begin(trainer, *given, **named)

    monkeypatch.setattr(Trainer, "__init__", only_one)
    bench.open(small())
    bench.send(m.Advance(steps=5))
    bench.settled(m.RunState.PAUSED)
    weights = bench.state().parameters
    assert weights is not None
    again = small(epochs=9)
    bench.send(m.Open(again.to_bytes(), str(again.folder), keep_weights=True))
    bench.settled(m.RunState.IDLE)
    kept = bench.next(m.Opened).kept
    assert len(kept) == 4
    now = bench.state().parameters
    assert now is not None
    assert {name: array.tobytes() for name, array in now[0].items()} == {
        name: array.tobytes() for name, array in weights[0].items()
    }
    assert full.raised == 1


def test_where_that_does_not_help_nothing_is_open(bench: Bench, monkeypatch: pytest.MonkeyPatch, full: Full) -> None:
    bench.open(small())
    monkeypatch.setattr(Trainer, "__init__", lambda *_, **__: full.raise_())
    bench.send(m.Open(small().to_bytes(), str(small().folder)))
    bench.settled(m.RunState.IDLE)
    assert "Out of memory allocating" in bench.next(m.Refused).message
    assert full.raised == 2
    monkeypatch.undo()
    bench.open(small())
    bench.send(m.Advance(steps=1))
    assert bench.settled(m.RunState.PAUSED).step == 1
