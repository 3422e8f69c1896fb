"""Histories made by hand, so that what a panel draws can be computed another way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from engine.diagnosis import Finding, Health, Remedy
from engine.diagnosis.edits import SetTraining
from engine.run.messages import (
    EpochScore,
    LaneAnswer,
    LaneHealth,
    LaneInfo,
    LayerScalars,
    LossBuckets,
    Opened,
    Points,
    ProbeAnswer,
)
from netviz.runtime.history import History, LaneHistory

LAYERS, KINDS = ("h1", "a1", "out"), ("dense", "tanh", "dense")
NAN = float("nan")


def opened(*names: str, layers: Sequence[str] = LAYERS, kinds: Sequence[str] = KINDS, plane: bool = True) -> History:
    """A history at step 0 with a lane for each name; examples on the corners of XOR."""
    weighted = tuple(kind == "dense" for kind in kinds)
    lanes = tuple(LaneInfo(name, tuple(layers), tuple(kinds), weighted, (2,), 10, 100) for name in names or ("A",))
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    labels = np.array([0, 1, 1, 0], np.float32)
    points = Points(corners, labels, corners[:2] / 2, labels[:2], 2) if plane else None
    history = History()
    history.open(Opened(lanes, points, "numpy", "cpu", "float32", ()))
    return history


def take(
    lane: LaneHistory,
    losses: Sequence[float] = (),
    scores: Sequence[EpochScore] = (),
    layers: np.ndarray | None = None,
    probes: Sequence[ProbeAnswer] = (),
    start: int = 0,
    lr: float = 0.01,
    health: LaneHealth | None = None,
    kept: EpochScore | None = None,
) -> None:
    """One answer: a loss a step from `start`; `layers` (n, layers, 6) likewise."""
    loss = np.asarray(losses, float)
    steps = np.arange(start, start + len(loss))
    scalars = None if layers is None else LayerScalars(np.arange(start, start + len(layers)), layers)
    buckets = LossBuckets(steps, loss, loss, loss, loss)
    rates = ((start + len(loss), lr),)
    lane.take(LaneAnswer(buckets, tuple(scores), scalars, tuple(probes), lr, 32, health, rates, kept))


def unwell(*findings: Finding, watched: Sequence[Finding] = (), looks: int = 20, since: int = 0) -> LaneHealth:
    """A diagnosis of the layers above; of no findings, one that is content."""
    return LaneHealth(findings, tuple(watched), (Health.FINE,) * len(LAYERS), looks, since)


def fault(began: int = 3, **changes: Any) -> Finding:
    """A rate that is too high, with one remedy."""
    slower = Remedy("A tenth of the learning rate", (SetTraining("optimizer.lr", 0.001),))
    found = Finding(
        "rate_high", "Learning rate too high", (), began, Health.TROUBLE, "Steps are too long.", True, None, (slower,)
    )
    return replace(found, **changes)


def score(
    step: int, loss: float, accuracy: float = NAN, val_loss: float = NAN, val_accuracy: float = NAN
) -> EpochScore:
    return EpochScore(step // 10, step, loss, accuracy, val_loss, val_accuracy)


def scalars(steps: int, grad_norm: float = 1.0, saturated: float = 0.0, dead: float = 0.0) -> np.ndarray:
    """(steps, 3, 6) for the layers above: the same at every step."""
    values = np.full((steps, 3, 6), np.nan)
    for weighted, factor in ((0, 1.0), (2, 10.0)):
        values[:, weighted, :5] = [1.0, grad_norm * factor, 0.1, 0.01, 0.5]
    values[:, 1] = [0.0, 1.0, 0.0, saturated, dead, 0.1]
    return values
