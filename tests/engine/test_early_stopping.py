"""Early stopping: when it ends a run, what it goes back to, and that a run can go on."""

import numpy as np
import pytest

import engine
from engine.run import messages as m
from engine.run.lane import Lane
from tests.engine.cases import project
from tests.engine.run.bench import Bench

LAYERS = [{"id": "h1", "kind": "dense", "units": 30}, {"id": "a1", "kind": "tanh"}, {"id": "out", "kind": "dense"}]
# Nothing but memory: the validation loss rises soon.
DATA = {"kind": "noise", "shape": [4], "targets": 64, "samples": 24, "validation": 0.5, "seed": 1}


def made(patience=4, min_delta=0.0, data=DATA, **training):
    stopping = {"patience": patience, "min_delta": min_delta} if patience else None
    optimizer = {"kind": "adam", "lr": 0.003}
    return project(LAYERS, "mse", data, early_stopping=stopping, optimizer=optimizer, **training)


def epochs_of(trainer, most=200):
    """The validation loss after each epoch up to the stop, and the weights then."""
    losses, states = [], []
    for _ in range(most):
        trainer.run(trainer.steps_per_epoch)
        losses.append(trainer.epoch_scores[1].loss if trainer.epoch_scores else trainer.evaluate()[1].loss)
        states.append(trainer.network.state())
        if trainer.stopped:
            break
    return losses, states


@pytest.mark.parametrize("batch_size", [5, "all"])
def test_it_stops_after_its_patience_and_the_best_weights_are_back(batch_size):
    trainer = engine.Trainer(made(batch_size=batch_size), dtype="float64")
    losses, _ = epochs_of(trainer)
    free, all_states = epochs_of(engine.Trainer(made(0, batch_size=batch_size), dtype="float64"), most=len(losses))
    assert losses == pytest.approx(free, rel=1e-12)  # until the stop it changes nothing
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4
    assert trainer.stopped
    assert trainer.course.best_epoch == best
    assert trainer.course.best_step == (best + 1) * trainer.steps_per_epoch - 1
    assert best < len(losses) - 1
    np.testing.assert_array_equal(trainer.network.state()["h1.weight"], all_states[best]["h1.weight"])
    assert not np.array_equal(all_states[best]["h1.weight"], all_states[-1]["h1.weight"])
    assert trainer.evaluate()[1].loss == pytest.approx(min(losses), rel=1e-12)
    # The control: without it training goes on, and gets worse.
    assert free[-1] > min(free)


def test_progress_smaller_than_asked_for_does_not_count():
    patient, strict = (engine.Trainer(made(3, delta), dtype="float64") for delta in (0.0, 10.0))
    assert len(epochs_of(strict)[0]) == 1 + 3
    assert len(epochs_of(patient)[0]) > 4


def test_without_validation_the_training_loss_counts():
    trainer = engine.Trainer(made(2, 10.0, data={**DATA, "validation": 0.0}))
    trainer.run(trainer.steps_per_epoch * 3)
    assert trainer.stopped


def test_a_snapshot_has_all_of_it():
    trainer = engine.Trainer(made())
    while trainer.course._waited < 2:
        trainer.run(trainer.steps_per_epoch)
    state = trainer.snapshot()
    first = epochs_of(trainer)
    other = engine.Trainer(made())
    other.restore(state)
    second = epochs_of(other)
    assert first[0] == second[0]
    assert first[1][-1]["h1.weight"].tobytes() == second[1][-1]["h1.weight"].tobytes()
    other.reset()
    assert not other.stopped


def test_it_can_go_on_and_stop_again():
    trainer = engine.Trainer(made(2))
    epochs_of(trainer)
    at = trainer.epoch
    trainer.course.go_on()
    assert not trainer.stopped
    epochs_of(trainer)
    assert trainer.stopped
    assert trainer.epoch >= at + 1


def test_a_worker_stops_says_why_and_goes_on():
    bench = Bench()
    expected = engine.Trainer(made())
    epochs_of(expected)
    bench.send(m.Open(made(epochs=500).to_bytes(), "."), m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Play())
    done = bench.next(m.Progress, state=m.RunState.FINISHED)
    assert done.epoch == expected.epoch
    assert done.reason.startswith("stopped early: no lower validation loss for 4 epochs; the weights of epoch ")
    state = bench.next(m.Keyframe).states[0]
    assert state.values.tobytes() == expected.snapshot().values.tobytes()
    bench.send(m.Frame(1))
    kept = bench.next(m.Answer).lanes[0].kept
    assert f"the weights of epoch {kept.epoch + 1} are back" in done.reason
    assert (kept.loss, kept.val_loss) == tuple(score.loss for score in expected.evaluate())
    bench.send(m.Play())
    assert bench.next(m.Progress, state=m.RunState.FINISHED).epoch > done.epoch
    bench.send(m.Shutdown())


def lane_at_its_stop():
    lane = Lane(engine.Trainer(made(), dtype="float64"))
    told = []
    while not lane.stopped:
        assert lane.kept is None
        lane.advance()
        told += lane.take_news()[1]
    return lane, told


def test_what_was_put_back_is_told_with_the_scores_that_its_epoch_had():
    lane, told = lane_at_its_stop()
    best = min(told, key=lambda score: score.val_loss)
    assert best is not told[-1]
    assert (lane.kept.epoch, lane.kept.step) == (best.epoch, best.step)
    assert (lane.kept.loss, lane.kept.val_loss) == pytest.approx((best.loss, best.val_loss), rel=1e-12)
    reopened = Lane(lane.trainer, stopped=True)
    assert (reopened.kept.step, reopened.kept.val_loss) == (lane.kept.step, lane.kept.val_loss)


def test_it_is_told_no_longer_where_other_weights_are_in_the_network():
    lane, _ = lane_at_its_stop()
    lane.take_weights(lane.trainer.network.state(), lane.trainer)
    assert lane.kept is None
    lane, _ = lane_at_its_stop()
    lane.go_on()
    assert lane.kept is None
    lane, _ = lane_at_its_stop()
    stopped = lane.trainer.snapshot()
    lane.trainer.reset()
    lane.forget_news()
    assert lane.kept is None
    lane.trainer.restore(stopped)
    lane.forget_news()
    assert lane.kept is not None


def test_networks_side_by_side_stop_each_at_its_own_time():
    data = made(epochs=500).to_json()
    data["variants"] = [{"name": "B", "training": {**data["training"], "optimizer": {"kind": "sgd", "lr": 1e-9}}}]
    both = engine.project.project_from(data, made().folder)
    alone = [engine.Trainer(lane) for lane in both.lanes()]
    for trainer in alone:
        epochs_of(trainer)
    assert alone[0].epoch != alone[1].epoch
    bench = Bench()
    bench.send(m.Open(both.to_bytes(), "."), m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Play())
    bench.next(m.Progress, state=m.RunState.FINISHED)
    states = bench.next(m.Keyframe).states
    assert [state.epoch for state in states] == [trainer.epoch for trainer in alone]
    for state, trainer in zip(states, alone, strict=True):
        assert state.values.tobytes() == trainer.snapshot().values.tobytes()
    bench.send(m.Shutdown())
