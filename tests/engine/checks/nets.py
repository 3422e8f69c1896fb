"""Projects to ask questions about."""

from pathlib import Path
from typing import Any

import numpy as np

from engine.project import Project, project_from
from tests.engine.cases import project, project_json

XOR: dict[str, object] = {"kind": "xor", "samples": 200, "noise": 0.03}
DIGITS: dict[str, object] = {"kind": "digits"}
BCE, CE = "binary_cross_entropy", "cross_entropy"
ADAM: dict[str, object] = {"kind": "adam", "lr": 0.01}


def sgd(lr: float) -> dict[str, object]:
    return {"kind": "sgd", "lr": lr}


def chain(units: int = 16, depth: int = 1, activation: str = "tanh", out: int = 1, **dense: object) -> list[Any]:
    """`depth` hidden layers and an output layer."""
    layers: list[Any] = []
    for i in range(depth):
        layers += [{"id": f"h{i}", "kind": "dense", "units": units, **dense}, {"id": f"a{i}", "kind": activation}]
    return [*layers, {"id": "out", "kind": "dense", "units": out}]


def made(layers: list[Any], loss: str = BCE, data: dict[str, object] = XOR, **training: Any) -> Project:
    return project(layers, loss, data, **{"optimizer": ADAM, **training})


def of_arrays(folder: Path, x: Any, y: Any, layers: list[Any], loss: str, **training: Any) -> Project:
    """On data of one's own, all of them to train on."""
    np.savez(folder / "own.npz", x=x, y=y)
    data: dict[str, object] = {"kind": "npz", "path": "own.npz", "validation": 0.0}
    found = project_from(project_json(layers, loss, data, **{"optimizer": ADAM, **training}), folder)
    assert not found.problems()
    return found


def last(steps: Any) -> Any:
    """The report, after shares that only grow."""
    *shares, report = steps
    assert all(isinstance(share, float) for share in shares)
    assert shares == sorted(shares)
    assert not shares or 0 < shares[-1] <= 1
    return report
