"""Sessions that leave nothing behind."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.run import messages as m
from netviz.runtime import line as module
from netviz.runtime.session import Session
from tests.engine.run.bench import UNLIMITED
from tests.netviz.runtime.sessions import Make, Silent


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    made: list[Session] = []

    def start(kind: str = "thread", pace: m.Pace = UNLIMITED) -> Session:
        session = Session(kind)
        made.append(session)
        session.set_pace(pace)
        return session

    yield start
    for session in made:
        session.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("netviz worker")] == []


@pytest.fixture
def silent(make: Make, monkeypatch: pytest.MonkeyPatch) -> tuple[Session, list[Silent]]:
    """A session without a worker, and every transport that it makes."""
    made: list[Silent] = []

    def transport(kind: str, receive: Any, lost: Any) -> Silent:
        made.append(Silent(receive, lost))
        return made[-1]

    monkeypatch.setattr(module, "make_transport", transport)
    session = make()
    session._timer.stop()
    return session, made
