"""What the tests of sessions share: views, silent workers, and ways to wait."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pytestqt.qtbot import QtBot

from engine.probes.catalogue import ProbeRequest
from engine.project import Project
from engine.run import messages as m
from engine.run.transports import ProcessTransport
from engine.trainer import Trainer
from netviz.runtime.session import Session

Make = Callable[..., Session]


class FakeView:
    """A panel that draws nothing and notes when it would have."""

    def __init__(self, *topics: str, probes: tuple[ProbeRequest, ...] = (), needs_layers: bool = False) -> None:
        self.topics, self.probes, self.needs_layers = frozenset(topics), probes, needs_layers
        self.needs_health = False
        self.visible, self.refreshed, self.reopenings, self.still = True, 0, 0, False

    def isVisible(self) -> bool:  # noqa: N802 (Qt's)
        return self.visible

    def refresh(self) -> None:
        self.refreshed += 1

    def reopened(self) -> None:
        self.reopenings += 1

    def hold(self, still: bool) -> None:
        self.still = still


class Silent:
    """A transport to nobody: what was sent stays to be looked at."""

    name = "silent"

    def __init__(self, receive: Callable[[Any], None], lost: Callable[[str], None]) -> None:
        self.receive, self.lost = receive, lost
        self.sent: list[m.Command] = []

    def send(self, command: m.Command) -> None:
        self.sent.append(command)

    def close(self) -> None:
        pass


def opened(qtbot: QtBot, session: Session, made: Project, **options: Any) -> None:
    with qtbot.waitSignal(session.opened):
        session.open(made, **options)


def reaches(qtbot: QtBot, session: Session, state: m.RunState) -> None:
    qtbot.waitUntil(lambda: session.state is state)


def finished(qtbot: QtBot, session: Session, epoch: int) -> None:
    def done() -> bool:
        return session.state is m.RunState.FINISHED and session.epoch == epoch

    qtbot.waitUntil(done)


def weights(qtbot: QtBot, session: Session) -> list[bytes]:
    """Of every lane, to the bit."""
    came: list[m.Keyframe] = []
    session.take_keyframe(came.append)
    qtbot.waitUntil(lambda: bool(came))
    return [state.values.tobytes() for state in came[0].states]


def uninterrupted(made: Project, steps: int) -> bytes:
    trainer = Trainer(made)
    for _ in range(steps):
        trainer.update()
    values: np.ndarray[Any, Any] = trainer.snapshot().values
    return values.tobytes()


def child(session: Session) -> int:
    assert isinstance(session.line.transport, ProcessTransport)
    return session.line.transport.pid
