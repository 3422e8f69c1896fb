"""A worker that ends with its test."""

from collections.abc import Iterator

import pytest

from tests.engine.run.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
