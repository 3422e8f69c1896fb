"""A worker whose arrays lie on a device: steps that nobody looks at are done together, and tell the same."""

from typing import Any

import numpy as np
import pytest

from engine.divergence import DivergenceError
from engine.project import Project
from engine.run import messages as m
from engine.run.lane import Lane
from engine.run.strides import ON_A_DEVICE, unseen
from engine.trainer import Trainer
from tests.card import card, looks_inside
from tests.engine.run.bench import Bench, small, told
from tests.strict_array import copies

pytestmark = pytest.mark.card


@pytest.fixture(autouse=True)
def on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.run.opening.open_backend", lambda *_: card())


def many(**training: Any) -> Project:
    """An epoch of thirty steps."""
    return small(batch_size=1, **training)


def alone(steps: int, made: Project) -> tuple[Trainer, list[float]]:
    trainer = Trainer(made, backend=card())
    with np.errstate(all="ignore"):
        return trainer, [trainer.update() for _ in range(steps)]


def test_a_run_is_that_of_single_steps(bench: Bench) -> None:
    made = many(epochs=3)
    bench.open(made)
    bench.send(m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Play())
    bench.settled(m.RunState.FINISHED)
    answer = bench.ask()
    trainer, losses = alone(90, made)
    assert told([answer]) == (list(range(90)), losses)
    state, mine = bench.state().states[0], trainer.snapshot()
    assert (state.step, state.values.tobytes()) == (90, mine.values.tobytes())
    assert len(answer.lanes[0].scores) == 3


def test_steps_by_hand_end_where_they_are_asked_to(bench: Bench) -> None:
    bench.open(many())
    bench.send(m.Watch(layers=True), m.Advance(steps=57))
    assert bench.settled(m.RunState.PAUSED).step == 57
    answer = bench.ask()
    assert answer.lanes[0].layers.steps.tolist() == [*range(50), 56]  # the first ones, and where it ended


def test_a_run_at_full_speed_shows_the_layers_where_it_ends(bench: Bench) -> None:
    """Its last steps may all be done between two looks."""
    bench.open(many(epochs=40))
    bench.send(m.Watch(layers=True), m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Play())
    ended = bench.settled(m.RunState.FINISHED).step
    answer = bench.ask()
    assert answer.lanes[0].layers.steps[-1] == ended - 1
    bench.send(m.Play())  # as many epochs again
    again = bench.settled(m.RunState.FINISHED).step
    assert again == 2 * ended
    assert bench.ask().lanes[0].layers.steps[-1] == again - 1


def test_what_somebody_looks_at_is_done_alone() -> None:
    lane = Lane(Trainer(many(), backend=card()))
    with np.errstate(all="ignore"):
        assert lane.unseen(1) == 1
        assert lane.unseen(7) == 7
        assert lane.unseen(1000) == 30  # of this epoch
        lane.watches_layers = True
        assert lane.unseen(1000) == 1
        lane.watches_layers = False
        lane.observe_next = True
        assert lane.unseen(1000) == 1
        lane.observe_next = False
        lane.diagnose()
        lane.diagnoses_steps = True
        assert lane.unseen(1000) == 1
        lane.diagnoses_steps = False
        for _ in range(3):
            lane.advance()
        assert lane.unseen(1000) == 27
        lane.studies.look_at = 9
        assert lane.unseen(1000) == 6
        assert unseen([lane, Lane(Trainer(many(), backend=card()))], 100) == 6
    assert ON_A_DEVICE >= 30


@looks_inside
def test_between_two_answers_little_is_copied(bench: Bench) -> None:
    bench.open(many(epochs=40))
    bench.send(m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)))
    bench.state()
    before = copies.now()
    bench.send(m.Play())
    bench.settled(m.RunState.FINISHED)
    bench.state()
    to_device, to_host, _ = copies.since(before)
    # Of 1200 steps in 40 epochs; the scores at an epoch's end are asked for, and keyframes come by the clock.
    assert to_device < 40 * 4 + 20
    assert to_host < 40 * 14 + 60


def test_a_loss_that_is_no_number_ends_the_run_at_its_step(bench: Bench) -> None:
    made = many(optimizer={"kind": "sgd", "lr": 0.1}, regularization={"l2": 100.0}, epochs=20)
    bench.open(made)
    bench.send(m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Play())
    diverged = bench.next(m.Diverged)
    bench.settled(m.RunState.FAILED)
    trainer = Trainer(made)
    with np.errstate(all="ignore"), pytest.raises(DivergenceError) as caught:
        trainer.run(600)
    step = caught.value.step
    assert diverged.step == step == bench.state().states[0].step
    steps, losses = told([bench.ask()])
    assert steps == list(range(step))
    assert np.isfinite(losses).all()
