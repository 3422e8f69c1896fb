"""A project of a network that comes from elsewhere: its layers and weights, and what it does not bring.

A model says nothing of data and training. Noise of its shape stands in for data until a person chooses some, so that
the network runs and can be looked at; the loss is the one that goes with the last layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backend import Array, open_backend
from engine.data.preprocess import PREFIX
from engine.data.toy import Noise
from engine.errors import Problem, ProjectError
from engine.graph import resolve
from engine.layers.base import Shape
from engine.network import Network
from engine.project import FORMAT, VERSION, Project, graph_to_json, project_from
from engine.spec import unknown

if TYPE_CHECKING:
    from engine.importing.draft import Draft

STANDS_IN = "stands_in"  # in a project's panels: its data are no one's choice
SAMPLES, FEWEST, FEW = 256, 8, 2_000_000  # examples of noise, and about how many numbers they are in all
DATA = "data: noise of the model's shape stands in for them; choose yours by File → Import Data, or in the project file"
PREPARED = "x: what the model does to it first is the project's preprocessing; other data bring numbers of their own"


@dataclass(frozen=True, slots=True)
class Imported:
    """`weights` as weights files have them; `notes` are what a person should know, a line each."""

    project: Project
    weights: Mapping[str, Array]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """A model's outputs, and the lengths of one example of its only input, None where one is open."""

    outputs: tuple[str, ...]
    input: str = ""
    example: tuple[int | None, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether somebody has to choose before there is one network."""
        return len(self.outputs) > 1 or None in self.example


def open_ends(path: Path) -> Ends:
    """What is to be chosen before the model in a file can be a network."""
    from engine.importing.ends import ends_of  # only who imports a model waits for its translators
    from engine.importing.onnx import read_model

    return ends_of(read_model(path))


def import_onnx(path: Path, output: str | None = None, example: Shape | None = None) -> Imported:
    """The network of an ONNX file with its weights; a ProjectError has a line for each operator that is refused.

    `output` names the value that the network is to give, where the model has several or another one is wanted;
    `example` is one example's shape, where the model leaves lengths open.
    """
    from engine.importing.onnx import read_model
    from engine.importing.translate import translated

    model = read_model(path)
    if output is not None:
        if output not in model.makers():
            raise ProjectError(Problem("--output", unknown("value", output, tuple(model.outputs))))
        model = replace(model, outputs=(output,))
    draft, last = translated(model, example)
    return finished(draft, last, path.stem[:200] or "network")


def stands_in(project: Project) -> bool:
    """Whether the project's data are noise that nobody has chosen."""
    return bool(project.panels.get(STANDS_IN)) and isinstance(project.data, Noise)


def finished(draft: "Draft", output: str, name: str) -> Imported:
    """A project of the layers that lead to `output`, checked with its weights."""
    graph = draft.graph(output)
    shape = next(draft.layers[node.id].to_json()["shape"] for node in graph.nodes if node.layer.kind() == "input")
    shape = tuple(shape)
    structure, problems = resolve(graph, shape)
    if structure is None:
        raise ProjectError(*problems)
    kind = structure.layers[output].kind()
    prepared, numbers = _preprocessing(draft)
    loss, targets = _loss(kind, structure.shapes[output][0])
    parts: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "data": {"kind": "noise", "samples": _samples(shape, targets), "shape": list(shape), "preprocess": prepared},
        "graph": graph_to_json(graph),
        "training": {"loss": {"kind": loss}, "optimizer": {"kind": "adam", "lr": 0.001}},
        "panels": {STANDS_IN: True},
    }
    parts["data"] |= targets
    project = project_from(parts, Path())
    if problems := project.problems():
        raise ProjectError(*problems)
    kept = {node.id for node in graph.nodes}
    weights = {key: array for key, array in draft.weights.items() if key.partition(".")[0] in kept}
    weights |= numbers
    network = Network(project, open_backend("cpu", "float32"))
    if wrong := network.misfits(weights):
        raise ProjectError(Problem("weights", wrong[0]))
    notes = [*draft.notes, DATA] if prepared == "none" else [*draft.notes, PREPARED, DATA]
    return Imported(project, weights, tuple(notes))


def _loss(kind: str, units: int) -> tuple[str, dict[str, int]]:
    """The loss that goes with the last layer, and what noise it wants."""
    if kind in ("softmax", "log_softmax") and units > 1:
        return "cross_entropy", {"classes": units}
    if kind == "sigmoid":
        return "binary_cross_entropy", {"classes": max(units, 2)}
    return "mse", {"targets": units}


def _samples(shape: Shape, targets: Mapping[str, int]) -> int:
    return max(FEWEST, min(SAMPLES, FEW // (prod(shape) + targets.get("targets", 1))))


def _preprocessing(draft: "Draft") -> tuple[str, dict[str, Array]]:
    """Its kind, and its numbers as weights files have them."""
    double = any(array.dtype == np.float64 for array in draft.weights.values())
    found = draft.prepared
    numbers = {f"{PREFIX}{name}": array.astype(np.float64 if double else np.float32) for name, array in found.items()}
    if "matrix" in found:
        matrix = found["matrix"].astype(np.float64)
        turns_only = np.allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-4)
        return "pca" if turns_only else "whiten", numbers
    return "standardize" if "scale" in found else "center" if found else "none", numbers
