"""Telemetry: a run as one JSON object a line, the same to the last bit wherever the run takes place."""

from pathlib import Path
from typing import Any, Protocol

import msgspec

from engine.divergence import DivergenceError
from engine.files import Stream
from engine.metrics import Score
from engine.trainer import StepRecord, Trainer

FORMAT, VERSION = "netviz-telemetry", 1


class Telemetry(Protocol):
    """What is told of a run while it trains: steps that it `wants`, every epoch's end, and a loss that is no number."""

    def wants(self, step: int) -> bool: ...

    def step(self, record: StepRecord) -> None: ...

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None: ...

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None: ...

    def close(self) -> None: ...


class TelemetryFile:
    """Writes a trainer's records to `path`, each flushed at an epoch's end; NaN and infinite become null."""

    def __init__(self, path: Path, trainer: Trainer, every: int = 1) -> None:
        self.every = every
        self._stream = Stream(path)
        self._encoder = msgspec.json.Encoder()
        backend = trainer.backend
        self._write(
            {
                "format": FORMAT,
                "version": VERSION,
                "project": trainer.project.name,
                "seed": trainer.seed,
                "device": backend.device,
                "dtype": backend.dtype,
                "kernels": backend.kernels,
                "blas_threads": blas_threads(),
                "layers": list(trainer.network.structure.drawn),
            }
        )

    def wants(self, step: int) -> bool:
        return step % self.every == 0

    def step(self, record: StepRecord) -> None:
        self._write(
            {
                "step": record.step,
                "epoch": record.epoch,
                "loss": record.loss,
                "lr": record.lr,
                "batch_accuracy": record.batch_accuracy,
                "layers": record.layers,
            }
        )

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None:
        """The scores at the end of `epoch`, after update `step`."""
        self._write(
            {
                "epoch_end": epoch,
                "step": step,
                "train": _score(train),
                "validation": None if validation is None else _score(validation),
            }
        )
        self._stream.flush()

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None:
        """The step whose loss is no number; its layers were not computed."""
        self._write({"step": error.step, "epoch": epoch, "loss": None, "lr": lr, "batch_accuracy": None, "layers": {}})
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._stream.write(self._encoder.encode(line) + b"\n")


def _score(score: Score) -> dict[str, float | None]:
    found = {"loss": score.loss, "accuracy": score.accuracy}
    others = {"r2": score.r2, "top5": score.top5}
    return found | {name: value for name, value in others.items() if value is not None}


def blas_threads() -> int:
    """How many threads the products run on; 1 unless someone has set otherwise."""
    from threadpoolctl import threadpool_info

    counts = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(counts, default=1)


def one_blas_thread() -> None:
    """One thread for products: with another process on the machine, two are slower than one."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")
