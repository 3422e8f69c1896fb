"""The weights that a project's training begins with, where they are not drawn: a ticket's, or those of another task."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.weights import load_weights

if TYPE_CHECKING:
    from engine.network import Network
    from engine.project import Project

WHERE = "training.first_weights"


def first_weights(project: "Project", network: "Network") -> Mapping[str, Array]:
    """Of the file that `training.first_weights` names, what fits `network`; nothing where it names none.

    Not the numbers of the preprocessing, which are of the data. Raises ProjectError.
    """
    path = first_file(project)
    if path is None:
        return {}
    try:
        saved = load_weights(path)
    except ProjectError as error:
        raise ProjectError(*(Problem(WHERE, problem.message) for problem in error.problems)) from None
    fitting = network.fitting(saved)
    if not fitting:
        raise ProjectError(Problem(WHERE, f"{path.name}: none of its weights fits: {network.misfits(saved)[0]}"))
    return fitting


def problems_of_first_weights(project: "Project") -> list[Problem]:
    """Whether the file is there: it is read when training begins."""
    path = first_file(project)
    if path is None or path.is_file():
        return []
    return [Problem(WHERE, f"{project.training.first_weights!r}: there is no such file")]


def first_file(project: "Project") -> Path | None:
    name = project.training.first_weights
    return project.folder / name if name else None
