"""A project with its trained weights, in files side by side: NAME.netviz and NAME.safetensors."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from engine.backend import Array
from engine.errors import Problem
from engine.project import Project, project_from, read_json, save_project
from engine.training import Training
from engine.weights import save_weights

ENDING = ".netviz"
FILES = ("path", "path_val", "labels", "labels_val")  # fields of data that are relative paths


def read_project(path: Path) -> tuple[Project, list[Problem]]:
    """The project in a file, and what keeps it from being trained: an unfinished drawing opens all the same.

    Raises ProjectError where the file cannot be decoded.
    """
    project = project_from(read_json(path), path.parent, path.stem)
    return project, project.problems()


def write_project(project: Project, path: Path, parameters: Sequence[Mapping[str, Array] | Path] | None) -> Project:
    """Writes the project, and each lane's weights beside it; returns it as it now stands in the file.

    Weights that are in a file of their own in the same folder, or below it, are moved. Without `parameters` the weights
    files stay what they are. OSError where it cannot be written.
    """
    moved = moved_to(project, path.parent)
    if parameters is not None:
        names = weight_names(moved, path.stem)
        for name, arrays in zip(names, parameters, strict=True):
            if isinstance(arrays, Path):
                os.replace(arrays, (path.parent / name).resolve())
            else:
                save_weights(path.parent / name, arrays)
        moved = with_weights(moved, names)
    save_project(moved, path)
    return moved


def moved_to(project: Project, folder: Path) -> Project:
    """The project with its relative paths as seen from `folder`."""
    if folder.resolve() == project.folder.resolve():
        return project
    files = {name: file for name in FILES if (file := getattr(project.data, name, ""))}
    data = msgspec.structs.replace(
        project.data, **{name: _from(project.folder, file, folder) for name, file in files.items()}
    )
    names = [None if lane.weights is None else _from(project.folder, lane.weights, folder) for lane in project.lanes()]
    variants = tuple(
        v if v.training is None else replace(v, training=_training_from(project.folder, v.training, folder))
        for v in project.variants
    )
    training = _training_from(project.folder, project.training, folder)
    moved = replace(project, data=data, training=training, variants=variants, folder=folder)
    return with_weights(moved, names)


def _training_from(old: Path, training: Training, new: Path) -> Training:
    """The section with the file that it begins with, if any, as seen from `new`."""
    first = training.first_weights
    return msgspec.structs.replace(training, first_weights=_from(old, first, new)) if first else training


def _from(old: Path, path: str, new: Path) -> str:
    if Path(path).is_absolute():
        return path
    try:
        return Path(os.path.relpath((old / path).resolve(), new.resolve())).as_posix()
    except ValueError:  # another drive
        return str((old / path).resolve())


def weight_names(project: Project, stem: str) -> list[str]:
    """One file for each lane: NAME.safetensors, then NAME.LANE.safetensors."""
    names = [f"{stem}.safetensors"]
    for number, lane in enumerate(project.variants, 1):
        slug = re.sub(r"\W+", "-", lane.name.lower()).strip("-") or str(number)
        name = f"{stem}.{slug}.safetensors"
        names.append(f"{stem}.{slug}-{number}.safetensors" if name in names else name)
    return names


def with_weights(project: Project, names: Sequence[str | None]) -> Project:
    """The project with the name of a weights file for each lane."""
    own, *others = names
    variants = tuple(replace(v, weights=name) for v, name in zip(project.variants, others, strict=True))
    return replace(project, weights=own, variants=variants)


def with_weights_of(project: Project, saved: Project) -> Project:
    """The project with the weights files of its copy `saved`, as far as this has networks of the same names."""
    files = {lane.variant: lane.weights for lane in saved.lanes()}
    return with_weights(moved_to(project, saved.folder), [files.get(lane.variant) for lane in project.lanes()])
