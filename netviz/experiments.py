"""The experiments that come with the program: project files in resources/experiments."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class Experiment:
    title: str
    path: Path


def find_experiments() -> dict[str, Experiment]:
    """By name, the file's without its ending; XOR, the first thing to see, stands first."""
    folder = Path(str(files("resources"))) / "experiments"
    paths = sorted(folder.glob("*.netviz"), key=lambda path: (path.stem != "xor", path.stem))
    return {path.stem: Experiment(msgspec.json.decode(path.read_bytes())["name"], path) for path in paths}
