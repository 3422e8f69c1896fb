"""Weights files: exact, whole or not at all, and clear about what is wrong with one."""

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from engine.errors import ProjectError
from engine.weights import load_weights, save_weights

WIDE = np.arange(24, dtype="float32").reshape(4, 6)
ARRAYS = {
    "h1.weight": WIDE.T,
    "h1.bias": WIDE[:, 2],
    "h2.weight": WIDE[::-1, ::2],
    "h2.bias": np.array(0.5, "float64"),
    "h3.weight": np.zeros((0, 3), "float32"),
    "h3.bias": np.array([np.nan, -0.0, np.inf, 5e-324]),
}


@pytest.mark.parametrize("read", [load_weights, load_file], ids=["ours", "safetensors"])
def test_arrays_come_back_whatever_their_layout(tmp_path: Path, read: object) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, ARRAYS)
    loaded = read(path)  # type: ignore[operator]
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (loaded[name].dtype, loaded[name].shape) == (array.dtype, array.shape)
        assert loaded[name].tobytes() == np.array(array, order="C").tobytes()


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_crash_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"h1.weight": WIDE})
    before = path.read_bytes()

    def crash(*args: object) -> None:
        raise OSError("the machine died")

    monkeypatch.setattr(os, call, crash)
    with pytest.raises(OSError, match="the machine died"):
        save_weights(path, {"h1.weight": 2 * WIDE})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.safetensors"]
    save_weights(path, {"h1.weight": 2 * WIDE})
    np.testing.assert_array_equal(load_weights(path)["h1.weight"], 2 * WIDE)


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file, link = tmp_path / "kept" / "w.safetensors", tmp_path / "latest.safetensors"
    link.symlink_to(file)
    for factor in (1, 2):  # the first time there is nothing at its end
        save_weights(link, {"h1.weight": factor * WIDE})
        assert link.is_symlink()
        assert not file.is_symlink()
        np.testing.assert_array_equal(load_weights(file)["h1.weight"], factor * WIDE)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


BAD = {
    "empty": (b"", "is not a safetensors file"),
    "text": (b"hello, this is no weights file", "is not a safetensors file"),
    "cut off": (save({"h1.weight": WIDE})[:-8], "is not a safetensors file"),
    "a huge header": (b"\xff" * 7 + b"\x7f" + b"{}", "is not a safetensors file"),
    "whole numbers": (save({"h1.weight": WIDE.astype("int64")}), "h1.weight is of int64, expected floats"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=message) as caught:
        load_weights(path)
    assert "bad.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["missing.safetensors", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, where: str) -> None:
    with pytest.raises(ProjectError, match="cannot be read"):
        load_weights(tmp_path / where)
