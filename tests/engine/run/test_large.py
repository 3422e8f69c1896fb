"""A run of gigabytes: nothing of it is copied unasked, and it is opened and saved a network at a time."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import memory
from engine.backend import Backend
from engine.probes.histograms import Histograms
from engine.project import Project, project_from
from engine.run import keyframes
from engine.run import messages as m
from engine.weights import load_weights
from tests.engine.run.bench import UNLIMITED, Bench, alone, same_weights, small


def two(units: int = 5) -> Project:
    made = small().to_json()
    made["graph"]["nodes"][1]["units"] = units
    other = {**made["graph"], "nodes": [{**node} for node in made["graph"]["nodes"]]}
    other["nodes"][2]["kind"] = "relu"
    return project_from(made | {"variants": [{"name": "ReLU", "graph": other}]}, Path())


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is opened is large."""
    monkeypatch.setattr(keyframes, "LARGE", 0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def advance(bench: Bench, steps: int) -> None:
    bench.send(m.Advance(steps))
    bench.settled(m.RunState.RUNNING)
    bench.settled(m.RunState.PAUSED)


def words(bench: Bench) -> list[str]:
    return [record.reason for record in bench.of(m.Progress) if record.reason]


@pytest.mark.usefixtures("large")
def test_it_is_told_when_it_is_asked_for_and_not_before(bench: Bench) -> None:
    opened = bench.open(two())
    assert opened.state == 2 * 3 * 4 * (3 * 5 + 6)  # of Adam, values and two vectors, of two networks
    advance(bench, 7)
    assert bench.of(m.Keyframe) == []
    told = bench.state()
    assert told.parameters is None  # states do for who moves the run
    assert same_weights(told, alone(7)[0])


def test_one_that_is_not_large_is_told(bench: Bench) -> None:
    bench.open(two())
    advance(bench, 1)
    assert bench.of(m.Keyframe)
    assert words(bench) == []


@pytest.mark.usefixtures("large")
def test_its_weights_come_in_files(bench: Bench, tmp_path: Path) -> None:
    bench.open(two())
    advance(bench, 7)
    for lane, count in ((None, 2), (0, 1)):
        bench.send(m.TakeKeyframe(9, str(tmp_path), lane))
        told = bench.next(m.Keyframe, token=9)
        assert (told.states, told.parameters, told.step, told.problem) == ((), None, 7, "")
        assert len(told.files) == count
        weights = load_weights(Path(told.files[0]))
        mine = alone(7)[0].network.state()
        assert weights.keys() == mine.keys()
        assert all(np.array_equal(weights[name], mine[name]) for name in mine)
        assert Path(told.files[0]).parent.parent == tmp_path
    bench.send(m.TakeKeyframe(10, str(tmp_path / "nowhere")))
    told = bench.next(m.Keyframe, token=10)
    assert (told.files, told.problem) == ((), "No such file or directory")


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("keep", [False, True])
def test_the_run_before_is_let_go_of_network_by_network(bench: Bench, keep: bool) -> None:
    bench.open(two())
    advance(bench, 7)
    before = bench.state().states
    gone = [weakref.ref(lane.trainer) for lane in bench.worker._lanes]
    lives: list[list[bool]] = []
    say = bench.worker._change

    def change(state: Any, reason: str = "") -> None:
        if "first weights" in reason:
            gc.collect()
            lives.append([trainer() is not None for trainer in gone])
        say(state, reason)

    bench.worker._change = change  # type: ignore[method-assign]
    opened = bench.open(two(), keep_weights=keep)
    assert lives == ([[True, True], [False, True]] if keep else [[False, False]] * 2)
    assert bool(opened.kept) is keep
    kept = [state.values.tobytes() for state in bench.state().states] == [state.values.tobytes() for state in before]
    assert kept is keep
    named = [f"drawing first weights: {name}, network {i} of 2" for i, name in ((1, "A"), (2, "ReLU"))]
    assert words(bench) == named * 2
    bench.send(m.Reset())
    bench.next(m.Rewound)
    assert words(bench) == named * 3


@pytest.mark.usefixtures("large")
def test_no_other_process_has_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start(tell: Any) -> Any:
        started.append(tell)
        raise AssertionError("another worker was started")

    bench = Bench(start)
    bench.open(small(epochs=1_000_000))
    bench.worker._budget.detail = 0.25  # too dear to be made between steps
    bench.send(m.Watch((Histograms(),)), m.SetPace(UNLIMITED), m.Play())
    bench.settled(m.RunState.RUNNING)
    for _ in range(3):
        bench.ask()
    bench.close()
    assert started == []


def test_four_networks_want_gradients_once() -> None:
    made = two(3000)  # 3 001 + 3 · 3 000 numbers are few: each has its own
    number = 4 * (3001 + 3 * 3000)
    needs = memory.needs_side_by_side(made.lanes(), "float32")
    assert sum(needs.weights.values()) == 2 * 5 * number  # values, Adam's two, gradients, and weights before an update
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "LEAST", 1)
        needs = memory.needs_side_by_side(made.lanes(), "float32")
    assert sum(needs.weights.values()) == (2 * 3 + 2) * number
    assert needs.largest == "A: h1"


def test_too_many_networks_are_refused_before_any_room_is_taken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = two()
    monkeypatch.setattr(memory, "SMALL", 0)
    needs = memory.needs_side_by_side(made.lanes(), "float32")
    one = memory.needs_of_training(made.lanes()[0], "float32", 8)
    monkeypatch.setattr(memory, "free_bytes", lambda _: needs.total - 1)
    assert one.total < needs.total - 1  # each of them alone would fit

    def taken(*_: object) -> None:
        raise AssertionError("room was taken")

    with monkeypatch.context() as patch:
        patch.setattr(Backend, "zeros", taken)
        bench.send(m.Open(made.to_bytes(), "."))
        refused = bench.next(m.Refused).message
    assert refused.startswith(f"memory: a run of 2 networks wants about {memory.size(needs.total)} (")
    assert "are free on cpu" in refused
    assert "fewer networks side by side" in refused
    assert len(refused.splitlines()) == 1
    monkeypatch.setattr(memory, "free_bytes", lambda _: needs.total)
    bench.open(made)


@pytest.mark.usefixtures("large")
def test_what_the_run_before_gives_back_counts_as_free(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = two()
    held = bench.open(made).state
    monkeypatch.setattr(memory, "SMALL", 0)
    needs = memory.needs_side_by_side(made.lanes(), "float32")
    monkeypatch.setattr(memory, "free_bytes", lambda _: needs.total - held - 1)
    bench.send(m.Open(made.to_bytes(), ".", keep_weights=True))
    assert "a run of 2 networks wants" in bench.next(m.Refused).message
    assert len(bench.state().states) == 2  # the run stands where it stood
    monkeypatch.setattr(memory, "free_bytes", lambda _: needs.total - held)
    monkeypatch.setattr("engine.trainer.must_fit", lambda *_: None)
    monkeypatch.setattr("engine.network.must_fit", lambda *_: None)
    assert bench.open(made, keep_weights=True).kept
