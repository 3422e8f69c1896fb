"""A network over a plane is the network at every input of that plane."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes.over_plane import outputs_over
from engine.probes.section import Through, cut
from engine.project import Project
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.export.nets import several_inputs, tied
from tests.strict_array import strict

PLACES = np.random.default_rng(3).uniform(-2, 2, (29, 2))
DENSE: list[dict[str, object]] = [
    {"id": "h", "kind": "dense", "units": 6},
    {"id": "a", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 2},
]
IMAGES: list[dict[str, object]] = [
    {"id": "c", "kind": "conv2d", "filters": 3, "kernel_size": 3},
    {"id": "a", "kind": "relu"},
    {"id": "flat", "kind": "flatten"},
    {"id": "out", "kind": "dense", "units": 2},
]


def net(layers: list[dict[str, object]], shape: tuple[int, ...] = (4,), **data: Any) -> Project:
    return project(
        layers, "cross_entropy", {"kind": "noise", "shape": list(shape), "classes": 2, "samples": 40, **data}
    )


PROJECTS = {
    "dense": net(DENSE),
    "without biases": net([{**DENSE[0], "bias": False}, *DENSE[1:]]),
    "standardized": net(DENSE, preprocess="standardize"),
    "whitened": net(DENSE, preprocess="whiten"),
    "one layer": net(DENSE[2:]),
    "an activation first": net(DENSE[1:]),
    "pictures": net(IMAGES, (1, 5, 5), preprocess="center"),
    "tied": tied(),
    "several inputs": several_inputs(),
}


@pytest.mark.parametrize("made", PROJECTS.values(), ids=PROJECTS)
@pytest.mark.parametrize("through", [Through(), Through((0, 2), 3)])
def test_it_is_what_the_network_says_of_these_inputs(made: Project, through: Through) -> None:
    trainer = Trainer(made, dtype="float64")
    found = cut(trainer, through)
    assert found is not None
    for _ in range(2):  # the second time with other weights
        trainer.run(5)
        inputs = found.raw(PLACES).reshape(-1, *trainer.network.input_shape)
        told = outputs_over(trainer.network, found, PLACES)
        np.testing.assert_allclose(told, trainer.network.predict(inputs), rtol=1e-9, atol=1e-12)


def test_weights_that_are_no_numbers_make_none() -> None:
    trainer = Trainer(PROJECTS["dense"])
    found = cut(trainer, Through())
    assert found is not None
    trainer.parameters.values[...] = np.nan
    assert np.isnan(outputs_over(trainer.network, found, PLACES)).all()


@pytest.mark.parametrize("made", ["dense", "pictures"])
def test_on_a_device_the_same_bits(made: str) -> None:
    there = Trainer(PROJECTS[made], backend=Backend(strict, "strict", "float32"))
    here = Trainer(PROJECTS[made])
    told = []
    for trainer in (there, here):
        found = cut(trainer, Through())
        assert found is not None
        told.append(outputs_over(trainer.network, found, PLACES))
    np.testing.assert_array_equal(*told)


def test_a_trainer_that_nobody_holds_goes_with_all_that_was_kept() -> None:
    trainer = Trainer(PROJECTS["dense"])
    found = cut(trainer, Through())
    assert found is not None
    outputs_over(trainer.network, found, PLACES)
    gone = weakref.ref(trainer)
    del trainer, found
    gc.collect()
    assert gone() is None
