"""Studies: worked on while nothing else is to do, a little at full speed, told as they come; training feels nothing."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.probes.landscape import Landscape, LandscapeAnswer, PlaneOf
from engine.probes.noise import Noise
from engine.probes.spectrum import Spectrum, SpectrumAnswer
from engine.run import messages as m
from engine.run import studies
from engine.run.lane import Lane
from engine.run.studies import Studies, StudyTime, wanting
from engine.trainer import Trainer
from tests.engine.run.bench import LONGEST, STEPS, UNLIMITED, Bench, alone, by_steps, same_weights, small, told

ONE = (Spectrum(),)
EVERY = (Spectrum(), Noise(), Landscape(PlaneOf.PATH))


def found(answer: m.Answer) -> list[Any]:
    return list(answer.lanes[0].probes)


def until(bench: Bench, true: Any) -> list[m.Answer]:
    """Answers to frames until one of them is `true`."""
    ends, answers = time.monotonic() + LONGEST, []
    while time.monotonic() < ends:
        answers.append(bench.ask())
        if true(answers[-1]):
            return answers
    raise AssertionError("it never came")


def complete(answer: m.Answer) -> bool:
    return any(isinstance(one, SpectrumAnswer) and one.jacobian is not None for one in found(answer))


def test_while_it_stands_a_study_is_worked_on_and_told_as_it_comes(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Watch(ONE))
    last = until(bench, complete)[-1]
    trainer, _ = alone(0)
    (answer,) = found(last)
    assert not last.studying
    weights = trainer.network.parameters()
    for layer in answer.layers:
        expected = np.linalg.svd(weights[f"{layer.node}.{layer.name}"].astype(float), compute_uv=False)
        np.testing.assert_allclose(layer.values, expected, rtol=1e-6)
    assert answer.step == 0


def test_nothing_is_told_again_and_a_finished_study_lets_the_worker_sleep(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Watch(ONE))
    until(bench, complete)
    before = len(bench.records)
    bench.send(m.Frame(10_000))
    time.sleep(0.1)
    assert [type(record).__name__ for record in bench.records[before:]] == []
    assert not wanting(bench.worker._lanes)
    assert bench.worker._wait() is None
    bench.send(m.Advance(steps=1))
    assert bench.next(m.Answer, number=10_000)


@pytest.mark.parametrize("pace", [UNLIMITED, m.Pace(m.PaceUnit.STEPS_A_FRAME, 2)], ids=["unlimited", "by frames"])
def test_training_is_the_same_to_the_bit(bench: Bench, pace: m.Pace) -> None:
    trainer, losses = alone(STEPS)
    bench.open(small())
    bench.send(m.SetPace(pace), m.Watch(EVERY, layers=True), m.Play())
    answers = until(bench, lambda answer: answer.state is m.RunState.FINISHED)
    assert told(answers) == (list(range(STEPS)), losses)
    assert same_weights(bench.state(), trainer)
    assert any(found(answer) for answer in answers) or found(bench.ask())


def test_telemetry_is_the_same_with_the_panels_open(tmp_path: Path) -> None:
    told = []
    for name, watch in (("without", m.Watch()), ("with", m.Watch(EVERY))):
        bench, path = Bench(), tmp_path / f"{name}.jsonl"
        try:
            bench.open(small())
            bench.send(by_steps(1), watch, m.RecordTelemetry(str(path)), m.Play())
            until(bench, lambda answer: answer.state is m.RunState.FINISHED)
        finally:
            bench.close()
        told.append(path.read_text())
    assert told[0] == told[1]
    assert len(told[0].splitlines()) > STEPS


def test_it_is_worked_on_at_full_speed_too(bench: Bench) -> None:
    bench.open(small(epochs=1_000_000))
    bench.send(m.SetPace(UNLIMITED), m.Watch(ONE), m.Play())
    answers = until(bench, lambda answer: complete(answer) and found(answer)[0].step > 0)
    assert answers[-1].state is m.RunState.RUNNING
    steps = [one.step for answer in answers for one in found(answer)]
    assert steps == sorted(steps)
    bench.send(m.Pause())
    bench.settled(m.RunState.PAUSED)


def test_between_two_frames_of_a_slow_run_it_goes_on(bench: Bench) -> None:
    bench.open(small())
    bench.send(by_steps(1), m.Watch(ONE), m.Play())
    bench.ask()
    ends = time.monotonic() + LONGEST
    while wanting(bench.worker._lanes) and time.monotonic() < ends:
        time.sleep(0.01)
    (answer,) = found(bench.ask())
    assert answer.jacobian is not None
    assert answer.step == 1


def test_a_reset_and_other_weights_begin_it_anew(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Watch(ONE), m.Advance(steps=5))
    bench.settled(m.RunState.PAUSED)
    until(bench, lambda answer: complete(answer) and found(answer)[0].step == 5)
    bench.send(m.Reset())
    bench.settled(m.RunState.PAUSED)
    first = until(bench, complete)[-1]
    assert found(first)[0].step == 0
    weights = bench.state().parameters
    assert weights is not None
    doubled = {name: 2 * array for name, array in weights[0].items()}
    bench.send(m.LoadWeights(0, doubled, "twice"))
    bench.next(m.WeightsLoaded)
    again = until(bench, complete)[-1]
    for before, after in zip(found(first)[0].layers, found(again)[0].layers, strict=True):
        np.testing.assert_allclose(after.values, 2 * before.values, rtol=1e-6)


def test_one_that_is_not_watched_rests_and_keeps_what_it_found() -> None:
    trainer = Trainer(small())
    mine = Studies()
    mine.watch(ONE, trainer)
    while mine.wants(trainer):
        mine.go_on(trainer)
    (answer,) = mine.take_news(trainer)
    assert not mine.has_news
    mine.watch((), trainer)
    trainer.update()
    assert not mine.wants(trainer)
    assert mine.take_news(trainer) == []
    mine.watch(ONE, trainer)
    (again,) = mine.take_news(trainer)
    assert again.layers == answer.layers
    assert mine.wants(trainer)  # of the step that training has gone on to


def test_at_full_speed_what_was_found_is_told_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(studies.time, "perf_counter", lambda: clock[0])
    trainer, mine = Trainer(small()), Studies()
    mine.watch(ONE, trainer)
    mine.go_on(trainer)
    assert len(mine.take_news(trainer, hurried=True)) == 1
    mine.watch(ONE, trainer)  # there is something to tell again
    clock[0] += 0.9 * studies.TELLING
    assert mine.take_news(trainer, hurried=True) == []
    assert mine.has_news
    assert len(mine.take_news(trainer)) == 1  # it stands: at once
    mine.watch(ONE, trainer)
    clock[0] += 1.1 * studies.TELLING
    assert len(mine.take_news(trainer, hurried=True)) == 1


def test_at_full_speed_slices_take_their_share_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(studies.time, "perf_counter", lambda: clock[0])
    lane = Lane(Trainer(small()))

    class Ticking(Studies):
        def go_on(self, trainer: Trainer) -> None:
            clock[0] += 0.003

        def wants(self, trainer: Trainer) -> bool:
            return True

    lane.studies = Ticking()
    mine = StudyTime()
    for hurried, share in ((True, studies.SHARE), (False, studies.IDLE_SHARE)):
        mine.free()
        began = clock[0]
        mine.work([lane], hurried, lambda: True)
        spent = clock[0] - began
        assert spent == pytest.approx(0.006)  # the first slice that goes beyond SLICE is the last
        assert mine.ready_at - began == pytest.approx(spent / share)
        mine.work([lane], hurried, lambda: True)
        assert clock[0] - began == pytest.approx(spent)  # not yet
    mine.free()
    began = clock[0]
    mine.work([lane], True, lambda: False)  # a command waits
    assert clock[0] == began


def test_a_landscape_grows_while_training_goes_on_and_its_path_with_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "SHARE", 0.5)  # or a machine that does much else takes minutes
    bench.open(small(epochs=1_000_000))
    bench.send(m.SetPace(UNLIMITED), m.Watch((Landscape(follows=False),)), m.Play())
    answers = until(bench, lambda answer: any(one.points == one.wanted for one in found(answer)))
    told: list[LandscapeAnswer] = [one for answer in answers for one in found(answer)]
    points = [one.points for one in told]
    assert points == sorted(points)
    assert len(set(points)) > 3  # in slices
    last = told[-1]
    assert last.steps[0] == 0
    assert len(last.steps) > 10  # seen on the way, not only at its ends
    assert (np.diff(last.steps) > 0).all()
    assert last.values.shape == (33, 33)


def test_stopping_and_following_keep_the_picture_that_is_being_drawn(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Watch((Landscape(),)))
    drawn = until(bench, lambda answer: any(one.points > 100 for one in found(answer)))[-1]
    bench.send(m.Watch((Landscape(stopped=True),)))
    (stopped,) = found(until(bench, lambda answer: bool(found(answer)))[-1])
    assert stopped.points >= found(drawn)[0].points
    assert bench.worker._wait() is None
    bench.send(m.Watch((Landscape(follows=False),)))
    (after,) = found(until(bench, lambda answer: bool(found(answer)))[-1])
    assert after.points >= stopped.points
    until(bench, lambda answer: any(one.points == one.wanted for one in found(answer)))
