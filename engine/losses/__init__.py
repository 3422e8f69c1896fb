"""Losses, a family a file."""

from engine.losses.base import Loss
from engine.losses.by_step import CrossEntropyByStep
from engine.losses.cross_entropy import BinaryCrossEntropy, CrossEntropy
from engine.losses.distance import Huber, MeanAbsoluteError, MeanSquaredError
from engine.losses.hinge import Hinge

KINDS: tuple[type[Loss], ...] = (
    *(MeanSquaredError, MeanAbsoluteError, Huber, Hinge),
    *(BinaryCrossEntropy, CrossEntropy, CrossEntropyByStep),
)

__all__ = [
    "KINDS",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "CrossEntropyByStep",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
]
