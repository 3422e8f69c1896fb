"""Networks to be used, not trained: where the input node says its shape, no data are needed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.backend import Array, open_backend
from engine.data.absent import Absent
from engine.errors import ProjectError
from engine.graph import declared_shape
from engine.network import Network
from engine.project import Project, apply_setting, project_from, read_json


def load_for_use(path: Path, variant: str | None = None, settings: Mapping[str, object] | None = None) -> Project:
    """One network of a project file, its own or `variant`; raises ProjectError where it cannot be used."""
    data = read_json(path)
    for where, value in (settings or {}).items():
        apply_setting(data, where, value)
    project = project_from(data, path.parent, path.stem)
    lane = project.lane(project.variant if variant is None else variant)
    try:
        lane.summary()
    except ProjectError:
        shape = declared_shape(lane.graph)
        if shape is None:
            raise
        lane = replace(lane, data=Absent(shape=shape, preprocess=lane.data.preprocess))
    lane.structure()
    return lane


def network_with(project: Project, weights: Mapping[str, Array]) -> Network:
    """The network with these weights, in their own number type; ValueError where they do not fit.

    Where they lack the numbers of the preprocessing, the data say them, if they are there.
    """
    double = any(array.dtype == np.float64 for array in weights.values())
    network = Network(project, open_backend("cpu", "float64" if double else "float32"))
    if not any(name in weights for name in network.preprocess.shapes) and not isinstance(project.data, Absent):
        network.preprocess.fit(project.data.load(project.folder).x)
    network.load_parameters(weights)
    return network
