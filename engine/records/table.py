"""Telemetry as a table: CSV, a row a step, a column for each scalar of each layer (`h1.grad_norm`).

An epoch's scores stand in the row of the update that ended it. Where that step is not told (`every`), a row of its
own holds step, epoch and scores only. What there is not is left empty, as null is in JSON lines.
"""

import csv
from dataclasses import fields
from pathlib import Path
from typing import Any

from engine.divergence import DivergenceError
from engine.files import Stream
from engine.layers.base import Weighted
from engine.metrics import Score
from engine.statistics import ACTIVATION_FIELDS, WEIGHT_FIELDS
from engine.trainer import StepRecord, Trainer

STEP = ("step", "epoch", "loss", "lr", "batch_accuracy")
MEASURES = tuple(field.name for field in fields(Score))
SCORES = tuple(f"{part}_{measure}" for part in ("train", "validation") for measure in MEASURES)


class TelemetryTable:
    """Writes a trainer's records to `path`, flushed at each epoch's end."""

    def __init__(self, path: Path, trainer: Trainer, every: int = 1) -> None:
        self.every = every
        layers = trainer.network.structure.layers
        self._layers = [
            (node, field)
            for node in trainer.network.structure.drawn
            for field in (WEIGHT_FIELDS if isinstance(layers[node], Weighted) else ACTIVATION_FIELDS)
        ]
        self._stream = Stream(path)
        self._rows = csv.writer(self, lineterminator="\n")
        self._waiting: list[Any] | None = None  # the last step's row: scores may come that belong to it
        self._rows.writerow([*STEP, *SCORES, *(f"{node}.{field}" for node, field in self._layers)])

    def write(self, text: str) -> None:
        """What the csv module calls."""
        self._stream.write(text.encode())

    def wants(self, step: int) -> bool:
        return step % self.every == 0

    def step(self, record: StepRecord) -> None:
        self._put()
        told = [record.step, record.epoch, record.loss, record.lr, record.batch_accuracy]
        layers = record.layers or {}
        self._waiting = [*told, *(None for _ in SCORES), *(layers[node][field] for node, field in self._layers)]

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None:
        """The scores at the end of `epoch`, after update `step`."""
        if self._waiting is None or self._waiting[0] != step:
            self._put()
            self._waiting = self._bare(step, epoch)
        held = validation or Score(float("nan"), None)
        told = [getattr(score, measure) for score in (train, held) for measure in MEASURES]
        self._waiting[len(STEP) : len(STEP) + len(SCORES)] = told
        self._put()
        self._stream.flush()

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None:
        """The step whose loss is no number: its row has neither loss nor layers."""
        self._put()
        self._waiting = self._bare(error.step, epoch)
        self._waiting[STEP.index("lr")] = lr
        self._put()
        self._stream.flush()

    def close(self) -> None:
        try:
            self._put()
        finally:
            self._stream.close()

    def _bare(self, step: int, epoch: int) -> list[Any]:
        return [step, epoch, *(None for _ in range(len(STEP) - 2 + len(SCORES) + len(self._layers)))]

    def _put(self) -> None:
        row, self._waiting = self._waiting, None
        if row is not None:
            # The module's own words for numbers are the shortest that give the same bits again.
            self._rows.writerow(None if isinstance(cell, float) and not _known(cell) else cell for cell in row)


def _known(value: float) -> bool:
    return abs(value) < float("inf")
