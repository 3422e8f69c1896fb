"""The worker, on a thread and without a window: what it does at each command, and what it tells."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.probes.histograms import HistogramAnswer, Histograms
from engine.project import Project, Variant, graph_from
from engine.run import messages as m
from engine.run.lane import FIRST_STEPS
from engine.run.pending import MOST
from engine.trainer import Trainer
from engine.weights import save_weights
from tests.engine.cases import project
from tests.engine.run.bench import BATCH, DATA, LAYERS, PER_EPOCH, UNLIMITED, Bench, bits, small

STEPS = 5 * PER_EPOCH
LAYER_IDS = tuple(str(layer["id"]) for layer in LAYERS)


def by_steps(count: float) -> m.SetPace:
    return m.SetPace(m.Pace(m.PaceUnit.STEPS_A_FRAME, count))


def alone(steps: int, made: Project | None = None) -> tuple[Trainer, list[float]]:
    """A trainer of its own after `steps`, and the losses on the way."""
    trainer = Trainer(made or small())
    with np.errstate(all="ignore"):
        return trainer, [trainer.update() for _ in range(steps)]


def same_weights(keyframe: m.Keyframe, trainer: Trainer, lane: int = 0) -> bool:
    mine, theirs = trainer.snapshot(), keyframe.states[lane]
    return (mine.step, mine.values.tobytes()) == (theirs.step, theirs.values.tobytes())


def told(answers: list[m.Answer], lane: int = 0) -> tuple[list[int], list[float]]:
    """Steps and losses of all answers, one after another; none of them merged."""
    steps: list[int] = []
    losses: list[float] = []
    for answer in answers:
        b = answer.lanes[lane].losses
        assert b.low.tolist() == b.high.tolist() == b.mean.tolist() == b.last.tolist()
        steps += b.steps.tolist()
        losses += b.last.tolist()
    return steps, losses


def trained(bench: Bench, made: Project | None = None) -> None:
    """Opens and trains to the end at full speed."""
    bench.open(made or small())
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)


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
    assert bench.open(project(LAYERS, "mse")).points is None


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
    bench.send(m.Play())
    bench.settled(m.RunState.RUNNING)
    time.sleep(0.4)
    bench.send(m.Pause())
    assert 1 <= bench.settled(m.RunState.PAUSED).step <= 4
    assert len(turns) <= 12


# Frames


def test_without_a_frame_nothing_is_answered_and_nothing_is_hoarded(bench: Bench) -> None:
    data = {"kind": "noise", "shape": [2], "samples": 20_000, "targets": 1, "validation": 0.0}
    bench.open(project([{"id": "out", "kind": "dense", "units": 1}], "mse", data, batch_size=1, epochs=6))
    bench.send(m.SetPace(UNLIMITED), m.Watch((Boundary(),), layers=True), m.Play())
    end = bench.settled(m.RunState.FINISHED)
    assert end.step == 120_000
    assert bench.of(m.Answer) == []
    assert len(bench.records) < 50
    answer = bench.ask()
    losses, scalars = answer.lanes[0].losses, answer.lanes[0].layers
    assert 0 < len(losses.steps) <= 3 * MOST
    assert losses.steps[0] == 0
    assert (losses.low <= losses.mean).all()
    assert scalars is not None
    assert len(scalars.steps) <= MOST
    assert scalars.steps[:FIRST_STEPS].tolist() == list(range(FIRST_STEPS))


def test_scores_of_a_long_wait_are_bounded(bench: Bench) -> None:
    bench.open(small(epochs=3 * MOST, batch_size="all"))
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)
    scores = bench.ask().lanes[0].scores
    assert len(scores) <= MOST
    assert [score.epoch for score in scores[:100]] == list(range(100))
    assert scores[-1].epoch == 3 * MOST - 1


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_a_frame_allows_its_steps_and_every_loss_is_told_once(bench: Bench, steps: int) -> None:
    bench.open(small())
    answers = [bench.ask(by_steps(steps), m.Play())]
    while answers[-1].state is m.RunState.RUNNING:
        answers.append(bench.ask())
    ends = [answer.step for answer in answers]
    assert ends == [*range(steps, STEPS, steps), STEPS]
    assert told(answers) == (list(range(STEPS)), alone(STEPS)[1])
    assert [score.epoch for a in answers for score in a.lanes[0].scores] == list(range(5))


def test_losses_are_told_once_at_full_speed_too(bench: Bench) -> None:
    made = small(epochs=400)
    bench.open(made)
    answers = [bench.ask(m.SetPace(UNLIMITED), m.Play())]
    while answers[-1].state is m.RunState.RUNNING or len(answers) < 2:
        answers.append(bench.ask())
    assert told(answers) == (list(range(1600)), alone(1600, made)[1])


@pytest.mark.parametrize("amount", [0.3, 1, 2.5])
def test_fractions_of_a_step_a_frame(bench: Bench, amount: float) -> None:
    bench.open(small())
    answers = [bench.ask(by_steps(amount), m.Play()), *(bench.ask() for _ in range(7))]
    steps = [answer.step for answer in answers]
    assert steps[-1] == int(8 * amount)
    assert max(np.diff([0, *steps])) <= np.ceil(amount)
    assert told(answers) == (list(range(steps[-1])), alone(steps[-1])[1])


@pytest.mark.parametrize("first", [m.Pace(m.PaceUnit.STEPS_A_FRAME, 2), UNLIMITED])
def test_a_frame_that_waited_while_it_stood_still_starts_it(bench: Bench, first: m.Pace) -> None:
    bench.open(small())
    bench.send(m.SetPace(first))
    bench.ask()
    bench.send(m.Frame(77))  # nothing has changed: it waits
    bench.state()
    bench.send(by_steps(2), m.Play())
    assert bench.next(m.Answer, number=77).step == 2
    assert bench.ask().step == 4


def test_a_change_of_batch_size_does_not_lose_the_frame(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Frame(50), by_steps(1), m.Play(), m.SetBatchSize(0, 4))
    assert bench.next(m.Answer, number=50)
    assert bench.ask().step > 0


def test_a_slow_clock_is_not_upset_by_another_batch_size(bench: Bench) -> None:
    bench.open(small(epochs=1000))
    bench.send(m.SetPace(m.Pace(m.PaceUnit.EPOCHS_A_SECOND, 50)), m.Play())
    time.sleep(0.3)
    bench.send(m.SetBatchSize(0, "all"), m.Pause())
    before = bench.settled(m.RunState.PAUSED).step
    bench.send(m.Play(), m.SetBatchSize(0, BATCH), m.SetBatchSize(0, "all"))
    time.sleep(0.3)
    bench.send(m.Pause())
    assert 3 <= bench.settled(m.RunState.PAUSED).step - before <= 30


def test_while_it_stands_a_frame_waits_for_news(bench: Bench) -> None:
    bench.open(small())
    assert bench.ask().step == 0
    bench.send(m.Frame(1000))
    bench.state()
    assert all(answer.number != 1000 for answer in bench.of(m.Answer))
    bench.send(m.Watch((Histograms(),)))
    answer = bench.next(m.Answer, number=1000)
    assert [type(probe) for probe in answer.lanes[0].probes] == [HistogramAnswer]


def test_the_last_answer_shows_the_state_it_stands_at(bench: Bench) -> None:
    """However seldom pictures are drawn at full speed, the one that stays is the right one."""
    made = small(epochs=200)
    bench.open(made)
    answers = [bench.ask(m.SetPace(UNLIMITED), m.Watch((Boundary(20),)), m.Play())]
    while answers[-1].state is not m.RunState.FINISHED:
        answers.append(bench.ask())
    (picture,) = answers[-1].lanes[0].probes
    expected = Boundary(20).measure(alone(800, made)[0])
    assert expected is not None
    assert isinstance(picture, BoundaryAnswer)
    np.testing.assert_array_equal(picture.values, expected.values)


# What is told


def test_scores_are_those_of_a_trainer_of_its_own(bench: Bench) -> None:
    trained(bench)
    scores = bench.ask().lanes[0].scores
    trainer = Trainer(small())
    for epoch, score in enumerate(scores):
        for _ in range(PER_EPOCH):
            trainer.update()
        train, validation = trainer.evaluate()
        assert validation is not None
        expected = (train.loss, train.accuracy, validation.loss, validation.accuracy)
        assert (score.epoch, score.step) == (epoch, PER_EPOCH * (epoch + 1) - 1)
        assert (score.loss, score.accuracy, score.val_loss, score.val_accuracy) == expected
    assert len(scores) == 5


def test_scores_that_there_are_not_are_nan(bench: Bench) -> None:
    trained(bench, project(LAYERS, "mse", {"kind": "noise", "shape": [2], "validation": 0.0}, epochs=1))
    (score,) = bench.ask().lanes[0].scores
    assert score.loss > 0
    assert all(np.isnan(x) for x in (score.accuracy, score.val_loss, score.val_accuracy))


def test_the_first_fifty_steps_are_looked_at_one_by_one(bench: Bench) -> None:
    made = small(epochs=40)
    bench.open(made)
    bench.send(m.Watch((), layers=True), m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)
    scalars = bench.ask().lanes[0].layers
    assert scalars is not None
    assert scalars.steps.tolist()[:FIRST_STEPS] == list(range(50))
    assert scalars.values.shape == (len(scalars.steps), 3, 6)
    trainer = Trainer(made)
    for row in scalars.values[:FIRST_STEPS]:
        record = trainer.step(layers=True)
        assert record.layers is not None
        for node, numbers in zip(LAYER_IDS, row, strict=True):
            fields = m.ACTIVATION_FIELDS if node == "a1" else m.WEIGHT_FIELDS
            expected = [record.layers[node][field] for field in fields]
            np.testing.assert_array_equal(numbers[: len(fields)], np.array(expected, float))
            assert np.isnan(numbers[len(fields) :]).all()


def test_at_a_pace_every_frame_brings_scalars_of_a_step(bench: Bench) -> None:
    bench.open(small(epochs=100))
    bench.send(m.Advance(100))
    bench.settled(m.RunState.PAUSED)
    answers = [bench.ask(m.Watch((), layers=True), by_steps(3), m.Play()), *(bench.ask() for _ in range(5))]
    for before, answer in zip(answers, answers[1:], strict=False):
        scalars = answer.lanes[0].layers
        assert scalars is not None
        assert scalars.steps.tolist() == [before.step]


def test_nobody_watches_so_nothing_is_looked_at(bench: Bench) -> None:
    bench.open(small())
    answers = [bench.ask(by_steps(4), m.Play()), bench.ask()]
    assert all(answer.lanes[0].layers is None and answer.lanes[0].probes == () for answer in answers)


def test_looking_changes_no_bit(bench: Bench) -> None:
    bench.open(small(epochs=30))
    bench.send(m.Watch((Histograms(), Boundary(30)), layers=True), by_steps(1), m.Play())
    for _ in range(60):
        bench.ask()
    keyframe = bench.state()
    assert keyframe.states[0].step == 60
    assert same_weights(keyframe, alone(60)[0])


# Several networks


def two_lanes(lr: float, **training: Any) -> Project:
    made = small("mse", optimizer={"kind": "sgd", "lr": 0.1}, **training)
    wild = msgspec.structs.replace(made.training, optimizer=made.training.optimizer.replace("lr", lr))
    return replace(made, variant="calm", variants=(Variant("wild", training=wild),))


def test_networks_train_side_by_side_each_as_if_alone(bench: Bench) -> None:
    made = two_lanes(1.0)
    opened = bench.open(made)
    assert [lane.name for lane in opened.lanes] == ["calm", "wild"]
    answers = [bench.ask(by_steps(6), m.Play())]
    while answers[-1].state is m.RunState.RUNNING:
        answers.append(bench.ask())
    for number, lane in enumerate(made.lanes()):
        trainer, losses = alone(STEPS, lane)
        assert told(answers, number) == (list(range(STEPS)), losses)
        assert same_weights(bench.state(), trainer, number)


@pytest.mark.parametrize("pace", [UNLIMITED, m.Pace(m.PaceUnit.STEPS_A_FRAME, 100)])
def test_a_loss_that_is_no_number_names_the_lane_and_the_other_goes_on(bench: Bench, pace: m.Pace) -> None:
    made = two_lanes(1e6)
    bench.open(made)
    bench.send(m.SetPace(pace), m.Play(), m.Frame(900))
    diverged = bench.next(m.Diverged)
    assert diverged.lane == 1
    assert diverged.message.startswith("wild: the loss became")
    assert diverged.node in LAYER_IDS
    with pytest.raises(ArithmeticError) as caught:
        alone(STEPS, made.lanes()[1])
    assert diverged.step == caught.value.step  # type: ignore[attr-defined]
    failed = bench.settled(m.RunState.FAILED)
    assert f"step {diverged.step}" in failed.reason
    bench.send(m.Play())
    while (answer := bench.ask()).state is not m.RunState.FINISHED:
        assert answer.state is m.RunState.RUNNING
    assert answer.epoch == 5
    keyframe = bench.state()
    assert same_weights(keyframe, alone(STEPS, made.lanes()[0])[0])
    assert keyframe.states[1].step == diverged.step
    bench.send(m.Reset(), m.SetPace(UNLIMITED), m.Play())
    assert bench.next(m.Diverged).step == diverged.step


def test_when_all_have_failed_going_on_is_refused(bench: Bench) -> None:
    bench.open(small("mse", optimizer={"kind": "sgd", "lr": 1e6}))
    bench.send(m.SetPace(UNLIMITED), m.Play())
    assert bench.next(m.Diverged).lane == 0
    for command in (m.Play(), m.Advance(1)):
        bench.send(command)
        assert "reset" in bench.next(m.Refused).message
    bench.send(m.Reset(), m.SetLearningRate(0, 0.1), m.Play())
    assert bench.settled(m.RunState.FINISHED).step == STEPS


# Opening again


def broken(**parts: Any) -> bytes:
    return msgspec.json.encode({**small().to_json(), **parts})


BAD_OPENS = {
    "an unknown kind": m.Open(broken(data={"kind": "nothing"}), "."),
    "no JSON": m.Open(b"{", "."),
    "a cycle": m.Open(broken(graph={**small().to_json()["graph"], "edges": [["x", "h1"], ["h1", "h1"]]}), "."),
    "no such file": m.Open(broken(data={"kind": "npz", "path": "missing.npz"}), "."),
    "no such device": m.Open(small().to_bytes(), ".", device="tpu"),
    "no such type": m.Open(small().to_bytes(), ".", dtype="float16"),
    "no states": m.Open(small().to_bytes(), ".", states=()),
    "states of another net": m.Open(
        small().to_bytes(), ".", states=(Trainer(project(LAYERS, "mse")).snapshot(),)
    ),
}


@pytest.mark.parametrize("name", BAD_OPENS)
def test_a_run_that_cannot_be_opened_leaves_the_old_one_alive(bench: Bench, name: str, tmp_path: Path) -> None:
    made = small(epochs=1_000_000)
    bench.open(made)
    bench.send(m.RecordTelemetry(str(tmp_path / "T.jsonl"), 1000), m.SetPace(UNLIMITED), m.Play(), BAD_OPENS[name])
    assert bench.next(m.Refused).message
    before = bench.ask()
    assert before.state is m.RunState.RUNNING
    assert bench.ask().step > before.step
    bench.send(m.Pause())
    end = bench.settled(m.RunState.PAUSED).step
    assert same_weights(bench.state(), alone(end, made)[0])
    bench.send(m.RecordTelemetry(""))
    bench.state()
    lines = [msgspec.json.decode(line) for line in (tmp_path / "T.jsonl").read_bytes().splitlines()]
    assert [line["step"] for line in lines if "layers" in line and "step" in line] == list(range(0, end, 1000))


def test_weights_that_still_fit_are_kept(bench: Bench) -> None:
    trained(bench)
    before = bench.state().parameters
    wider = [LAYERS[0], LAYERS[1], {"id": "more", "kind": "dense", "units": 3}, {**LAYERS[2], "units": 1}]
    opened = bench.open(project(wider, "binary_cross_entropy", DATA), keep_weights=True)
    assert opened.kept == ("A: h1.weight", "A: h1.bias", "A: out.bias")
    after = bench.state()
    assert before is not None
    assert after.parameters is not None
    assert after.states[0].step == 0
    fresh = Trainer(project(wider, "binary_cross_entropy", DATA)).network.parameters()
    for name, array in after.parameters[0].items():
        source = before[0] if f"A: {name}" in opened.kept else fresh
        np.testing.assert_array_equal(array, source[name])


def test_weights_saved_with_the_project_are_taken(bench: Bench, tmp_path: Path) -> None:
    trainer, _ = alone(9)
    save_weights(tmp_path / "w.safetensors", trainer.network.state())
    made = replace(small(), folder=tmp_path, weights="w.safetensors")
    assert bench.open(made).note == ""
    after = bench.state().states[0]
    assert after.values.tobytes() == trainer.snapshot().values.tobytes()
    assert after.step == 0
    note = bench.open(replace(made, weights="gone.safetensors")).note
    assert "gone.safetensors" in note
    assert same_weights(bench.state(), Trainer(small()))
    other = graph_from(project([LAYERS[0], LAYERS[1], {**LAYERS[2], "bias": False}]).to_json()["graph"])
    note = bench.open(replace(made, graph=other)).note
    assert "3 of 4 saved weights fit" in note


@pytest.mark.parametrize("at", [0, 4, 37])
def test_a_run_goes_on_from_a_state_to_the_bit(bench: Bench, at: int) -> None:
    made = small(epochs=100)
    bench.open(made)
    bench.send(m.SetLearningRate(0, 0.3), m.SetBatchSize(0, 7))
    if at:
        bench.send(m.Advance(at))
        bench.settled(m.RunState.PAUSED)
    kept = m.decode_record(m.encode(bench.state()))
    assert isinstance(kept, m.Keyframe)
    bench.send(m.Advance(30))
    bench.settled(m.RunState.PAUSED)
    end = bits(bench.state())
    other = Bench()
    other.open(made, states=kept.states)
    assert bits(other.state()) == bits(kept)
    assert other.of(m.Progress)[-1].step == at
    other.send(m.Advance(30))
    other.settled(m.RunState.PAUSED)
    assert bits(other.state()) == end
    other.close()


def test_a_keyframe_that_was_asked_for_names_its_weights(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Advance(3))
    bench.settled(m.RunState.PAUSED)
    assert all(keyframe.parameters is None for keyframe in bench.of(m.Keyframe))
    keyframe = bench.state()
    assert keyframe.parameters is not None
    expected = alone(3)[0].network.parameters()
    assert {name: a.shape for name, a in keyframe.parameters[0].items()} == {
        "h1.weight": (5, 2),
        "h1.bias": (5,),
        "out.weight": (1, 5),
        "out.bias": (1,),
    }
    for name, array in expected.items():
        np.testing.assert_array_equal(keyframe.parameters[0][name], array)


def test_telemetry_that_cannot_be_written_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.open(two_lanes(0.2))
    (tmp_path / "T.1.jsonl").mkdir()
    bench.send(m.RecordTelemetry(str(tmp_path / "T.jsonl")))
    assert "T.1.jsonl" in bench.next(m.Refused).message
    bench.send(m.Advance(0, 1))
    bench.settled(m.RunState.PAUSED)
    assert (tmp_path / "T.jsonl").read_bytes().count(b"\n") == 1  # closed again: no lane is recorded alone
