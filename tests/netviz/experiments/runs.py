"""The lanes of an experiment, trained as the window trains them: so many steps, the same for all."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.project import Project, load_project
from engine.statistics import LayerStatistics
from engine.telemetry import one_blas_thread
from engine.trainer import Score, Trainer
from netviz.experiments import find_experiments

Array = np.ndarray[Any, Any]
SEEDS = (0, 1, 2)


# Made for a machine that does nothing else: a step of one network wants a gigabyte. Units in, and in a test's copy.
WIDE = {"initialization-wide": (4096, 64)}


def experiment(name: str) -> Project:
    return load_project(find_experiments()[name].path)


def affordable(name: str, folder: Path) -> Path:
    """The experiment's own file; of one that is too large for tests a copy in `folder` with fewer units."""
    path = find_experiments()[name].path
    if name not in WIDE:
        return path
    many, few = (f'"units": {units},'.encode() for units in WIDE[name])
    made = folder / path.name
    made.write_bytes(path.read_bytes().replace(many, few))
    return made


@cache
def steps(name: str) -> int:
    """Until the first lane has had its epochs."""
    made = experiment(name)
    return made.training.epochs * Trainer(made.lanes()[0]).steps_per_epoch


def begun(name: str, variant: str, seed: int, dtype: str = "float32") -> Trainer:
    one_blas_thread()  # as every run has it
    return Trainer(experiment(name).lane(variant), seed=seed, dtype=dtype)


@cache
def trained(name: str, variant: str, seed: int) -> Trainer:
    """At its end, be that the last epoch or early stopping."""
    trainer = begun(name, variant, seed)
    while trainer.step_number < steps(name) and not trainer.stopped:
        trainer.step()
    return trainer


def scores(name: str, variant: str, seed: int) -> tuple[Score, Score]:
    train, validation = trained(name, variant, seed).evaluate()
    assert validation is not None
    return train, validation


@cache
def at_first(name: str, variant: str, seed: int) -> dict[str, LayerStatistics]:
    """The first step's scalars of every layer."""
    record = begun(name, variant, seed).step(layers=True)
    assert record.layers is not None
    return record.layers


def column(layers: dict[str, LayerStatistics], field: str, prefix: str) -> Array:
    """One field of the layers whose ids begin so, from first to last."""
    return np.array([values[field] for node, values in layers.items() if node.startswith(prefix)], np.float64)
