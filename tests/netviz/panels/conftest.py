"""Every panel test starts on the dark theme and ends on it."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from netviz import theme


@pytest.fixture(autouse=True)
def dark(qapp: QApplication) -> Iterator[None]:
    theme.start(qapp, "dark")
    yield
    theme.look().use(theme.DARK)
