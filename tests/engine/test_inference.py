"""Networks that are used and not trained: their data may be missing."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.catalogue import DATASETS
from engine.data.absent import Absent
from engine.errors import ProjectError
from engine.inference import load_for_use, network_with
from engine.project import load_project
from engine.trainer import Trainer
from tests.engine.cases import project_json

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 3},
    {"id": "out", "kind": "dense", "units": 2},
]
GONE = {"kind": "npz", "path": "gone.npz"}


def write(folder: Path, shape: list[int] | None, data: dict[str, Any], **more: Any) -> Path:
    parts = {**project_json(LAYERS, data=data), **more}
    if shape is not None:
        parts["graph"]["nodes"][0]["shape"] = shape
    path = folder / "net.netviz"
    path.write_bytes(msgspec.json.encode(parts))
    return path


def test_with_a_shape_no_data_are_needed(tmp_path: Path) -> None:
    path = write(tmp_path, [4], GONE)
    made = load_for_use(path)
    assert made.structure().shapes == {"x": (4,), "h1": (3,), "out": (2,)}
    weights = {
        "h1.weight": np.ones((3, 4)),
        "h1.bias": np.zeros(3),
        "out.weight": np.ones((2, 3)),
        "out.bias": np.ones(2),
    }
    y = network_with(made, weights).predict(np.ones((5, 4)))
    np.testing.assert_array_equal(y, np.full((5, 2), 13.0))
    with pytest.raises(ProjectError, match=r"gone\.npz"):
        load_project(path)
    with pytest.raises(ProjectError, match="data: are not there"):
        Trainer(made)


def test_without_a_shape_the_data_are_missed(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"data\.path: 'gone\.npz' there is no such file"):
        load_for_use(write(tmp_path, None, GONE))


def test_data_that_are_there_say_the_shape_and_the_classes(tmp_path: Path) -> None:
    data = {"kind": "noise", "shape": [6], "classes": 2}
    made = load_for_use(write(tmp_path, None, data))
    assert made.structure().shapes["x"] == (6,)
    assert made.summary().classes == 2
    with pytest.raises(ProjectError, match="x: shape is 4, but the data's examples have 6"):
        load_for_use(write(tmp_path, [4], data))


def test_one_variant_and_settings(tmp_path: Path) -> None:
    graph = project_json([{"id": "out", "kind": "dense", "units": 7}])["graph"]
    graph["nodes"][0]["shape"] = [4]
    path = write(tmp_path, [4], GONE, variants=[{"name": "B", "graph": graph}])
    assert list(load_for_use(path, "B").structure().layers) == ["x", "out"]
    assert list(load_for_use(path).structure().layers) == ["x", "h1", "out"]
    assert load_for_use(path, settings={"graph.nodes.h1.units": 9}).structure().shapes["h1"] == (9,)
    with pytest.raises(ProjectError, match="variants: unknown variant 'C'"):
        load_for_use(path, "C")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_the_weights_say_the_number_type(tmp_path: Path, dtype: str) -> None:
    made = load_for_use(write(tmp_path, [4], GONE))
    shapes = {"h1.weight": (3, 4), "h1.bias": (3,), "out.weight": (2, 3), "out.bias": (2,)}
    net = network_with(made, {name: np.ones(shape, dtype) for name, shape in shapes.items()})
    assert net.backend.dtype == ("float64" if dtype == "float64" else "float32")
    with pytest.raises(ValueError, match=r"out\.bias: is missing"):
        network_with(made, {name: np.ones(shape, dtype) for name, shape in shapes.items() if name != "out.bias"})


def test_no_file_can_ask_for_absent_data(tmp_path: Path) -> None:
    assert Absent.kind() not in DATASETS
    with pytest.raises(ProjectError, match=r"data\.kind: unknown kind 'absent'"):
        load_for_use(write(tmp_path, [4], {"kind": "absent", "shape": [4]}))
