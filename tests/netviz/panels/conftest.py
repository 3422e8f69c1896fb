"""Every panel test starts on the dark theme and ends on it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from netviz import theme


@pytest.fixture(autouse=True)
def dark(qapp: QApplication) -> Iterator[None]:
    theme.start(qapp, "dark")
    yield
    # What a test has closed goes now: widgets that wait for an event loop make every change of theme slower.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme.look().use(theme.DARK)
