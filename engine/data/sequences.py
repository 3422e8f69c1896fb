"""Sequences made by rule, for what a recurrent layer must keep over many steps: copy memory, the adding problem."""

import math
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, Samples, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError
from engine.random import generator

Array = np.ndarray[Any, Any]

MOST_NUMBERS = 2**28  # of x; more is a slip of the keyboard, and would take the machine with it


class CopyMemory(DataSource, frozen=True, tag="copy_memory"):
    """`items` symbols, then nothing for `delay` steps, then a cue: now all symbols must be told.

    x (steps × symbols + 1): each symbol as a 1 in its column, the cue as a 1 in the last column of the last step,
    all else 0; steps = items + delay + 1. y: of one item its class; of several items × symbols columns of 0 and 1,
    for a binary cross-entropy over all of them. Only memory helps: what stands in the last `delay` + 1 steps is the
    same in every example (Hochreiter and Schmidhuber 1997, experiment 2; several items as Arjovsky et al. 2016).

    With `every_step` there is a target at each step: the symbols are told one by one, the first at the cue, the others
    at `items` - 1 empty steps behind it; steps = 2 items + delay. y are steps × symbols columns, step by step, with a 1
    for the symbol that is due and nothing before the cue: as a flatten behind a layer that returns sequences has them.
    """

    title: ClassVar[str] = "Copy memory"
    group: ClassVar[str] = "Sequences"

    samples: Samples = 1000
    symbols: Annotated[int, Meta(ge=2, le=256, title="Symbols", description="How many different ones there are")] = 4
    items: Annotated[int, Meta(ge=1, le=256, title="Items", description="How many symbols are to be kept")] = 1
    delay: Annotated[
        int, Meta(ge=0, le=100_000, title="Delay", description="Empty steps between the last item and the cue")
    ] = 20
    every_step: Annotated[
        bool, Meta(title="Every step", description="A target at each step: symbols are told one by one from the cue on")
    ] = False
    seed: Seed = 0
    validation: Validation = 0.25

    @property
    def steps(self) -> int:
        return self.items + self.delay + (self.items if self.every_step else 1)

    def summary(self, folder: Path) -> Summary:
        shape = (self.steps, self.symbols + 1)
        if self.every_step:
            return Summary(shape=shape, classes=None, targets=self.steps * self.symbols)
        if self.items == 1:
            return Summary(shape=shape, classes=self.symbols, targets=1)
        return Summary(shape=shape, classes=None, targets=self.items * self.symbols)

    def load(self, folder: Path) -> Dataset:
        shape = (self.samples, self.steps, self.symbols + 1)
        must_fit(shape, "data.delay")
        drawn = generator(self.seed, "data").integers(0, self.symbols, (self.samples, self.items))
        x = np.zeros(shape, np.uint8)
        chosen = drawn[:, :, None] == np.arange(self.symbols)
        x[:, : self.items, : self.symbols] = chosen
        cue = self.items + self.delay
        x[:, cue, -1] = 1
        if self.every_step:
            must_fit((self.samples, self.steps, self.symbols), "data.delay")
            due = np.zeros((self.samples, self.steps, self.symbols))
            due[:, cue:] = chosen
            return split(x, due.reshape(self.samples, -1), self.validation, self.seed, None)
        if self.items == 1:
            return split(x, drawn[:, 0], self.validation, self.seed, self.symbols)
        return split(x, chosen.reshape(self.samples, -1).astype(np.float64), self.validation, self.seed, None)


class Adding(DataSource, frozen=True, tag="adding"):
    """x (length × 2): a number uniform on [0, 1], and a mark that is 1 at two steps and else 0; y is the sum at them.

    One mark stands in the first half of the steps, the other in the second. Who always says 1 is off by 1/6 as a mean
    square. Hochreiter and Schmidhuber 1997, experiment 4, in the form of Le, Jaitly and Hinton 2015.
    """

    title: ClassVar[str] = "Adding problem"
    group: ClassVar[str] = "Sequences"

    samples: Samples = 1000
    length: Annotated[int, Meta(ge=2, le=100_000, title="Length", description="Steps of a sequence")] = 30
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(self.length, 2), classes=None, targets=1)

    def load(self, folder: Path) -> Dataset:
        must_fit((self.samples, self.length, 2), "data.length")
        rng, half, rows = generator(self.seed, "data"), self.length // 2, np.arange(self.samples)
        x = np.zeros((self.samples, self.length, 2))
        x[:, :, 0] = rng.uniform(0.0, 1.0, x.shape[:2])
        first, second = rng.integers(0, half, self.samples), rng.integers(half, self.length, self.samples)
        x[rows, first, 1] = x[rows, second, 1] = 1
        y = x[rows, first, 0] + x[rows, second, 0]
        return split(x, y[:, None], self.validation, self.seed, None)


def must_fit(shape: tuple[int, ...], where: str) -> None:
    """Raises ProjectError where so many numbers are a slip."""
    if math.prod(shape) > MOST_NUMBERS:
        message = f"{' × '.join(map(str, shape))} numbers in all, at most {MOST_NUMBERS} are allowed"
        raise ProjectError(Problem(where, message))
