"""A training step on a card: engine.Trainer on CuPy against PyTorch eager on the same card."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import engine
from benchmarks.measure import Effort
from benchmarks.report import Row
from benchmarks.step import ADAM, CLASSES, SGD, Case, ImageCase, RecurrentCase, row
from engine.backend import cards

ABOUT = """\
Data, weights and batches lie on the card on both sides, in the same order. A turn ends when the card has done all that
it was given. PyTorch runs `zero_grad`, forward, backward and a fused optimizer, without TF32, and is never asked for
its loss; the engine keeps every loss and reads those of many steps at once. float32; after 50 steps from the same
weights the parameters must agree. Times: engine / PyTorch, a step."""

CASES = (
    Case((784, 256, 128, 10), "relu", CLASSES, ADAM, goal=1, batch=128, samples=12_800),
    Case((784, 1024, 1024, 10), "relu", CLASSES, SGD, goal=1, batch=256, samples=12_800),
    ImageCase((1, 8, 16, 10), "relu", CLASSES, ADAM, goal=1, batch=64, samples=12_800),
    ImageCase((1, 32, 64, 10), "relu", CLASSES, SGD, goal=1, batch=256, samples=12_800),
    RecurrentCase((32, 64, 10), "lstm", CLASSES, SGD, goal=1, batch=32, samples=1280),
)


def lacks() -> list[str]:
    """What keeps the card out of this group."""
    found = cards()
    missing = [f"a CUDA device ({found})"] if isinstance(found, str) else []
    if not missing and find_spec("torch") is not None:
        import torch

        missing += [] if torch.cuda.is_available() else ["PyTorch for CUDA (pip install torch)"]
    return missing


@dataclass
class CardSide:
    """engine.Trainer on a card, by its public calls; `run` returns when the card has done it."""

    project: engine.Project
    device: str = "cuda"

    def __post_init__(self) -> None:
        self.trainer = engine.Trainer(self.project, self.device)

    def reset(self) -> None:
        self.trainer.reset()

    def run(self, steps: int) -> None:
        self.trainer.run(steps)
        self.trainer.backend.wait()

    def parameters(self) -> dict[str, np.ndarray[Any, Any]]:
        return self.trainer.network.parameters()


def measure(effort: Effort) -> Iterator[Row]:
    """Every case against PyTorch on the first card."""
    import torch

    from benchmarks.pytorch import PyTorchSide

    class Waited(PyTorchSide):
        def run(self, steps: int) -> None:
            super().run(steps)
            torch.cuda.synchronize()

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    for case in CASES:
        with TemporaryDirectory() as folder:
            project = case.project(Path(folder))
            yield row(case, CardSide(project), Waited(project, "cuda"), effort)
