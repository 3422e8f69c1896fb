"""The experiments that come with the program: project files in resources/experiments, by subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

# In the order of the menu, and of a lecture; XOR, the first thing to see, stands first.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "First Steps": (
        "xor",
        "universal-approximation",
        "deep-against-wide",
        "chain-rule",
        "softmax",
        "losses",
        "preprocessing",
    ),
    "Gradients through Layers": (
        "vanishing-gradient",
        "deeper",
        "exploding-gradient",
        "residual",
        "batch-norm",
        "norms",
    ),
    "First Weights": (
        "initialization",
        "initialization-ten",
        "initialization-wide",
        "symmetry",
        "orthogonal",
        "frozen",
        "fine-tuning",
        "pre-training",
        "lottery-ticket",
    ),
    "Activations": ("saturation", "dead-relu", "relu-faster", "zig-zag"),
    "Optimizers": (
        "optimizers",
        "optimizers-adaptive",
        "optimizer-paths",
        "landscape",
        "minibatches",
        "schedules",
        "second-order",
    ),
    "Over-fitting": ("over-fitting", "early-stopping", "curriculum"),
    "Pictures": ("kernels", "kernels-signal", "pooling", "lenet", "shifted-digits", "autoencoder", "adversarial-digit"),
    "Sequences": ("long-memory", "next-letter"),
}
MORE = "More"  # what stands under no subject


@dataclass(frozen=True, slots=True)
class Experiment:
    title: str
    notes: str  # what to do and what to look for
    path: Path
    subject: str


def find_experiments() -> dict[str, Experiment]:
    """By name, the file's without its ending, in the order of SUBJECTS."""
    folder = Path(str(files("resources"))) / "experiments"
    paths = {path.stem: path for path in sorted(folder.glob("*.netviz"))}
    listed = {name: subject for subject, names in SUBJECTS.items() for name in names if name in paths}
    names = (*listed, *(name for name in paths if name not in listed))
    return {name: _found(paths[name], listed.get(name, MORE)) for name in names}


def _found(path: Path, subject: str) -> Experiment:
    told = msgspec.json.decode(path.read_bytes())
    return Experiment(told["name"], told.get("notes", ""), path, subject)
