"""The project that a command is asked about: its file, with `--set PATH=VALUE`, `--seed` and `--variant`."""

import argparse
from typing import Any

import msgspec

from engine.errors import Problem, ProjectError
from engine.project import Project, load_project


def project_asked(options: argparse.Namespace) -> Project:
    """The file's project with the settings laid over it, and of several networks the one that is named."""
    settings = parse_settings(options.settings)
    if options.seed is not None:
        settings["training.seed"] = options.seed
    project = load_project(options.file, settings)
    return project if options.variant is None else project.lane(options.variant)


def parse_settings(texts: list[str]) -> dict[str, Any]:
    """{"training.optimizer.lr": 0.1} for ["training.optimizer.lr=0.1"]: the value is JSON, else text."""
    settings = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise ProjectError(Problem("--set", f"expected PATH=VALUE, got {text!r}"))
        try:
            settings[path] = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            settings[path] = value
    return settings
