"""Pace says when steps may happen: by frames, by the clock, or always. The clock is a number here."""

from types import SimpleNamespace

import pytest

from engine.run.messages import Pace, PaceUnit
from engine.run.pace import Pacer
from engine.trainer import Trainer
from tests.engine.run.bench import PER_EPOCH, small


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("engine.run.pace.time", SimpleNamespace(perf_counter=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(small())


def paced(unit: PaceUnit, amount: float, trainer: Trainer) -> Pacer:
    pacer = Pacer()
    pacer.set(Pace(unit, amount))
    pacer.start(trainer)
    return pacer


def by_frames(pacer: Pacer, trainer: Trainer, frames: int) -> list[int]:
    """The steps done in each frame, when all that is allowed is done."""
    done = []
    for _ in range(frames):
        pacer.frame(trainer)
        done.append(pacer.allowed(trainer))
        pacer.done += done[-1]
        assert pacer.allowed(trainer) == 0
        assert pacer.wait() is None
    return done


def test_unlimited_never_waits(clock: Clock, trainer: Trainer) -> None:
    pacer = paced(PaceUnit.UNLIMITED, 1, trainer)
    assert pacer.unlimited
    assert pacer.allowed(trainer) > 1_000_000
    assert pacer.wait() == 0


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_steps_a_frame(clock: Clock, trainer: Trainer, steps: int) -> None:
    pacer = paced(PaceUnit.STEPS_A_FRAME, steps, trainer)
    assert pacer.wait() is None  # before the first frame
    assert by_frames(pacer, trainer, 4) == [steps] * 4


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(1, [4] * 6), (2, [8] * 6), (0.5, [2] * 6), (0.375, [1, 2, 1, 2, 1, 2]), (0.0625, [0, 0, 0, 1, 0, 0])],
)
def test_epochs_a_frame_with_fractions(clock: Clock, trainer: Trainer, amount: float, expected: list[int]) -> None:
    assert trainer.steps_per_epoch == PER_EPOCH
    assert by_frames(paced(PaceUnit.EPOCHS_A_FRAME, amount, trainer), trainer, 6) == expected


def test_what_a_frame_did_not_spend_lapses(clock: Clock, trainer: Trainer) -> None:
    pacer = paced(PaceUnit.STEPS_A_FRAME, 10, trainer)
    pacer.frame(trainer)
    pacer.done += 4  # the frame was answered before it had all its steps
    pacer.frame(trainer)
    assert pacer.allowed(trainer) == 10


def run_clock(pacer: Pacer, trainer: Trainer, clock: Clock, seconds: float, cost: float = 0.0) -> int:
    """Does what is allowed, each step at a cost, and waits as told; returns the steps done."""
    ends, before = clock.now + seconds, pacer.done
    while clock.now < ends:
        for _ in range(pacer.allowed(trainer)):
            clock.now += cost
            pacer.done += 1
            if clock.now >= ends:
                break
        wait = pacer.wait()
        assert wait is not None
        clock.now += max(wait, 1e-6)
    return pacer.done - before


@pytest.mark.parametrize("epochs", [0.5, 1, 10])
def test_epochs_a_second(clock: Clock, trainer: Trainer, epochs: float) -> None:
    pacer = paced(PaceUnit.EPOCHS_A_SECOND, epochs, trainer)
    assert pacer.allowed(trainer) == 0
    assert pacer.wait() == pytest.approx(1 / (epochs * PER_EPOCH))
    assert run_clock(pacer, trainer, clock, 10) == pytest.approx(10 * epochs * PER_EPOCH, abs=1)


def test_missed_time_is_not_hurried_after(clock: Clock, trainer: Trainer) -> None:
    pacer = paced(PaceUnit.EPOCHS_A_SECOND, 1, trainer)
    run_clock(pacer, trainer, clock, 2)
    clock.now += 3600  # the machine slept
    assert run_clock(pacer, trainer, clock, 2) <= 2 * PER_EPOCH + 1


def test_a_machine_too_slow_does_what_it_can(clock: Clock, trainer: Trainer) -> None:
    pacer = paced(PaceUnit.EPOCHS_A_SECOND, 100, trainer)  # 400 steps a second are asked for
    done = run_clock(pacer, trainer, clock, 60, cost=0.01)
    assert done == pytest.approx(60 / 0.01, rel=0.01)
    quick = run_clock(pacer, trainer, clock, 10)
    assert quick <= (10 + 1) * 400 + 1  # what was missed in a minute stays missed


def test_the_clock_goes_on_evenly_after_a_start(clock: Clock, trainer: Trainer) -> None:
    pacer = paced(PaceUnit.EPOCHS_A_SECOND, 1, trainer)
    run_clock(pacer, trainer, clock, 3)
    clock.now += 100  # paused
    pacer.start(trainer)
    assert pacer.allowed(trainer) == 0
    assert run_clock(pacer, trainer, clock, 1) == pytest.approx(PER_EPOCH, abs=1)
