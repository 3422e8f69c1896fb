"""The worker, on a thread and without a window: what it does at each command."""

import time

import numpy as np
import pytest

from engine.run import messages as m
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import (
    LAYER_IDS,
    LAYERS,
    PER_EPOCH,
    STEPS,
    UNLIMITED,
    Bench,
    alone,
    bits,
    by_steps,
    same_weights,
    small,
    trained,
)

# Play, pause and the like


def test_opening_tells_what_the_window_must_know(bench: Bench) -> None:
    opened = bench.open(small())
    assert opened.lanes == (
        m.LaneInfo("A", LAYER_IDS, ("dense", "tanh", "dense"), (True, False, True), (2,), PER_EPOCH, 5),
    )
    assert (opened.kernels, opened.device, opened.dtype, opened.kept, opened.note) == (
        "numpy",
        "cpu",
        "float32",
        (),
        "",
    )
    assert opened.points is not None
    assert [a.shape for a in (opened.points.x, opened.points.y, opened.points.x_val, opened.points.y_val)] == [
        (30, 2),
        (30,),
        (10, 2),
        (10,),
    ]
    assert opened.points.classes == 2
    data = Trainer(small()).data
    np.testing.assert_array_equal(opened.points.x, data.x.astype("float32"))
    assert same_weights(bench.state(), Trainer(small()))


def test_a_net_on_other_inputs_has_no_points(bench: Bench) -> None:
    opened = bench.open(made := project(LAYERS, "mse"))
    assert opened.points is None
    data = Trainer(made).data
    np.testing.assert_array_equal(opened.examples, data.x[:32].astype("float32"))


def test_examples_are_told_where_there_are_no_points_and_never_many(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.open(small()).examples is None
    monkeypatch.setattr("engine.run.opening.WIDEST", 3)
    monkeypatch.setattr("engine.run.opening.FEW", 20)
    opened = bench.open(project(LAYERS, "mse"))
    assert opened.examples is not None
    assert opened.examples.shape == (20, 3)


def test_play_ends_at_the_projects_epochs_and_goes_on_when_asked(bench: Bench) -> None:
    trained(bench)
    assert same_weights(bench.state(), alone(STEPS)[0])
    bench.send(m.Play())
    end = bench.settled(m.RunState.FINISHED)
    assert (end.step, end.epoch) == (2 * STEPS, 10)
    assert "10 epochs" in end.reason
    assert same_weights(bench.state(), alone(2 * STEPS)[0])


def test_pause_stops_between_steps_and_play_goes_on(bench: Bench) -> None:
    bench.open(small(epochs=1_000_000))
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.RUNNING)
    for _ in range(3):
        time.sleep(0.005)
        bench.send(m.Pause())
        step = bench.settled(m.RunState.PAUSED).step
        keyframe = bench.state()
        assert keyframe.states[0].step == step
        assert same_weights(keyframe, alone(step)[0])
        bench.send(m.Play())
    bench.settled(m.RunState.RUNNING)


def test_advance_by_steps_and_to_the_end_of_the_epoch(bench: Bench) -> None:
    bench.open(small())
    steps = []
    for command in (m.Advance(1), m.Advance(0, 1), m.Advance(0, 1), m.Advance(3), m.Advance(0, 2), m.Advance(2, 1)):
        bench.send(command)
        steps.append(bench.settled(m.RunState.PAUSED).step)
    assert steps == [1, 4, 8, 11, 16, 22]
    assert same_weights(bench.state(), alone(22)[0])


def test_advances_that_come_at_once_add_up(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(2), m.Advance(1), m.Advance(0, 1))
    assert bench.settled(m.RunState.PAUSED).step == 4
    bench.send(m.Advance(0, 1), m.Advance(0, 1), m.Advance(1), m.Advance(0, 2), m.Advance(5, 1))
    assert bench.settled(m.RunState.PAUSED).step == 20 + 4 + 5


def test_play_in_the_middle_of_an_advance_goes_on_to_the_end(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.SetPace(UNLIMITED), m.Advance(3), m.Play())
    assert bench.settled(m.RunState.FINISHED).step == STEPS


def test_advance_needs_no_frames_whatever_the_pace(bench: Bench) -> None:
    bench.open(small())
    bench.send(by_steps(1), m.Advance(9))
    assert bench.settled(m.RunState.PAUSED).step == 9


def test_reset_gives_the_same_weights_again_and_a_new_seed_others(bench: Bench) -> None:
    bench.open(small())
    first = bits(bench.state())
    bench.send(m.Advance(7), m.Reset())
    assert bench.next(m.Rewound).seed == 0
    assert bench.settled(m.RunState.PAUSED).step == 0
    assert bits(bench.state()) == first
    bench.send(m.Reset(12))
    assert bench.next(m.Rewound).seed == 12
    other = bench.state()
    assert bits(other) != first
    bench.send(m.Advance(9))
    bench.settled(m.RunState.PAUSED)
    fresh = Trainer(small(), seed=12)
    assert other.states[0].values.tobytes() == fresh.snapshot().values.tobytes()
    for _ in range(9):
        fresh.update()
    assert same_weights(bench.state(), fresh)


def test_reset_forgets_what_was_not_told(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(6))
    bench.settled(m.RunState.PAUSED)
    answer = bench.ask(m.Reset())
    assert len(answer.lanes[0].losses.steps) == 0
    assert answer.lanes[0].scores == ()
    assert (answer.step, answer.epoch) == (0, 0)


def test_stop_ends_the_run_until_another_is_opened(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(3), m.Stop())
    assert bench.settled(m.RunState.IDLE).step == 0
    bench.send(m.Play(), m.Advance(1), m.Reset(), m.Pause(), m.SetEpochs(3), m.SetPace(UNLIMITED), m.Watch())
    assert bench.ask().lanes == ()
    assert bench.state().states == ()
    assert bench.of(m.Progress)[-1].state is m.RunState.IDLE
    assert same_weights_after_opening(bench)


def same_weights_after_opening(bench: Bench) -> bool:
    bench.open(small())
    return same_weights(bench.state(), Trainer(small()))


@pytest.mark.parametrize(
    "command", [m.SetLearningRate(0, 0.1), m.SetLearningRate(-1, 0.1), m.SetBatchSize(0, 4)], ids=lambda c: str(c)
)
def test_settings_for_no_network_are_refused(bench: Bench, command: m.Command) -> None:
    bench.send(command)
    assert "no network" in bench.next(m.Refused).message
    assert same_weights_after_opening(bench)


# Settings while it runs


def test_a_learning_rate_holds_from_the_next_step(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(6))
    bench.settled(m.RunState.PAUSED)
    bench.send(m.SetLearningRate(0, 0.5), m.Advance(6))
    assert bench.settled(m.RunState.PAUSED).step == 12
    other, _ = alone(6)
    other.set_learning_rate(0.5)
    for _ in range(6):
        other.update()
    assert same_weights(bench.state(), other)
    assert bench.ask().lanes[0].lr == 0.5


def test_a_batch_size_holds_from_the_next_step(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(5))
    bench.settled(m.RunState.PAUSED)
    bench.send(m.SetBatchSize(0, 3), m.Advance(0, 1))
    end = bench.settled(m.RunState.PAUSED)
    assert (end.step, end.epoch) == (5 + 8, 2)  # 22 of the epoch's examples were left
    other, _ = alone(5)
    other.set_batch_size(3)
    for _ in range(8):
        other.update()
    assert same_weights(bench.state(), other)
    assert bench.ask().lanes[0].batch_size == 3


def test_settings_change_a_run_without_stopping_it(bench: Bench) -> None:
    bench.open(small(epochs=1_000_000))
    bench.send(m.SetPace(UNLIMITED), m.Play(), m.SetLearningRate(0, 0.001), m.SetBatchSize(0, "all"))
    answer = bench.ask()
    assert answer.state is m.RunState.RUNNING
    assert (answer.lanes[0].lr, answer.lanes[0].batch_size) == (0.001, 30)
    before = answer.step
    assert bench.ask().step > before


@pytest.mark.parametrize("command", [m.SetLearningRate(0, -1.0), m.SetBatchSize(0, 0), m.SetBatchSize(0, "few")])
def test_a_setting_out_of_range_is_refused_and_nothing_changes(bench: Bench, command: m.Command) -> None:
    bench.open(small())
    bench.send(command)
    assert bench.next(m.Refused).message
    bench.send(m.Advance(7))
    bench.settled(m.RunState.PAUSED)
    assert same_weights(bench.state(), alone(7)[0])


def test_the_number_of_epochs_can_be_changed_and_outlives_a_reset(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.SetPace(UNLIMITED), m.SetEpochs(7), m.Play())
    assert bench.settled(m.RunState.FINISHED).epoch == 7
    bench.send(m.Reset(), m.Play())
    assert bench.settled(m.RunState.FINISHED).epoch == 7
    bench.send(m.Play())
    assert bench.settled(m.RunState.FINISHED).epoch == 14


# Standing still


@pytest.mark.parametrize("state", ["idle", "paused", "finished", "waiting for a frame"])
def test_standing_still_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    if state == "paused":
        bench.open(small())
    elif state == "finished":
        trained(bench)
    elif state == "waiting for a frame":
        bench.open(small())
        bench.send(by_steps(1), m.Play())
        assert bench.ask().step == 1
    bench.state()  # all before it is done
    turns: list[int] = []
    wait = bench.worker._wait
    monkeypatch.setattr(bench.worker, "_wait", lambda: (turns.append(1), wait())[1])
    told = len(bench.records)
    time.sleep(0.2)
    assert turns == []
    assert len(bench.records) == told
    bench.state()
    assert len(turns) == 1


def test_a_slow_pace_waits_for_the_clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.open(small())
    bench.send(m.SetPace(m.Pace(m.PaceUnit.EPOCHS_A_SECOND, 2)))  # a step each eighth of a second
    bench.state()
    turns: list[int] = []
    work = bench.worker._work
    monkeypatch.setattr(bench.worker, "_work", lambda: (turns.append(1), work())[1])
    began = time.perf_counter()
    bench.send(m.Play())
    bench.reaches(3)
    bench.send(m.Pause())
    taken = bench.settled(m.RunState.PAUSED).step
    assert 3 <= taken <= 8 * (time.perf_counter() - began)
    assert len(turns) <= 3 * taken
