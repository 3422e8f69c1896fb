"""Writes the experiments anew, after a setting has been added: as the program would, with every field there is."""

import sys

from engine.project import load_project, save_project
from netviz.experiments import find_experiments


def main() -> int:
    for experiment in find_experiments().values():
        save_project(load_project(experiment.path), experiment.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
