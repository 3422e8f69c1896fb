"""Costly pictures are made by another worker, and training does not know it."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import numpy as np
import pytest

from engine.probes.boundary import Boundary
from engine.probes.example import Example
from engine.probes.histograms import HistogramAnswer, Histograms
from engine.run import aside as module_aside
from engine.run import messages as m
from engine.run import worker as module
from engine.run.aside import GONE, SHARE, Aside, Note, Passed, passed
from engine.run.budget import OFTEN, Budget
from engine.run.worker import Worker
from engine.trainer import Trainer
from tests.engine.run.bench import LONGEST, UNLIMITED, Bench, bits, small

HISTOGRAMS = Histograms()
FOREVER = small(epochs=1_000_000)


class Dear(Budget):
    """Every answer is too dear, and none has to wait."""

    def spend(self, seconds: float) -> None:
        self.detail = 0.25


class Cheap(Budget):
    """No answer costs anything."""

    def spend(self, seconds: float) -> None:
        super().spend(0.0)


class Other:
    """Another worker on a thread, and what it was told; `hold` keeps what it says until it is set."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.told: list[m.AnyCommand] = []
        self.hold = threading.Event()
        self.hold.set()
        self.starts = 0
        self.closed = False

    def __call__(self, tell: Callable[[Passed], None]) -> "Other":
        self.tell, self.starts = tell, self.starts + 1
        worker = Worker(self.inbox, self._say)
        self.thread = threading.Thread(target=worker.run, daemon=True)
        self.thread.start()
        return self

    def _say(self, record: m.AnyRecord | bytes) -> None:
        self.hold.wait(LONGEST)
        assert not isinstance(record, bytes)
        self.tell(passed(m.encode(record)))

    def send(self, command: m.AnyCommand) -> None:
        self.told.append(command)
        self.inbox.put(command)

    def close(self) -> None:
        self.hold.set()
        self.closed = True
        self.inbox.put(m.Shutdown())
        self.thread.join(timeout=LONGEST)


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
def bench(other: Other, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "Budget", Dear)
    made = Bench(other)
    yield made
    made.close()


def run(bench: Bench, *probes: Any) -> None:
    bench.send(m.Watch(probes), m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.RUNNING)


def pictures(bench: Bench, other: Other) -> m.Pictures:
    """Asks frames until the other worker has seen something."""
    ends = time.monotonic() + LONGEST
    while not (seen := bench.of(m.Pictures)):
        assert time.monotonic() < ends
        bench.ask()
    return seen[0]


def held(bench: Bench, other: Other) -> int:
    """The other is asked, and what it says is kept back; the question's place among what it was told."""
    other.hold.clear()
    asked = len(other.told)
    while len(other.told) == asked:
        bench.ask()
    return asked


def test_another_worker_sees_the_weights_of_the_step_it_names(bench: Bench, other: Other) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    seen = pictures(bench, other)
    bench.send(m.Pause())
    trainer = Trainer(FOREVER)
    with np.errstate(all="ignore"):
        for _ in range(seen.step):
            trainer.update()
        (expected,) = [HISTOGRAMS.measure(trainer, other.told[1].detail)]
    assert m.encode(m.Pictures(0, 0.0, 0, ((expected,),))) == m.encode(m.Pictures(0, 0.0, 0, seen.lanes))
    assert seen.seconds > 0


def test_training_keeps_its_bits(bench: Bench, other: Other) -> None:
    made = small(epochs=2000)
    bench.open(made)
    run(bench, HISTOGRAMS, Boundary(8))
    pictures(bench, other)
    bench.settled(m.RunState.FINISHED)
    trainer = Trainer(made)
    with np.errstate(all="ignore"):
        while trainer.epoch < 2000:
            trainer.update()
    state = trainer.snapshot()
    assert [found[:7] for found in bits(bench.state())] == [
        (state.step, state.epoch, state.position, state.seed, state.lr, state.batch_size, state.values.tobytes())
    ]


def test_while_another_looks_only_a_new_quick_probe_is_answered_here(bench: Bench, other: Other) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS, Example(index=1))
    pictures(bench, other)
    bench.ask()
    assert bench.ask().lanes[0].probes == ()
    answer = bench.ask(m.Watch((HISTOGRAMS, Example(index=2))))
    assert [type(seen).__name__ for seen in answer.lanes[0].probes] == ["ExampleAnswer"]


def test_while_a_frame_waits_the_other_is_asked_as_soon_as_it_has_answered(bench: Bench, other: Other) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    answers, before = len(bench.of(m.Answer)), len(bench.of(m.Pictures))
    bench.worker._budget.ready_at = inf
    bench.send(m.Frame(1000))
    while len(bench.of(m.Pictures)) < before + 3:
        bench.next(m.Pictures)
    assert len(bench.of(m.Answer)) == answers


def test_between_two_frames_the_other_is_asked_too(bench: Bench, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.run.worker.LISTENING", 1000.0)
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    bench.ask()
    before = len(bench.of(m.Pictures))
    while len(bench.of(m.Pictures)) < before + 3:
        bench.next(m.Pictures)


def test_nobody_who_waits_for_no_frame_makes_the_other_look(
    bench: Bench, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.run.budget.OFTEN", inf)
    monkeypatch.setattr("engine.run.worker.LISTENING", 0.0)
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    bench.ask()
    asked = len(other.told)
    for token in range(1, 40):
        bench.send(m.TakeKeyframe(token))
        bench.next(m.Keyframe, token=token)
    assert len(other.told) <= asked + 1


def test_once_the_other_sees_what_pictures_cost_before_is_not_waited_for(bench: Bench, other: Other) -> None:
    other.hold.clear()
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    bench.ask()
    bench.worker._budget.ready_at = inf
    bench.send(m.Frame(1000))
    other.hold.set()
    assert bench.next(m.Answer).number == 1000


def test_until_the_other_has_opened_the_run_pictures_are_made_between_steps(bench: Bench, other: Other) -> None:
    other.hold.clear()
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    for _ in range(4):
        assert any(isinstance(seen, HistogramAnswer) for seen in bench.ask().lanes[0].probes)
    other.hold.set()
    pictures(bench, other)


def test_who_pauses_sees_the_weights_of_then_and_nothing_older_after_it(bench: Bench, other: Other) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    asked = held(bench, other)
    bench.send(m.Pause())
    bench.settled(m.RunState.PAUSED)
    before = len(bench.of(m.Pictures))
    assert any(isinstance(seen, HistogramAnswer) for seen in bench.ask().lanes[0].probes)
    other.hold.set()
    bench.send(m.Play())
    while other.told[-1].number == asked:
        bench.ask()
    bench.send(m.Pause())
    numbers = [seen.number for seen in bench.of(m.Pictures)[before:]]
    assert other.told[asked].number not in numbers


def test_while_the_other_gets_no_core_pictures_are_made_between_steps(
    bench: Bench, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    asked = held(bench, other)
    monkeypatch.setattr(module_aside, "LATE", 0.0)
    assert any(isinstance(seen, HistogramAnswer) for seen in bench.ask().lanes[0].probes)
    monkeypatch.setattr(module_aside, "LATE", 20.0)
    before = len(bench.of(m.Pictures))
    other.hold.set()
    while len(bench.of(m.Pictures)) == before:
        bench.ask()
    told = [seen.number for seen in bench.of(m.Pictures)[before:]]
    assert other.told[asked].number not in told  # what it saw before


@pytest.mark.parametrize("how", ["refuses", "dies"])
def test_without_the_other_worker_pictures_are_made_between_steps(bench: Bench, other: Other, how: str) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    if how == "dies":
        other.close()
    other.tell(GONE if how == "dies" else passed(m.encode(m.Refused("no memory"))))
    for _ in range(50):
        last = bench.ask()
        if last.lanes[0].probes:
            break
    assert isinstance(last.lanes[0].probes[0], HistogramAnswer)
    # A run that is opened next may be another matter.
    count = other.starts
    bench.send(m.Pause())
    bench.records.clear()
    bench._read = 0
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    assert other.starts == count + (how == "dies")


def test_each_run_is_opened_there_without_the_weights_of_here(bench: Bench, other: Other) -> None:
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    bench.send(m.Pause())
    state = bench.state()
    bench.records.clear()
    bench._read = 0
    bench.open(FOREVER, states=state.states)
    run(bench, HISTOGRAMS)
    assert pictures(bench, other).step > state.states[0].step
    opened = [command for command in other.told if isinstance(command, m.Open)]
    assert [(each.states, each.keep_weights) for each in opened] == [(None, False)] * 2
    assert other.starts == 1


def test_the_other_worker_ends_with_this_one(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Budget", Dear)
    bench = Bench(other)
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    pictures(bench, other)
    bench.close()
    assert other.closed
    assert not other.thread.is_alive()


def test_cheap_pictures_need_no_other_worker(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Budget", Cheap)
    bench = Bench(other)
    bench.open(FOREVER)
    run(bench, HISTOGRAMS)
    for _ in range(5):
        bench.ask()
    bench.close()
    assert other.starts == 0


def test_on_another_device_nobody_looks_aside() -> None:
    starts: list[object] = []

    def start(tell: Callable[[Passed], None]) -> Other:
        starts.append(tell)
        return Other()(tell)

    aside = Aside(start, lambda said: None)
    for run_ in (None, m.Open(b"", ".", device="cuda")):
        aside.forget(run_)
        aside.want()
    assert starts == []
    assert not aside.sees
    assert aside.due == inf


def test_it_is_due_when_it_has_answered_and_its_share_of_the_time_is_over() -> None:
    other = Other()
    aside = Aside(other, lambda said: None)
    aside.forget(m.Open(FOREVER.to_bytes(), str(FOREVER.folder)))
    aside.want()
    assert aside.due == inf  # not open yet
    aside.take(Passed(Note("Opened"), b""))
    assert aside.due == 0.0
    for seconds in (0.001, 0.1):
        began = time.perf_counter()
        aside.ask([], (HISTOGRAMS,))
        assert aside.due == inf
        assert aside.take(Passed(Note("Pictures", aside._number, seconds), b"pictures")) == b"pictures"
        wait = max(1 / OFTEN, seconds / SHARE)
        assert began + wait <= aside.due <= time.perf_counter() + wait
    other.close()
