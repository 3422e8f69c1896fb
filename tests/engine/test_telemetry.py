"""Telemetry holds the documented keys, one JSON object a line, and nothing that JSON has no word for."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.divergence import DivergenceError
from engine.project import Project
from engine.run.lane import Lane
from engine.telemetry import TelemetryFile, blas_threads, one_blas_thread
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.run.bench import PER_EPOCH, small

HEADER = {"format", "version", "project", "seed", "device", "dtype", "kernels", "blas_threads", "layers"}
STEP = {"step", "epoch", "loss", "lr", "batch_accuracy", "layers"}
EPOCH = {"epoch_end", "step", "train", "validation"}
WEIGHT = {"weight_norm", "grad_norm", "grad_mean_abs", "update_ratio", "bias_grad_norm"}
ACTIVATION = {"mean", "std", "zero_fraction", "saturated_fraction", "dead_fraction", "delta_rms"}


def recorded(path: Path, made: Project, steps: int, every: int = 1, **options: Any) -> list[dict[str, Any]]:
    """The lines of a run's telemetry."""
    trainer = Trainer(made, **options)
    lane = Lane(trainer, telemetry=TelemetryFile(path, trainer, every))
    assert lane.telemetry is not None
    try:
        with np.errstate(all="ignore"):  # as every caller has it
            for _ in range(steps):
                lane.advance()
    finally:
        lane.telemetry.close()
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def test_the_header_says_what_ran(tmp_path: Path) -> None:
    one_blas_thread()
    header = recorded(tmp_path / "T", small(), 0, dtype="float64", seed=42)[0]
    assert header.keys() == HEADER
    assert header == {
        "format": "netviz-telemetry",
        "version": 1,
        "project": "case",
        "seed": 42,
        "device": "cpu",
        "dtype": "float64",
        "kernels": "numpy",
        "blas_threads": 1,
        "layers": ["h1", "a1", "out"],
    }
    assert blas_threads() == 1


def test_records_hold_the_documented_keys(tmp_path: Path) -> None:
    _, *records = recorded(tmp_path / "T", small(), 2 * PER_EPOCH)
    steps = [record for record in records if "epoch_end" not in record]
    ends = [record for record in records if "epoch_end" in record]
    assert [record["step"] for record in steps] == list(range(8))
    assert [record["epoch"] for record in steps] == [0] * 4 + [1] * 4
    for record in steps:
        assert record.keys() == STEP
        assert list(record["layers"]) == ["h1", "a1", "out"]
        assert record["layers"]["h1"].keys() == record["layers"]["out"].keys() == WEIGHT
        assert record["layers"]["a1"].keys() == ACTIVATION
        assert all(isinstance(n, float) for layer in record["layers"].values() for n in layer.values())
    assert [(record["epoch_end"], record["step"]) for record in ends] == [(0, 3), (1, 7)]
    assert [index for index, record in enumerate(records) if "epoch_end" in record] == [4, 9]
    for record in ends:
        assert record.keys() == EPOCH
        assert record["train"].keys() == record["validation"].keys() == {"loss", "accuracy"}


def test_numbers_are_those_of_a_trainer_of_its_own_to_the_bit(tmp_path: Path) -> None:
    _, *records = recorded(tmp_path / "T", small(), PER_EPOCH)
    trainer = Trainer(small())
    for record in records[:PER_EPOCH]:
        expected = trainer.step(layers=True)
        assert (record["loss"], record["batch_accuracy"], record["lr"]) == (
            expected.loss,
            expected.batch_accuracy,
            expected.lr,
        )
        assert record["layers"] == expected.layers
    train, validation = trainer.evaluate()
    assert validation is not None
    assert records[PER_EPOCH]["train"] == {"loss": train.loss, "accuracy": train.accuracy}
    assert records[PER_EPOCH]["validation"] == {"loss": validation.loss, "accuracy": validation.accuracy}


@pytest.mark.parametrize("every", [1, 2, 3, 100])
def test_every_k_th_step(tmp_path: Path, every: int) -> None:
    _, *records = recorded(tmp_path / "T", small(), 20, every)
    _, *all_of_them = recorded(tmp_path / "U", small(), 20)
    assert [r for r in all_of_them if "epoch_end" in r or r["step"] % every == 0] == records


def test_what_there_is_not_is_null(tmp_path: Path) -> None:
    layers: list[dict[str, object]] = [
        {"id": "a0", "kind": "relu"},
        {"id": "out", "kind": "dense", "units": 1, "bias": False, "init": "zeros"},
    ]
    made = project(layers, "mse", {"kind": "noise", "shape": [3], "samples": 20, "validation": 0.0})
    header, step, end = recorded(tmp_path / "T", made, 1)
    assert header["layers"] == ["a0", "out"]
    assert step["batch_accuracy"] is None
    assert step["layers"]["a0"]["delta_rms"] is None  # nothing before it is trained
    assert step["layers"]["out"]["bias_grad_norm"] is None
    assert step["layers"]["out"]["update_ratio"] is None  # of weights that were zero
    assert end["train"]["accuracy"] is None
    assert end["validation"] is None


def test_a_loss_that_is_no_number_is_null_and_the_last_line(tmp_path: Path) -> None:
    made = small("mse", optimizer={"kind": "sgd", "lr": 1e6}, clip_norm=None)
    path = tmp_path / "T"
    with pytest.raises(DivergenceError) as caught:
        recorded(path, made, 100, every=1000)
    text = path.read_text()
    assert text.endswith("\n")
    assert not {"NaN", "Infinity", "nan", "inf"} & set(text.replace(",", " ").replace(":", " ").split())
    last = msgspec.json.decode(text.splitlines()[-1])
    assert last.keys() == STEP
    assert (last["step"], last["loss"], last["batch_accuracy"]) == (caught.value.step, None, None)


def test_infinite_statistics_are_null(tmp_path: Path) -> None:
    """float32 gradients can overflow a step before the loss does."""
    made = small("mse", optimizer={"kind": "sgd", "lr": 1e6})
    path = tmp_path / "T"
    with pytest.raises(DivergenceError):
        recorded(path, made, 100)
    numbers: list[Any] = []
    for line in path.read_bytes().splitlines()[1:-1]:
        numbers += [n for layer in msgspec.json.decode(line).get("layers", {}).values() for n in layer.values()]
    assert all(n is None or abs(n) < float("inf") for n in numbers)


def test_an_epochs_lines_are_on_the_disk_at_its_end(tmp_path: Path) -> None:
    trainer = Trainer(small())
    lane = Lane(trainer, telemetry=TelemetryFile(tmp_path / "T", trainer))
    for _ in range(PER_EPOCH):
        lane.advance()
    assert (tmp_path / "T").read_bytes().count(b"\n") == 1 + PER_EPOCH + 1
    assert lane.telemetry is not None
    lane.telemetry.close()
