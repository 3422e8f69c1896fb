"""Many steps at a time, and each of them as if it had been alone."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backend import open_backend
from engine.divergence import DivergenceError
from engine.kernels import choice
from engine.project import Project
from engine.run import messages as m
from engine.run import strides
from engine.run.lane import Lane
from engine.run.scoring import FIRST_EPOCHS
from engine.run.strides import Strides, unseen
from engine.telemetry import TelemetryFile
from engine.trainer import Trainer
from tests.engine.run.bench import UNLIMITED, Bench, bits, small, told

KERNELS = ["numpy", *(["numba"] if choice.installed() else [])]
each_kernels = pytest.mark.parametrize("kernels", KERNELS)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


class Looks:
    """Studies that look every so many steps and keep what they see."""

    def __init__(self) -> None:
        self.look_at, self.seen = 5, list[tuple[int, bytes]]()

    def look(self, trainer: Trainer) -> None:
        self.seen.append((trainer.step_number, trainer.parameters.values.tobytes()))
        self.look_at = trainer.step_number + 13


def lane_of(made: Project, kernels: str) -> Lane:
    return Lane(Trainer(made, backend=open_backend(kernels=kernels)))


def by_clock(lane: Lane, each: float = 1e-4) -> Strides:
    """Strides that find each step to take so many seconds."""
    return Strides(lambda: lane.trainer.step_number * each)


def same(mine: Any, theirs: Any) -> None:
    """Structures of arrays, to the bit."""
    assert (mine is None) == (theirs is None)
    for name in () if mine is None else mine.__struct_fields__:
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


# What a lane does


def plain(lane: Lane, folder: Path) -> None:
    pass


def watched(lane: Lane, folder: Path) -> None:
    lane.watches_layers = True


def recorded(lane: Lane, folder: Path) -> None:
    lane.telemetry = TelemetryFile(folder / "run.jsonl", lane.trainer, 7)


def diagnosed(lane: Lane, folder: Path) -> None:
    lane.diagnose()
    lane.diagnoses_steps = True


def studied(lane: Lane, folder: Path) -> None:
    lane.studies = Looks()  # type: ignore[assignment]


WAYS: dict[str, dict[str, Any]] = {
    "a smaller last batch": {},
    "no smaller one": {"batch_size": 10},
    "all": {"batch_size": "all"},
    "scheduled": {"schedule": {"kind": "exponential", "gamma": 0.9}},
    "plateau": {"schedule": {"kind": "plateau", "patience": 1}},
    "stopping": {"early_stopping": {"patience": 2}, "optimizer": {"kind": "adam", "lr": 0.3}},
    "curriculum": {"curriculum": {"epochs": 3, "start": 0.3}},
}


@each_kernels
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("look", [plain, watched, recorded, diagnosed, studied])
def test_a_lane_by_strides_is_one_step_by_step(
    look: Callable[[Lane, Path], None], way: str, kernels: str, tmp_path: Path
) -> None:
    made, lanes = small(**WAYS[way]), list[Lane]()
    for name in ("strides", "steps"):
        folder = tmp_path / name
        folder.mkdir()
        lane = lane_of(made, kernels)
        look(lane, folder)
        taken = by_clock(lane)
        while lane.trainer.step_number < 131 and not lane.stopped:
            left = 131 - lane.trainer.step_number
            lane.observe_next = lane.trainer.step_number == 77 and look is watched
            if name == "steps":
                lane.advance()
            else:
                taken.advance([lane], min(left, max(1, 77 - lane.trainer.step_number)) if left > 54 else left)
        if lane.telemetry is not None:
            lane.telemetry.close()
        lanes.append(lane)
    mine, theirs = lanes
    a, b = (lane.trainer.snapshot() for lane in lanes)
    assert (a.step, a.epoch, a.position, mine.stopped) == (b.step, b.epoch, b.position, theirs.stopped)
    assert a.values.tobytes() == b.values.tobytes()
    assert [slot.tobytes() for slot in a.slots] == [slot.tobytes() for slot in b.slots]
    (losses, scores, scalars), (their_losses, their_scores, their_scalars) = (lane.take_news() for lane in lanes)
    same(losses, their_losses)
    same(scalars, their_scalars)
    assert repr(scores) == repr(their_scores)
    assert repr(mine.kept) == repr(theirs.kept)
    if mine.diagnosis is not None and theirs.diagnosis is not None:
        assert (mine.diagnosis.record.looks, mine.diagnosis.findings()) == (
            theirs.diagnosis.record.looks,
            theirs.diagnosis.findings(),
        )
    if look is recorded:
        told_of = [(tmp_path / name / "run.jsonl").read_bytes() for name in ("strides", "steps")]
        assert told_of[0] == told_of[1]
        assert told_of[0].count(b"\n") > 131 // 7
    if look is studied:
        assert mine.studies.seen == theirs.studies.seen  # type: ignore[attr-defined]


def test_a_stride_takes_as_long_as_a_command_can_wait() -> None:
    lane = lane_of(small(batch_size=1), "numpy")
    taken = by_clock(lane, strides.SECONDS / 9.5)
    assert [taken.advance([lane], 1000) for _ in range(5)] == [1, 9, 9, 9, 2]  # to the end of an epoch
    taken = by_clock(lane, strides.SECONDS * 3)
    assert [taken.advance([lane], 1000) for _ in range(3)] == [1, 1, 1]


def advance_for_ever(taken: Strides, lane: Lane, together: int) -> None:
    while True:
        taken.advance([lane], together)


@each_kernels
def test_a_loss_that_is_no_number_ends_a_stride_at_its_step(kernels: str) -> None:
    made = small(batch_size=1, optimizer={"kind": "sgd", "lr": 0.1}, regularization={"l2": 100.0})
    ends = []
    for together in (1000, 1):
        lane = lane_of(made, kernels)
        lane.hurried = True
        taken = by_clock(lane, 1e-6)
        with pytest.raises(DivergenceError) as caught:
            advance_for_ever(taken, lane, together)
        assert lane.failure is caught.value
        losses = lane.take_news()[0]
        assert len(losses.steps) == lane.trainer.step_number == caught.value.step
        ends.append((caught.value.step, losses.last.tolist()))
    assert ends[0] == ends[1]


# Scores in a hurry


def hurried(made: Project, kernels: str, epochs: int) -> Lane:
    """After so many epochs of which each score costs as much as ten of them."""
    lane = lane_of(made, kernels)
    lane.hurried = True
    trainer, spent = lane.trainer, [0.0]
    lane.scoring._clock = lambda: trainer.step_number * 1e-4 + spent[0]
    lane._clock = lane.scoring._clock
    evaluate = trainer.evaluate

    def costly() -> Any:
        spent[0] += trainer.steps_per_epoch * 1e-3
        return evaluate()

    trainer.evaluate = costly  # type: ignore[method-assign]
    taken = by_clock(lane)
    while trainer.epoch < epochs:
        taken.advance([lane], (epochs - trainer.epoch) * trainer.steps_per_epoch)
    return lane


@each_kernels
def test_in_a_hurry_fewer_epochs_are_scored_and_each_score_is_exact(kernels: str) -> None:
    made, epochs = small(), FIRST_EPOCHS + 235
    lane = hurried(made, kernels, epochs)
    lane.advance()  # the last epoch's weights are gone
    before = lane.trainer.snapshot()
    lane.catch_up()
    assert lane.trainer.snapshot().values.tobytes() == before.values.tobytes()
    lane.catch_up()  # which it has done
    scores = lane.take_news()[1]
    ends = [score.epoch for score in scores]
    assert ends[:FIRST_EPOCHS] == list(range(FIRST_EPOCHS))
    later = ends[FIRST_EPOCHS:]
    assert later[-1] == epochs - 1
    assert len(later) == 3  # one in ninety epochs: evaluating takes ten of a hundred
    assert all(95 >= b - a >= 90 for a, b in pairwise(later[:-1])), later
    alone = Trainer(made, backend=open_backend(kernels=kernels))
    for score in scores:
        while alone.epoch <= score.epoch:
            alone.update()
        train, validation = alone.evaluate()
        assert validation is not None
        assert score.step == alone.step_number - 1
        assert (score.loss, score.accuracy) == (train.loss, train.accuracy)
        assert (score.val_loss, score.val_accuracy) == (validation.loss, validation.accuracy)


@pytest.mark.parametrize("why", ["telemetry", "diagnosis", "stopping", "no hurry"])
def test_what_follows_every_epoch_has_every_epoch(why: str, tmp_path: Path) -> None:
    lane = lane_of(small(early_stopping={"patience": 10**6} if why == "stopping" else None), "numpy")
    lane.hurried = why != "no hurry"
    lane.scoring._trained = -1e9  # there is never time
    lane.scoring._cost = 1.0
    if why == "telemetry":
        recorded(lane, tmp_path)
    elif why == "diagnosis":
        diagnosed(lane, tmp_path)
    taken = by_clock(lane)
    while lane.trainer.epoch < FIRST_EPOCHS + 10:
        taken.advance([lane], 1000)
    assert [score.epoch for score in lane.take_news()[1]] == list(range(lane.trainer.epoch))
    if lane.telemetry is not None:
        lane.telemetry.close()


def test_a_diagnosis_in_a_hurry_names_epochs_as_they_are_counted() -> None:
    lane = lane_of(small(), "numpy")
    lane.diagnose()
    lane.hurried = True
    taken = by_clock(lane)
    while lane.trainer.epoch < FIRST_EPOCHS:
        taken.advance([lane], 1000)
    lane.scoring._trained, lane.scoring._cost = -1e9, 1.0
    while lane.trainer.epoch < FIRST_EPOCHS + 9:
        taken.advance([lane], 4)
    lane.catch_up()
    assert lane.diagnosis is not None
    latest = lane.diagnosis.record.latest
    assert latest is not None
    assert latest.epoch == FIRST_EPOCHS + 9
    assert lane.diagnosis.record.epochs == FIRST_EPOCHS + 1


def test_lanes_reach_an_epochs_end_together_or_not_at_all() -> None:
    lanes = [lane_of(small(batch_size=size), "numpy") for size in (3, 5)]  # of 10 and 6 steps
    for lane in lanes:
        lane.hurried = True
        while lane.trainer.epoch < FIRST_EPOCHS + 10:
            lane.advance()
    for most, steps in ((1000, 990), (89, 60), (29, 6)):
        assert unseen(lanes, most) == steps, most
        lanes.reverse()


# A worker


@each_kernels
def test_a_worker_at_full_speed_repeats_single_steps(
    kernels: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(choice.VARIABLE, kernels)
    made = small(epochs=FIRST_EPOCHS + 200)
    assert bench.open(made).kernels == kernels
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)
    answer = bench.ask()
    alone = Trainer(made, backend=open_backend(kernels=kernels))
    losses = [alone.update() for _ in range(alone.steps_per_epoch * (FIRST_EPOCHS + 200))]
    assert told([answer]) == (list(range(len(losses))), losses)
    assert bench.state().states[0].values.tobytes() == alone.parameters.values.tobytes()
    scores = answer.lanes[0].scores
    assert [score.epoch for score in scores[:FIRST_EPOCHS]] == list(range(FIRST_EPOCHS))
    assert scores[-1].loss == alone.evaluate()[0].loss


def test_a_pause_at_full_speed_scores_the_last_epoch(bench: Bench) -> None:
    made = small(epochs=10**6)
    bench.open(made)
    bench.send(m.SetPace(UNLIMITED), m.Play())
    while bench.ask().lanes[0].scores[-1:] == () or bench.state().states[0].epoch < 3 * FIRST_EPOCHS:
        pass
    bench.send(m.Pause())
    bench.settled(m.RunState.PAUSED)
    score, stands = bench.ask().lanes[0].scores[-1], bench.state()
    assert score.epoch == stands.states[0].epoch - 1
    alone = Trainer(made)
    while alone.step_number <= score.step:
        alone.update()
    assert score.loss == alone.evaluate()[0].loss
    while alone.step_number < stands.states[0].step:
        alone.update()
    assert bits(stands)[0][6] == alone.parameters.values.tobytes()
