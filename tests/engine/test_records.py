"""Tables and TensorBoard's events hold what JSON lines hold, and a disk that is full ends them, not the run."""

import csv
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.divergence import DivergenceError
from engine.project import Project
from engine.records.several import Guarded, Several, telemetry_file
from engine.records.table import MEASURES, SCORES, STEP, TelemetryTable
from engine.records.tensorboard import TensorBoardFile, crc32c, masked
from engine.run.lane import Lane
from engine.telemetry import TelemetryFile
from engine.trainer import Trainer
from tests.engine.run.bench import PER_EPOCH, small

FULL = Path("/dev/full")
WILD: dict[str, Any] = {"optimizer": {"kind": "sgd", "lr": 1e6}, "clip_norm": None}


def recorded(folder: Path, made: Project, steps: int, every: int = 1) -> list[dict[str, Any]]:
    """Runs once, into all three forms; the JSON lines without their header."""
    trainer = Trainer(made)
    lines, table = folder / "T.jsonl", folder / "T.csv"
    files = [telemetry_file(lines, trainer, every), telemetry_file(table, trainer, every)]
    assert [type(file) for file in files] == [TelemetryFile, TelemetryTable]
    lane = Lane(trainer, telemetry=Several([*files, TensorBoardFile(folder / "events", trainer, every)]))
    assert lane.telemetry is not None
    try:
        with np.errstate(all="ignore"):
            for _ in range(steps):
                lane.advance()
    finally:
        lane.telemetry.close()
    return [msgspec.json.decode(line) for line in lines.read_bytes().splitlines()][1:]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "T.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def test_several_files_leave_the_json_lines_as_they_are_alone(tmp_path: Path) -> None:
    recorded(tmp_path, small(), 9, every=2)
    trainer = Trainer(small())
    lane = Lane(trainer, telemetry=TelemetryFile(tmp_path / "alone", trainer, 2))
    assert lane.telemetry is not None
    for _ in range(9):
        lane.advance()
    lane.telemetry.close()
    assert (tmp_path / "alone").read_bytes() == (tmp_path / "T.jsonl").read_bytes()


@pytest.mark.parametrize("every", [1, 3, 4])
def test_a_table_has_the_numbers_of_the_json_lines_to_the_bit(tmp_path: Path, every: int) -> None:
    lines = recorded(tmp_path, small(), 2 * PER_EPOCH + 1, every)
    steps = {line["step"]: line for line in lines if "epoch_end" not in line}
    ends = {line["step"]: line for line in lines if "epoch_end" in line}
    table = {int(row["step"]): row for row in rows(tmp_path)}
    assert list(table) == sorted({*steps, *ends})
    for step, row in table.items():
        told = steps.get(step, {"epoch": ends[step]["epoch_end"]} if step in ends else {})
        assert int(row["epoch"]) == told["epoch"]
        assert [number(row[key]) for key in STEP[2:]] == [told.get(key) for key in STEP[2:]]
        for node, values in told.get("layers", {}).items():
            assert {field: number(row[f"{node}.{field}"]) for field in values} == values
        scores = ends.get(step)
        expected = (
            [scores[part].get(key) for part in ("train", "validation") for key in MEASURES]
            if scores
            else [None] * len(SCORES)
        )
        assert [number(row[key]) for key in SCORES] == expected
    header = (tmp_path / "T.csv").read_text().splitlines()[0].split(",")
    assert header[: len(STEP) + len(SCORES) + 1] == [*STEP, *SCORES, "h1.weight_norm"]
    assert all(header)


def test_a_loss_that_is_no_number_leaves_empty_cells(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError) as caught:
        recorded(tmp_path, small("mse", **WILD), 100)
    last = rows(tmp_path)[-1]
    assert int(last["step"]) == caught.value.step
    assert last["lr"] == "1000000.0"
    assert {cell for key, cell in last.items() if key not in STEP} == {""}
    assert not {"nan", "inf"} & set((tmp_path / "T.csv").read_text().replace("\n", ",").split(","))


def test_tensorboard_reads_its_events(tmp_path: Path) -> None:
    lines = recorded(tmp_path, small(), 2 * PER_EPOCH)
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = events.EventAccumulator(str(tmp_path / "events"), size_guidance={events.SCALARS: 0})
    read.Reload()
    steps = [line for line in lines if "epoch_end" not in line]
    ends = [line for line in lines if "epoch_end" in line]

    def curve(tag: str) -> list[tuple[int, float]]:
        return [(event.step, event.value) for event in read.Scalars(tag)]

    def single(pairs: list[tuple[int, float]]) -> list[tuple[int, float]]:
        return [(step, float(np.float32(value))) for step, value in pairs]

    assert curve("loss/batch") == single([(line["step"], line["loss"]) for line in steps])
    assert curve("learning_rate") == single([(line["step"], line["lr"]) for line in steps])
    assert curve("loss/validation") == single([(line["step"], line["validation"]["loss"]) for line in ends])
    for node, values in steps[0]["layers"].items():
        for field in values:
            told = [(line["step"], line["layers"][node][field]) for line in steps]
            assert curve(f"{node}/{field}") == single([(step, value) for step, value in told if value is not None])


def test_events_are_records_with_their_checksums(tmp_path: Path) -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of RFC 3720's sum
    recorded(tmp_path, small(), 300)  # steps that take two bytes
    (path,) = (tmp_path / "events").iterdir()
    assert "tfevents" in path.name
    content, at, count = path.read_bytes(), 0, 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        event = content[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", content, at + 8) == (masked(content[at : at + 8]),)
        assert struct.unpack_from("<I", content, at + 12 + length) == (masked(event),)
        at, count = at + 16 + length, count + 1
    assert (at, count) == (len(content), 1 + 300 + 300 // PER_EPOCH)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("kind", [TelemetryFile, TelemetryTable])
def test_a_full_disk_names_the_file(kind: Any) -> None:
    trainer = Trainer(small())
    lane = Lane(trainer, telemetry=kind(FULL, trainer))
    assert lane.telemetry is not None
    for _ in range(PER_EPOCH - 1):
        lane.advance()
    with pytest.raises(OSError, match="No space left") as caught:
        lane.advance()  # the epoch's end is written through
    assert caught.value.filename == str(FULL)
    with pytest.raises(OSError, match="No space left"):
        lane.telemetry.close()


def test_a_guarded_file_is_told_nothing_more() -> None:
    class Broken:
        told = 0

        def wants(self, step: int) -> bool:
            return True

        def step(self, record: Any) -> None:
            self.told += 1
            raise OSError(28, "full", "T")

        def close(self) -> None:
            raise OSError(28, "full", "T")

    heard: list[OSError] = []
    broken: Any = Broken()
    guarded = Guarded(broken, heard.append)
    trainer = Trainer(small())
    for _ in range(3):
        if guarded.wants(trainer.step_number):
            guarded.step(trainer.step(layers=True))
    guarded.close()
    assert (broken.told, len(heard)) == (1, 1)


def test_each_of_several_files_hears_of_the_steps_that_it_wants(tmp_path: Path) -> None:
    trainer = Trainer(small())
    files = [TelemetryTable(tmp_path / "T.csv", trainer, 3), TelemetryFile(tmp_path / "T.jsonl", trainer, 2)]
    lane = Lane(trainer, scores_epochs=False, telemetry=Several(files))
    assert lane.telemetry is not None
    for _ in range(10):
        lane.advance()
    lane.telemetry.close()
    assert [int(row["step"]) for row in rows(tmp_path)] == [0, 3, 6, 9]
    told = [msgspec.json.decode(line) for line in (tmp_path / "T.jsonl").read_bytes().splitlines()][1:]
    assert [line["step"] for line in told] == [0, 2, 4, 6, 8]
