"""The trained network that `predict` and `export` are asked for."""

import argparse
from pathlib import Path

from engine.ensemble import Ensemble
from engine.errors import Problem, ProjectError
from engine.inference import load_for_use, network_with
from engine.network import Network
from engine.project import Project
from engine.views import Views
from netviz.commands.files import fitting_weights
from netviz.commands.settings import parse_settings


def opened_project(options: argparse.Namespace) -> Project:
    """The network that the options name; its data may be missing where its input node says the shape."""
    return load_for_use(options.file, options.variant, parse_settings(options.settings))


def trained_ensemble(options: argparse.Namespace, project: Project) -> Ensemble:
    """A network for each weights file that the options name, at least one."""
    members = []
    for path in weights_files(options, project):
        with fitting_weights("--weights", path) as weights:
            members.append(network_with(project, weights))
    return Ensemble(members, _views(options, project, members))


def _views(options: argparse.Namespace, project: Project, members: list[Network]) -> Views | None:
    """As many views of every example as the option says, changed as the project's training changes examples."""
    if options.views is None:
        return None
    how = project.training.augmentation
    if how is None:
        message = (
            "wants to know how: the project has no augmentation; --set 'training.augmentation={\"shift\": 1}' is one"
        )
        raise ProjectError(Problem("--views", message))
    try:
        views = Views(how, options.views, project.training.seed)
    except ValueError as error:
        raise ProjectError(Problem("--views", str(error).partition(": ")[2])) from None
    if why := views.refusal(members[0]):
        raise ProjectError(Problem("--views", why))
    return views


def weights_files(options: argparse.Namespace, project: Project) -> list[Path]:
    return [Path(path) for path in options.weights] if options.weights else [weights_file(options, project)]


def weights_file(options: argparse.Namespace, project: Project) -> Path:
    """Where the weights are: as the option says, else as the project does."""
    if options.weights is not None:
        return Path(options.weights)
    if project.weights is None:
        raise ProjectError(Problem("--weights", "is missing, and the project names no weights that were saved with it"))
    return project.folder / project.weights


def trained_network(options: argparse.Namespace, project: Project) -> Network:
    with fitting_weights("--weights", weights_file(options, project)) as weights:
        return network_with(project, weights)
