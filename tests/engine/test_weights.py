"""Weights files: exact, whole or not at all, and clear about what is wrong with one."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from engine import weights
from engine.errors import ProjectError
from engine.trainer import Trainer
from engine.weights import load_weights, save_weights
from tests.engine.cases import project

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


def file(tensors: object, data: bytes = bytes(16), header: bytes | None = None, length: int | None = None) -> bytes:
    """A file by hand: the length of its header, the header, the numbers."""
    written = json.dumps(tensors).encode() if header is None else header
    return struct.pack("<Q", len(written) if length is None else length) + written + data


def tensor(kind: str = "F32", shape: tuple[int, ...] = (2, 2), ends: tuple[int, int] = (0, 16)) -> dict[str, object]:
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(ends)}


LIES = {
    "a header longer than the file": file({"a": tensor()}, length=1 << 40),
    "a header that is no object": file([1]),
    "a header cut off": file({}, header=b'{"a":'),
    "a shape of more numbers": file({"a": tensor(shape=(3, 2))}),
    "a shape of fewer": file({"a": tensor(shape=(1, 2))}),
    "a shape past counting": file({"a": tensor(shape=(1 << 40, 1 << 40))}),
    "a length below 0": file({"a": tensor(shape=(-2, -2))}),
    "an end behind the file": file({"a": tensor(shape=(4, 2), ends=(0, 32))}),
    "an end before the beginning": file({"a": tensor(ends=(16, 0))}),
    "two in one place": file({"a": tensor(), "b": tensor()}),
    "a gap": file({"a": tensor(ends=(4, 20))}, bytes(20)),
    "bytes of none": file({"a": tensor()}, bytes(20)),
    "too few bytes": file({"a": tensor()}, bytes(12)),
    "a kind there is not": file({"a": tensor("F33")}),
}
BAD = {
    **{name: (content, "is not a safetensors file") for name, content in LIES.items()},
    "shorter floats": (file({"a": tensor("F8_E4M3", (4, 4))}), "a is of F8_E4M3, expected floats"),
    "truths": (file({"a": tensor("BOOL", (4, 4))}), "a is of BOOL, expected floats"),
    "complex numbers": (file({"a": tensor("C64", (2,))}), "a is of C64, expected floats"),
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


def test_halves_of_float32_are_read_as_what_they_are(tmp_path: Path) -> None:
    """bfloat16 by hand: sign, eight bits of exponent, seven of mantissa."""
    (tmp_path / "w.safetensors").write_bytes(file({"a": tensor("BF16", (3,), (0, 6))}, b"\x80\x3f\x20\xc0\x80\x7f"))
    (array,) = load_weights(tmp_path / "w.safetensors").values()
    np.testing.assert_array_equal(array, np.array([1.0, -2.5, np.inf], np.float32))


WRONG = {
    "one less": (
        lambda w: {k: v for k, v in w.items() if k != "h1.bias"},
        r"h1\.bias: is missing, expected shape \(4,\)",
    ),
    "one more": (lambda w: {**w, "h2.weight": w["h1.weight"]}, r"h2\.weight: is unknown, the network has h1\.weight, "),
    "turned round": (
        lambda w: {**w, "h1.weight": w["h1.weight"].T},
        r"h1\.weight: expected shape \(4, 3\), got \(3, 4\); its axes stand in another order than PyTorch's",
    ),
    "of another size": (lambda w: {**w, "h1.weight": np.ones((4, 5))}, r"h1\.weight: expected .* got \(4, 5\)$"),
    "flat": (lambda w: {**w, "h1.weight": w["h1.weight"].ravel()}, r"h1\.weight: expected .* got \(12,\)$"),
    "complex": (
        lambda w: {**w, "h1.weight": w["h1.weight"] + 1j},
        r"h1\.weight: expected real numbers, got complex",
    ),
    "the last is wrong": (lambda w: {**w, "preprocess.mean": np.ones(2)}, r"preprocess\.mean: expected shape \(3,\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_weights_of_another_network_are_told_in_one_line_and_change_nothing(name: str) -> None:
    data = {"kind": "noise", "shape": [3], "targets": 4, "samples": 10, "preprocess": "standardize"}
    net = Trainer(project([{"id": "h1", "kind": "dense", "units": 4}], data=data)).network
    change, words = WRONG[name]
    before = {key: array.copy() for key, array in net.state().items()}
    wrong = change({key: array + 1 for key, array in before.items()})
    with pytest.raises(ValueError, match=words) as told:
        net.load_parameters(wrong)
    assert "\n" not in str(told.value)
    assert all(np.array_equal(array, before[key]) for key, array in net.state().items())


def test_a_full_disk_is_told_as_the_system_says_it_and_the_old_file_stays(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "net.safetensors"
    save_weights(path, {"a": np.ones(2, np.float32)})
    before = path.read_bytes()

    def full(arrays: object, name: str) -> None:
        Path(name).write_bytes(b"half of it")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(weights, "save_file", full)
    with pytest.raises(OSError, match="No space left on device") as told:
        save_weights(path, {"a": np.zeros(2, np.float32)})
    assert (told.value.errno, told.value.filename) == (28, str(path))
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]
