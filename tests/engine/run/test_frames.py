"""What the worker tells: an answer to each frame, every loss once, and nothing that nobody asked for."""

import time
from dataclasses import replace
from itertools import pairwise
from math import inf

import numpy as np
import pytest

from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.probes.example import Example, ExampleAnswer, raw
from engine.probes.histograms import HistogramAnswer, Histograms
from engine.project import Variant
from engine.run import messages as m
from engine.run import scoring
from engine.run.lane import FIRST_STEPS
from engine.run.pending import MOST, MOST_ROWS
from engine.run.scoring import FIRST_EPOCHS
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import (
    BATCH,
    LAYER_IDS,
    LAYERS,
    PER_EPOCH,
    STEPS,
    UNLIMITED,
    Bench,
    alone,
    by_steps,
    same_weights,
    small,
    told,
    trained,
)

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
    assert 0 < len(losses.steps) <= 5 * MOST
    assert losses.steps[0] == 0
    assert (losses.low <= losses.mean).all()
    assert scalars is not None
    assert len(scalars.steps) <= MOST_ROWS
    assert scalars.steps[:FIRST_STEPS].tolist() == list(range(FIRST_STEPS))


def test_scores_of_a_long_wait_are_bounded(bench: Bench) -> None:
    bench.open(small(epochs=3 * scoring.MOST, batch_size="all"))
    bench.send(m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.FINISHED)
    scores = bench.ask().lanes[0].scores
    assert len(scores) <= scoring.MOST
    assert [score.epoch for score in scores[:FIRST_EPOCHS]] == list(range(FIRST_EPOCHS))
    assert (np.diff([score.epoch for score in scores]) > 0).all()
    assert scores[-1].epoch == 3 * scoring.MOST - 1


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
    made = small(epochs=200)
    bench.open(made)
    answers = [bench.ask(m.SetPace(UNLIMITED), m.Play())]
    while answers[-1].state is m.RunState.RUNNING or len(answers) < 2:
        answers.append(bench.ask())
    assert told(answers) == (list(range(800)), alone(800, made)[1])


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
    before, began = bench.settled(m.RunState.PAUSED).step, time.perf_counter()
    bench.send(m.Play(), m.SetBatchSize(0, BATCH), m.SetBatchSize(0, "all"))
    bench.reaches(before + 10)
    bench.send(m.Pause())
    taken = bench.settled(m.RunState.PAUSED).step - before
    assert taken <= 50 * (time.perf_counter() - began) + PER_EPOCH


def test_steps_of_smaller_batches_are_not_made_up_for(bench: Bench) -> None:
    bench.open(small(epochs=1000, batch_size="all"))
    bench.send(m.SetPace(m.Pace(m.PaceUnit.EPOCHS_A_SECOND, 50)), m.Play())
    bench.reaches(15)  # as many as would have been three times more
    began, before = time.perf_counter(), bench.step
    bench.send(m.SetBatchSize(0, BATCH))
    bench.reaches(before + 25)
    bench.send(m.Pause())
    taken = bench.settled(m.RunState.PAUSED).step - before
    assert taken <= 50 * PER_EPOCH * (time.perf_counter() - began) + PER_EPOCH


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
    for before, answer in pairwise(answers):
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


# One example by hand


def example(number: int, *x: float) -> Example:
    return Example(raw(np.array(x)), number=number)


def shown(answer: m.Answer) -> list[tuple[int, float]]:
    """Each lane's answer about the example: its number, and what came out."""
    return [
        (p.number, float(p.output[0])) for lane in answer.lanes for p in lane.probes if isinstance(p, ExampleAnswer)
    ]


def test_a_new_example_is_answered_alone_while_it_stands(bench: Bench) -> None:
    """What was told of the other instruments is still true: they are not asked again."""
    bench.open(small())
    first = bench.ask(m.Watch((Boundary(20), example(1, 0.5, -0.5))))
    assert [type(probe) for probe in first.lanes[0].probes] == [BoundaryAnswer, ExampleAnswer]
    network = alone(0)[0].network
    assert shown(first) == [(1, network.predict(np.array([[0.5, -0.5]]))[0, 0])]
    second = bench.ask(m.Watch((Boundary(20), example(2, 0.25, 1.0))))
    assert [type(probe) for probe in second.lanes[0].probes] == [ExampleAnswer]
    assert shown(second) == [(2, network.predict(np.array([[0.25, 1.0]]))[0, 0])]
    bench.send(m.Frame(1000))
    bench.state()
    assert all(answer.number != 1000 for answer in bench.of(m.Answer))
    bench.send(m.Watch((Boundary(20), Histograms(), example(2, 0.25, 1.0))))
    assert len(bench.next(m.Answer, number=1000).lanes[0].probes) == 3


def test_of_many_examples_the_last_is_answered(bench: Bench) -> None:
    bench.open(small())
    bench.ask()
    bench.send(*(m.Watch((example(number, number / 100, 0.0),)) for number in range(100)))
    assert shown(bench.ask())[0][0] == 99


def test_an_example_follows_training_in_every_lane(bench: Bench) -> None:
    made = replace(small(), variants=(Variant("B", None, small(batch_size=4).training, {}),))
    bench.open(made)
    answers = [bench.ask(m.Watch((example(1, 0.5, -0.5),)), by_steps(1), m.Play()), *(bench.ask() for _ in range(4))]
    for lane, single in enumerate(made.lanes()):
        for answer in answers:
            trainer, _ = alone(answer.step, single)
            assert shown(answer)[lane] == (1, trainer.network.predict(np.array([[0.5, -0.5]]))[0, 0])
    assert len({shown(answer)[0][1] for answer in answers}) == 5


def test_at_full_speed_a_new_example_does_not_wait_for_the_budget(bench: Bench) -> None:
    bench.open(small(epochs=10**7))
    answer = bench.ask(m.SetPace(UNLIMITED), m.Watch((Boundary(50),)), m.Play())
    assert len(answer.lanes[0].probes) == 1
    bench.worker._budget.ready_at = inf
    began = answer.step
    for number in range(3):
        answer = bench.ask(m.Watch((Boundary(50), example(number, 0.5, 0.5))))
        assert [probe.number for probe in answer.lanes[0].probes] == [number]
    assert answer.step > began


def test_at_a_slow_pace_a_new_example_does_not_wait_for_the_next_step(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.SetPace(m.Pace(m.PaceUnit.EPOCHS_A_SECOND, 1e-3)), m.Play())
    for number in range(3):
        answer = bench.ask(m.Watch((example(number, 0.5, 0.5),)))
        assert shown(answer)[0][0] == number
        assert answer.step == 0


def test_an_example_of_another_size_is_passed_over(bench: Bench) -> None:
    bench.open(small())
    answer = bench.ask(m.Watch((Boundary(20), example(1, 1.0, 2.0, 3.0))), by_steps(1), m.Play())
    assert [type(probe) for probe in answer.lanes[0].probes] == [BoundaryAnswer]
    assert bench.ask().step == 2
