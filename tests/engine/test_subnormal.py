"""Numbers too small to be normal: 0 while a network is updated, as they are for everybody else."""

import platform
import sys
import threading
from importlib.util import find_spec

import msgspec
import numpy as np
import pytest

from engine.backend import open_backend
from engine.subnormal import PLACES, Flushed
from engine.trainer import Trainer
from tests.engine.cases import project

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) not in PLACES, reason="nothing is flushed on such a machine"
)

LEAST = np.finfo(np.float32).smallest_normal
NUMBA = pytest.param("numba", marks=pytest.mark.skipif(find_spec("numba") is None, reason="wants numba"))


def half_of_least() -> float:
    return float((np.full(40, LEAST) * np.float32(0.5)).max())


def test_inside_they_are_zero_whether_made_or_read():
    there = np.full(40, LEAST) * np.float32(0.5)
    with Flushed():
        assert half_of_least() == 0
        assert (there * np.float32(4)).max() == 0
        assert sys.float_info.min * 0.5 == 0
    assert half_of_least() > 0
    assert (there * np.float32(4)).max() == 2 * LEAST


def test_what_was_before_comes_back_from_inside_another_and_after_an_error():
    with Flushed():
        with Flushed():
            pass
        assert half_of_least() == 0
    assert half_of_least() > 0
    with pytest.raises(ValueError, match="convert"), Flushed():
        float("no number")
    assert half_of_least() > 0


def test_threads_at_work_know_nothing_of_it():
    found, now = [], threading.Event()
    other = threading.Thread(target=lambda: (now.wait(), found.append(half_of_least())))
    other.start()
    with Flushed():
        now.set()
        other.join()
    assert found[0] > 0


@pytest.mark.parametrize("kernels", ["numpy", NUMBA])
@pytest.mark.parametrize("way", ["one by one", "many", "looked at"])
def test_means_of_gradients_that_have_ended_fade_to_zero(way, kernels):
    """Units that give 0 for every example have no gradient: 0.9 m of the least number there is would be that again."""
    layers = [
        {"id": "h", "kind": "dense", "units": 6},
        {"id": "a", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 1},
    ]
    made = project(layers, "mse", {"kind": "xor", "samples": 60}, optimizer={"kind": "adam"}, batch_size=10)
    trainer = Trainer(made, backend=open_backend("cpu", "float32", kernels))
    trainer.network.load_fitting({"h.bias": np.full(6, -100, np.float32)})
    state = trainer.snapshot()
    mean, square = (np.full_like(slot, 3 * LEAST) for slot in state.slots)
    trainer.restore(msgspec.structs.replace(state, slots=(mean, square)))
    with np.errstate(all="ignore"):
        for _ in range(16):
            if way == "many":
                trainer.updates(5)
            elif way == "one by one":
                trainer.update()
            else:
                trainer.step(layers=True)
    dead = trainer.network.parameters_.weights(trainer.snapshot().slots[0], "h")
    assert (dead == 0).all()
