"""Sessions whose workers die, move or are closed."""

import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.run import messages as m
from engine.trainer import Trainer
from netviz.runtime.line import WorkerLost
from netviz.runtime.session import Session
from tests.engine.run.bench import PER_EPOCH, UNLIMITED, small
from tests.netviz.runtime.sessions import (
    Make,
    Silent,
    child,
    finished,
    opened,
    reaches,
    uninterrupted,
    weights,
)


def test_a_killed_worker_costs_nothing_but_time(qtbot: QtBot, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on from its last keyframe and ends as if nothing had happened."""
    made = small(epochs=60)
    session, told, reopened = make("process", m.Pace(m.PaceUnit.STEPS_A_FRAME, 6)), [], []
    session.worker_lost.connect(told.append)
    opened(qtbot, session, made)
    session.opened.connect(lambda: reopened.append(session.fresh))
    session.advance(steps=33)
    qtbot.waitUntil(lambda: len(session.history.lanes[0].loss) == 33)
    session.play()
    qtbot.waitUntil(lambda: session.step > 60)
    os.kill(child(session), signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(told))
    (words,) = told
    assert words.startswith("the worker process ended unexpectedly (signal 9); the run goes on from step ")
    assert int(words.rpartition(" ")[2]) >= 33
    finished(qtbot, session, 60)
    assert reopened == [False]
    assert weights(qtbot, session) == [uninterrupted(made, 240)]
    (lane,) = session.history.lanes
    qtbot.waitUntil(lambda: len(lane.loss) == 240)
    np.testing.assert_array_equal(lane.loss.steps, range(240))  # what was seen twice stands once
    trainer = Trainer(made)
    np.testing.assert_array_equal(lane.loss.last[:, 0], [trainer.update() for _ in range(240)])
    assert [int(step) for step in lane.scores.steps] == [PER_EPOCH * (i + 1) - 1 for i in range(60)]


def test_a_worker_that_dies_while_it_stands_comes_back_standing(qtbot: QtBot, make: Make) -> None:
    session = make("process")
    opened(qtbot, session, small())
    session.advance(steps=7)
    qtbot.waitUntil(lambda: session.step == 7)
    first = child(session)
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(lambda: child(session) != first and session.state is m.RunState.PAUSED)
    assert session.step == 7
    assert weights(qtbot, session) == [uninterrupted(small(), 7)]


def test_a_keyframe_asked_of_a_dying_worker_still_comes(qtbot: QtBot, make: Make) -> None:
    """Saving must not be forgotten because the worker died on the way."""
    session, came = make("process"), []
    opened(qtbot, session, small())
    session.advance(steps=7)
    qtbot.waitUntil(lambda: session.step == 7)
    os.kill(child(session), signal.SIGKILL)
    session.take_keyframe(came.append)
    qtbot.waitUntil(lambda: bool(came))
    assert came[0].states[0].values.tobytes() == uninterrupted(small(), 7)
    assert came[0].parameters is not None


def test_a_worker_that_dies_again_and_again_is_given_up(qtbot: QtBot, silent: tuple[Session, list[Silent]]) -> None:
    session, transports = silent
    told: list[str] = []
    session.worker_lost.connect(told.append)
    session.open(small())
    state = Trainer(small()).snapshot()
    transports[0].receive(m.Opened((m.LaneInfo("A", (), (), (), (2,), 4, 5),), None, "numpy", "cpu", "float32", ()))
    transports[0].receive(m.Keyframe((state,), None))
    transports[0].receive(m.Progress(m.RunState.RUNNING, 0, 0))
    for number in range(3):
        transports[number].receive(WorkerLost("boom"))
        session._tick()
    assert len(transports) == 3
    assert told[:2] == ["boom; the run goes on from step 0"] * 2
    assert "3 times in a row" in told[2]
    assert session.state is m.RunState.IDLE
    session.play()  # a person wants it all the same
    assert len(transports) == 4
    (again,) = [c for c in transports[3].sent if isinstance(c, m.Open)]
    assert again.states is not None
    info = m.LaneInfo("A", (), (), (), (2,), 4, 5)
    transports[3].receive(m.Opened((info,), None, "numpy", "cpu", "float32", ()))
    session._tick()
    assert m.Play() in transports[3].sent


def test_dying_twice_before_it_opened_still_goes_on_running(silent: tuple[Session, list[Silent]]) -> None:
    session, transports = silent
    session.open(small())
    info = m.LaneInfo("A", (), (), (), (2,), 4, 5)
    transports[0].receive(m.Opened((info,), None, "numpy", "cpu", "float32", ()))
    transports[0].receive(m.Progress(m.RunState.RUNNING, 0, 0))
    for transport in (0, 1):
        transports[transport].receive(WorkerLost("boom"))
        session._tick()
    transports[2].receive(m.Opened((info,), None, "numpy", "cpu", "float32", ()))
    session._tick()
    assert m.Play() in transports[2].sent


def test_getting_on_wipes_the_slate(silent: tuple[Session, list[Silent]]) -> None:
    session, transports = silent
    session.open(small())
    info = m.LaneInfo("A", (), (), (), (2,), 4, 5)
    for number in range(6):
        transports[-1].receive(m.Opened((info,), None, "numpy", "cpu", "float32", ()))
        session._tick()
        transports[-1].receive(m.Answer(session._asked, m.RunState.RUNNING, session.step + 10, 0, 0.0, ()))
        transports[-1].receive(WorkerLost("boom"))
        session._tick()
        assert len(transports) == number + 2


@pytest.mark.parametrize(("first", "second"), [("thread", "process"), ("process", "thread")])
@pytest.mark.parametrize("running", [False, True])
def test_a_run_moves_to_another_kind_of_worker(
    qtbot: QtBot, make: Make, first: str, second: str, running: bool
) -> None:
    made = small(epochs=40)
    session = make(first, m.Pace(m.PaceUnit.STEPS_A_FRAME, 8))
    opened(qtbot, session, made)
    session.advance(steps=11)
    qtbot.waitUntil(lambda: len(session.history.lanes[0].loss) == 11)
    if running:
        session.play()
        reaches(qtbot, session, m.RunState.RUNNING)
    with qtbot.waitSignal(session.opened):
        session.use_worker(second)
    assert not session.fresh
    if not running:
        qtbot.wait(60)
        assert (session.state, session.step) == (m.RunState.PAUSED, 11)
        session.play()
    finished(qtbot, session, 40)
    assert weights(qtbot, session) == [uninterrupted(made, 160)]
    qtbot.waitUntil(lambda: len(session.history.lanes[0].loss) == 160)


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_closing_in_the_middle_leaves_nothing_behind(qtbot: QtBot, kind: str) -> None:
    session = Session(kind)
    session.set_pace(UNLIMITED)
    opened(qtbot, session, small(epochs=1_000_000))
    session.play()
    qtbot.waitUntil(lambda: session.step > 0)
    pid = child(session) if kind == "process" else None
    session.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("netviz worker")] == []
    if pid is not None:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


LARGE = m.Opened((m.LaneInfo("A", (), (), (), (2,), 4, 5),), None, "numpy", "cpu", "float32", (), state=5 << 28)


def test_a_large_run_begins_anew_and_stands(silent: tuple[Session, list[Silent]]) -> None:
    """Nothing of it is kept in memory, and it may have died of want of room."""
    session, transports = silent
    told: list[str] = []
    session.worker_lost.connect(told.append)
    session.open(small())
    transports[0].receive(LARGE)
    transports[0].receive(m.Progress(m.RunState.RUNNING, 7, 1))
    transports[0].receive(WorkerLost("boom"))
    session._tick()
    assert told == ["boom; the run begins anew: of its 1.25 GiB of weights there was no copy yet"]
    (again,) = [command for command in transports[1].sent if isinstance(command, m.Open)]
    assert again.states is None
    transports[1].receive(LARGE)
    session._tick()
    assert m.Play() not in transports[1].sent
    assert session.step == 0


def test_a_large_run_begins_anew_with_its_copy_until_a_person_wants_another(
    silent: tuple[Session, list[Silent]],
) -> None:
    session, transports = silent
    told: list[str] = []
    session.worker_lost.connect(told.append)
    session.open(small())
    transports[0].receive(LARGE)
    session._tick()
    session.copied = replace(small(), weights="copy.safetensors"), 70

    def begun(number: int) -> list[bytes]:
        return [command.project for command in transports[number].sent if isinstance(command, m.Open)]

    for number in (0, 1):  # a second time, too
        transports[number].receive(WorkerLost("boom"))
        session._tick()
        assert begun(number + 1) == [session.copied[0].to_bytes()]
        transports[number + 1].receive(LARGE)
        session._tick()
    assert told == 2 * ["boom; the run begins anew, with the weights of step 70"]
    assert session.project is not None
    assert session.project.weights is None
    session.open(small())
    assert session.copied is None
    session.copied = small(), 80
    session.reset()
    assert session.copied is None


def test_the_state_of_a_large_run_that_has_moved_is_let_go_of(silent: tuple[Session, list[Silent]]) -> None:
    session, transports = silent
    session.open(small())
    transports[0].receive(LARGE)
    session._tick()
    session.go_on_from(m.Keyframe((Trainer(small()).snapshot(),), None, 3))
    (again,) = [command for command in transports[1].sent if isinstance(command, m.Open)]
    assert again.states is not None
    transports[1].receive(LARGE)
    session._tick()
    assert session.keyframe is None
