"""Optimizers, a family a file."""

from engine.optimizers.adam import Adam, Adamax, AdamW, NAdam
from engine.optimizers.adaptive import Adadelta, Adagrad, RmsProp
from engine.optimizers.base import CHUNK, LearningRate, Optimizer
from engine.optimizers.lion import Lion
from engine.optimizers.searching import ConjugateGradient, Lbfgs, Newton, Searching, SteepestDescent
from engine.optimizers.sgd import Sgd

KINDS: tuple[type[Optimizer], ...] = (
    *(Sgd, Adagrad, RmsProp, Adadelta, Adam, AdamW, Adamax, NAdam, Lion),
    *(SteepestDescent, ConjugateGradient, Lbfgs, Newton),
)

__all__ = [
    "CHUNK",
    "KINDS",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ConjugateGradient",
    "Lbfgs",
    "LearningRate",
    "Lion",
    "NAdam",
    "Newton",
    "Optimizer",
    "RmsProp",
    "Searching",
    "Sgd",
    "SteepestDescent",
]
