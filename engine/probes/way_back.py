"""A look at the way back: one batch forward and backward, after which training goes on as if nothing had been."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from engine.plan import Plan
from engine.probes.histograms import sample_of
from engine.trainer import Trainer


@contextmanager
def way_back(trainer: Trainer, detail: float) -> Iterator[Plan]:
    """A plan whose way back has run on the first training examples, in training mode, without regularizer.

    While inside, the parameters' gradients are of these examples; afterwards they are what they were.
    """
    rows, targets, _ = trainer.first_rows(sample_of(trainer, detail))
    plan = trainer.network.plan(len(rows), "train")
    plan.fill(rows, targets.T)
    with np.errstate(all="ignore"), trainer.parameters.undisturbed():
        plan.run_forward()
        plan.run_backward()
        yield plan
