"""The command line in this process."""

import pytest

from tests.netviz.commands.command import Here, here


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Here:
    return lambda *arguments: here(capfd, *arguments)
