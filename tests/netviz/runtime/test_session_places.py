"""Runs that move to another device or number type with their state, and come back where they cannot."""

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.backend import Backend
from engine.errors import DeviceError
from engine.run import messages as m
from engine.run.opening import open_lanes
from engine.trainer import Trainer
from netviz.runtime.place import Place
from netviz.runtime.session import Session
from tests.engine.run.bench import small
from tests.netviz.runtime.sessions import Make, Silent, finished, opened, reaches, weights
from tests.strict_array import strict

CARD = Place("cuda:0")


class Machine:
    """A card that can be taken away or filled."""

    def __init__(self) -> None:
        self.there, self.full, self.asked = True, False, list[str]()

    def open(self, device: str, dtype: str, kernels: str) -> Backend:
        self.asked.append(device)
        if device == "cpu":
            return Backend(np, "cpu", dtype, kernels)
        if not self.there:
            raise DeviceError(f"device {device!r}: CuPy finds no CUDA device or driver")
        if self.full:
            raise MemoryError("Out of memory allocating 5,000 bytes")
        return Backend(strict, device, dtype, "cuda")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("engine.run.opening.open_backend", made.open)
    return made


def told(session: Session) -> list[str]:
    words: list[str] = []
    session.noticed.connect(words.append)
    return words


def steps(qtbot: QtBot, session: Session, count: int) -> None:
    session.advance(steps=count)
    qtbot.waitUntil(lambda: session.answered[1] == count)
    reaches(qtbot, session, m.RunState.PAUSED)


def moved(qtbot: QtBot, session: Session, place: Place) -> None:
    with qtbot.waitSignal(session.opened):
        session.use_place(place)


def test_a_run_goes_on_where_it_is_moved_to(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session = make()
    opened(qtbot, session, small(epochs=30))
    steps(qtbot, session, 13)
    before = weights(qtbot, session)
    moved(qtbot, session, CARD)
    assert (session.device, session.dtype, session.kernels) == ("cuda:0", "float32", "cuda")
    assert weights(qtbot, session) == before
    reaches(qtbot, session, m.RunState.PAUSED)
    assert session.step == 13
    session.advance(steps=8)
    qtbot.waitUntil(lambda: session.answered == (m.RunState.PAUSED, 21))
    (lane,) = session.history.lanes
    np.testing.assert_array_equal(lane.loss.steps, range(21))  # its past is still there
    assert session.by_hand == ["from step 13 on: computed on cuda:0 in float32"]
    moved(qtbot, session, Place())
    assert session.device == "cpu"
    session.play()
    finished(qtbot, session, 30)


def test_one_that_trains_goes_on_training(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session = make(pace=m.Pace(m.PaceUnit.STEPS_A_FRAME, 1))
    opened(qtbot, session, small(epochs=100))
    session.play()
    qtbot.waitUntil(lambda: session.step > 5)
    moved(qtbot, session, CARD)
    at = session.step
    assert at > 5
    qtbot.waitUntil(lambda: session.running and session.step > at + 5)


def test_numbers_of_the_other_type_are_those_rounded(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session, made = make(), small(epochs=30)
    opened(qtbot, session, made)
    steps(qtbot, session, 13)
    wide = Place("cpu", "float64")
    moved(qtbot, session, wide)
    assert session.dtype == "float64"
    trainer = Trainer(made)
    with np.errstate(all="ignore"):
        trainer.run(13)
    assert weights(qtbot, session) == [trainer.snapshot().values.astype("float64").tobytes()]
    moved(qtbot, session, Place())
    assert weights(qtbot, session) == [trainer.snapshot().values.tobytes()]  # back to the bit


def test_where_the_new_place_is_not_there_it_stays(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session = make()
    words, refused = told(session), list[str]()
    session.refused.connect(refused.append)
    opened(qtbot, session, small(epochs=30))
    steps(qtbot, session, 9)
    before = weights(qtbot, session)
    machine.there = False
    moved(qtbot, session, CARD)
    assert session.place == Place()
    assert session.device == "cpu"
    assert words == [
        "device 'cuda:0': CuPy finds no CUDA device or driver; the run goes on with the CPU in float32",
    ]
    assert refused == []
    assert weights(qtbot, session) == before
    assert session.by_hand == []


def test_where_it_has_no_room_it_stays(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session = make()
    words = told(session)
    opened(qtbot, session, small(epochs=30))
    steps(qtbot, session, 9)
    machine.full = True
    moved(qtbot, session, CARD)
    assert session.place == Place()
    assert words[0].startswith("Out of memory allocating 5,000 bytes")
    reaches(qtbot, session, m.RunState.PAUSED)
    assert session.step == 9


def test_a_device_remembered_and_gone_is_said_and_the_run_opens_on_the_cpu(
    qtbot: QtBot, make: Make, machine: Machine
) -> None:
    machine.there = False
    session = make()
    session.moving.place = Place("cuda:1", "float64")
    words = told(session)
    opened(qtbot, session, small())
    assert (session.device, session.dtype) == ("cpu", "float64")
    assert machine.asked == ["cuda:1", "cpu"]
    assert len(words) == 1
    assert words[0].endswith("the run goes on with the CPU in float64")


def test_what_is_wrong_with_the_project_is_refused_as_ever(qtbot: QtBot, make: Make, machine: Machine) -> None:
    session = make()
    session.moving.place = CARD
    with qtbot.waitSignal(session.refused) as caught:
        session.open(small(batch_size=8, loss="hinge", optimizer={"kind": "sgd", "lr": 1.0}), keep_weights=True)
        session.line.send(m.LoadWeights(7, {}, "none"))
    assert "there is no network 7" in caught.args[0]
    assert session.place == CARD


def test_without_a_run_the_next_one_opens_there(silent: tuple[Session, list[Silent]]) -> None:
    session, made = silent
    session.use_place(Place("cuda:2", "float64"))
    session.open(small())
    (command,) = [sent for sent in made[-1].sent if isinstance(sent, m.Open)]
    assert (command.device, command.dtype) == ("cuda:2", "float64")
    assert len(made) == 1  # no worker was changed for that


def test_states_of_another_type_are_taken_and_the_same_type_to_the_bit() -> None:
    made = small(early_stopping={"patience": 2})
    trainer = Trainer(made)
    trainer.run(12)
    state = trainer.snapshot()
    assert state.in_type("float32") is state
    wide = state.in_type("float64")
    parts: list[Any] = [wide.values, *wide.slots, wide.course.best_values]
    assert {str(part.dtype) for part in parts} == {"float64"}
    command = m.Open(made.to_bytes(), ".", "cpu", "float64", states=(state,))
    ((lane,), _, _) = open_lanes(made, command, {})
    assert lane.trainer.step_number == 12
    lane.trainer.run(3)
