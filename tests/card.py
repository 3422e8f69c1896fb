"""The device that tests of cards run on: the stand-in, or with NETVIZ_CARD=cuda (or cuda:N) a real one."""

import os

import pytest

from engine.backend import Backend, open_backend
from tests.strict_array import strict

REAL = os.environ.get("NETVIZ_CARD", "")
looks_inside = pytest.mark.skipif(bool(REAL), reason="it looks inside the stand-in")


def card(dtype: str = "float32") -> Backend:
    return open_backend(REAL, dtype) if REAL else Backend(strict, "strict", dtype, "cuda")
