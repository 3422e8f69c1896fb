"""Every probe asked of a network on a card: the same answer as on the CPU, and nothing left changed."""

from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from engine.probes.catalogue import ProbeRequest, topic
from engine.probes.unit_spread import UnitSpread
from engine.trainer import Trainer
from tests.card import card
from tests.engine.cases import project

pytestmark = pytest.mark.card
MOONS = {"kind": "moons", "samples": 60, "noise": 0.1}
IMAGES = {"kind": "noise", "shape": [1, 8, 8], "classes": 3, "samples": 40}
STEPS = {"kind": "noise", "shape": [5, 3], "classes": 3, "samples": 40}
NETS = {
    "points": (
        [
            {"id": "h1", "kind": "dense", "units": 6},
            {"id": "a1", "kind": "tanh"},
            {"id": "d1", "kind": "dropout", "rate": 0.2},
            {"id": "out", "kind": "dense", "units": 2},
            {"id": "p", "kind": "softmax"},
        ],
        MOONS,
    ),
    "images": (
        [
            {"id": "c1", "kind": "conv2d", "filters": 4, "kernel_size": 3},
            {"id": "n1", "kind": "batch_norm"},
            {"id": "a1", "kind": "relu"},
            {"id": "m1", "kind": "max_pool2d", "kernel_size": 2},
            {"id": "f", "kind": "flatten"},
            {"id": "out", "kind": "dense", "units": 3},
        ],
        IMAGES,
    ),
    "sequences": (
        [{"id": "r1", "kind": "lstm", "units": 4}, {"id": "out", "kind": "dense", "units": 3}],
        STEPS,
    ),
}
WATCHED = {"points": "a1", "images": "a1", "sequences": "r1"}


def pair(name: str) -> tuple[Trainer, Trainer]:
    layers, data = NETS[name]
    made = project(layers, "cross_entropy", data, batch_size=8, optimizer={"kind": "adam", "lr": 0.01})
    there, here = Trainer(made, backend=card("float64")), Trainer(made, dtype="float64")
    for trainer in (there, here):
        trainer.run(5)
    return there, here


def alike(mine: Any, theirs: Any, where: str) -> None:
    """Both all the way down; numbers within rounding."""
    assert type(mine) is type(theirs), where
    if isinstance(mine, msgspec.Struct):
        for field in mine.__struct_fields__:
            alike(getattr(mine, field), getattr(theirs, field), f"{where}.{field}")
    elif isinstance(mine, tuple | list):
        assert len(mine) == len(theirs), where
        for number, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            alike(one, other, f"{where}[{number}]")
    elif isinstance(mine, dict):
        assert list(mine) == list(theirs), where
        for key, one in mine.items():
            alike(one, theirs[key], f"{where}[{key!r}]")
    elif isinstance(mine, np.ndarray | float):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6, err_msg=where)
    else:
        assert mine == theirs, where


@pytest.mark.parametrize("probe", get_args(ProbeRequest), ids=topic)
@pytest.mark.parametrize("name", NETS)
def test_a_probe_answers_alike(name: str, probe: type) -> None:
    there, here = pair(name)
    asked = probe(WATCHED[name]) if probe is UnitSpread else probe()
    with np.errstate(all="ignore"):
        alike(asked.measure(there, 1.0), asked.measure(here, 1.0), topic(probe))
    before = there.snapshot().values.tobytes()
    with np.errstate(all="ignore"):
        asked.measure(there, 0.3)
    assert there.snapshot().values.tobytes() == before
    there.run(3)
    here.run(3)
    alike(there.snapshot().values, here.snapshot().values, "after it")
