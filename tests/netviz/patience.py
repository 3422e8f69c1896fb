"""How long a test waits: as long as a loaded machine may need for what takes a moment on an idle one."""

from functools import partialmethod

from pytestqt.qtbot import QtBot

LONG = 60_000  # milliseconds


class PatientBot(QtBot):
    """pytest-qt gives up after five seconds; a worker that starts beside other tests may need more."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=LONG)  # noqa: N815 (pytest-qt's)
    waitSignal = partialmethod(QtBot.waitSignal, timeout=LONG)  # noqa: N815
    waitSignals = partialmethod(QtBot.waitSignals, timeout=LONG)  # noqa: N815
    waitCallback = partialmethod(QtBot.waitCallback, timeout=LONG)  # noqa: N815
    waitActive = partialmethod(QtBot.waitActive, timeout=LONG)  # noqa: N815
    waitExposed = partialmethod(QtBot.waitExposed, timeout=LONG)  # noqa: N815
