"""The diagnosis of a run as the window sees it: what the worker tells is what looking at every step finds."""

from itertools import pairwise

import pytest

from engine.diagnosis import Diagnosis, Health
from engine.project import Project
from engine.run import messages as m
from engine.run.lane import HEALTH_SECONDS, Lane
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import Bench, by_steps, small

DEPTH = 8


def deep(kind: str, init: str) -> Project:
    layers: list[dict[str, object]] = []
    for number in range(1, DEPTH + 1):
        layers += [{"id": f"h{number}", "kind": "dense", "units": 16, "init": init}, {"id": f"a{number}", "kind": kind}]
    data: dict[str, object] = {"kind": "xor", "samples": 400, "noise": 0.1}
    training = {"optimizer": {"kind": "sgd", "lr": 0.1}, "batch_size": 32}
    return project([*layers, {"id": "out", "kind": "dense", "units": 1}], "binary_cross_entropy", data, **training)


def looked_at(made: Project, steps: int) -> Diagnosis:
    trainer = Trainer(made)
    diagnosis = Diagnosis.of(trainer)
    for _ in range(steps):
        record = trainer.step(layers=True)
        diagnosis.see(record.step, record.loss, record.layers, record.lr)
    return diagnosis


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def after(bench: Bench, steps: int) -> m.LaneHealth:
    bench.send(by_steps(10), m.Advance(steps=steps))
    answer = bench.ask()
    while answer.step < steps:
        answer = bench.ask()
    health = answer.lanes[0].health
    assert health is not None
    return health


def test_the_worker_tells_what_every_one_of_the_first_steps_shows(bench: Bench) -> None:
    made = deep("sigmoid", "glorot_uniform")
    bench.open(made)
    bench.send(m.Watch(layers=True, health=True))
    health = after(bench, 40)
    expected = looked_at(made, 40)
    assert health.looks == 40
    assert health.findings == expected.findings()
    assert health.watched == expected.watched()
    assert health.findings[0].symptom == "vanishing"
    assert health.findings[0].cause
    assert health.findings[0].remedies
    nodes = Trainer(made).network.structure.drawn
    assert health.nodes == tuple(expected.health(node) for node in nodes)
    assert health.nodes[0] is Health.TROUBLE


def test_a_sound_network_is_called_sound(bench: Bench) -> None:
    bench.open(deep("relu", "he_normal"))
    bench.send(m.Watch(layers=True, health=True))
    health = after(bench, 40)
    assert health.findings == ()
    assert health.looks == 40


def test_nobody_asked_and_nothing_is_told(bench: Bench) -> None:
    bench.open(small())
    bench.send(m.Watch(layers=True))
    assert bench.ask(m.Advance(steps=3)).lanes[0].health is None


def test_a_reset_begins_it_anew_and_one_that_comes_late_says_so(bench: Bench) -> None:
    bench.open(small())
    bench.send(by_steps(5), m.Advance(steps=5))
    bench.settled(m.RunState.PAUSED)
    bench.send(m.Watch(layers=True, health=True))
    first = bench.ask().lanes[0].health
    assert first is not None
    assert (first.looks, first.since) == (0, 5)
    again = bench.ask(m.Reset()).lanes[0].health
    assert again is not None
    assert (again.looks, again.since) == (0, 0)


def test_an_answer_goes_through_the_pipe(bench: Bench) -> None:
    bench.open(deep("sigmoid", "glorot_uniform"))
    bench.send(m.Watch(layers=True, health=True))
    after(bench, 20)
    answer = bench.of(m.Answer)[-1]
    again = m.decode_record(m.encode(answer))
    assert isinstance(again, m.Answer)
    assert again.lanes[0].health == answer.lanes[0].health
    assert again.lanes[0].health is not None


def test_findings_are_in_the_order_of_their_beginning(bench: Bench) -> None:
    bench.open(deep("sigmoid", "glorot_uniform"))
    bench.send(m.Watch(layers=True, health=True))
    health = after(bench, 60)
    assert all(a.began <= b.began for a, b in pairwise(health.findings))


def test_in_a_hurry_it_is_said_a_few_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("engine.run.lane.time.perf_counter", lambda: now[0])
    lane = Lane(Trainer(deep("sigmoid", "glorot_uniform")))
    assert lane.health() is None
    lane.diagnose()
    assert lane.health(hurried=True) is not None
    now[0] += HEALTH_SECONDS / 2
    assert lane.health(hurried=True) is None
    assert lane.health() is not None, "who has time is told every time"
    now[0] += HEALTH_SECONDS
    assert lane.health(hurried=True) is not None
