"""Files of the MNIST format are read as they were meant, packed or not, or refused in one line."""

import gzip
import re
import struct

import numpy as np
import pytest

from engine.data.idx import Idx
from engine.data.rows import Picked
from engine.errors import ProjectError
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project_json

RNG = np.random.default_rng(3)
PICTURES = RNG.integers(0, 256, (20, 5, 4), np.uint8)
LABELS = (np.arange(20) % 3).astype(np.uint8)
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """The bytes of a file, written by the format's description: type, axes, sizes and numbers, high byte first."""
    shape = array.shape if shape is None else shape
    head = bytes([0, 0, CODES[array.dtype.str[1:]], len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(folder, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name.replace("_", "-")).write_bytes(content)


def message(source: Idx, folder, ask="load") -> str:
    with pytest.raises(ProjectError) as caught:
        getattr(source, ask)(folder)
    (problem,) = caught.value.problems
    words = f"{problem.where}: {problem.message}"
    assert "\n" not in words
    return words


def test_pictures_have_one_channel_and_whole_labels_are_classes(tmp_path):
    write(tmp_path, t_images_idx3_ubyte=idx(PICTURES), t_labels_idx1_ubyte=idx(LABELS))
    source = Idx(path="t-images-idx3-ubyte", validation=0.25)
    summary, data = source.summary(tmp_path), source.load(tmp_path)
    assert (summary.shape, summary.classes, summary.targets) == ((1, 5, 4), 3, 1)
    assert (data.x.shape, data.x_val.shape, data.x.dtype) == ((15, 1, 5, 4), (5, 1, 5, 4), np.uint8)
    whole = np.concatenate([data.x, data.x_val])[:, 0]
    both = np.concatenate([data.y, data.y_val])
    for picture, label in zip(whole, both, strict=True):
        (place,) = np.flatnonzero((picture == PICTURES).all(axis=(1, 2)))
        assert label == LABELS[place]


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte.gz", "a.images.idx3-ubyte", "images.idx"])
@pytest.mark.parametrize("packed", [True, False])
def test_labels_are_found_beside_packed_or_not(tmp_path, name, packed):
    """What is packed is seen on the bytes, not on the name."""
    labels = name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    pack = gzip.compress if packed else bytes
    (tmp_path / name).write_bytes(pack(idx(PICTURES)))
    (tmp_path / (f"{labels}.gz" if packed else labels)).write_bytes(pack(idx(LABELS)))
    data = Idx(path=name, validation=0.0).load(tmp_path)
    assert np.array_equal(data.x[:, 0], PICTURES)
    assert data.y.tolist() == LABELS.tolist()


def test_of_the_labels_file_it_is_said_which_is_the_other(tmp_path):
    write(tmp_path, t_images_idx3_ubyte=idx(PICTURES), t_labels_idx1_ubyte=idx(LABELS))
    words = "data.path: 't-labels-idx1-ubyte' holds labels: choose the examples' file, such as 't-images-idx3-ubyte'"
    assert message(Idx(path="t-labels-idx1-ubyte"), tmp_path, "summary") == words


@pytest.mark.parametrize("dtype", CODES)
def test_every_type_is_read_high_byte_first(tmp_path, dtype):
    array = (RNG.normal(size=(6, 7)) * 100).astype(dtype)
    write(tmp_path, x=idx(array), y=idx(array[:, 0].astype("f8")))
    data = Idx(path="x", labels="y", validation=0.0).load(tmp_path)
    assert np.array_equal(data.x, array)
    assert data.x.dtype.isnative
    assert data.classes is None
    assert data.y.tolist() == [[float(value)] for value in array[:, 0]]


def test_a_validation_part_in_files_of_its_own(tmp_path):
    write(
        tmp_path,
        a_images_idx3=idx(PICTURES),
        a_labels_idx1=idx(LABELS),
        b_images_idx3=idx(PICTURES[:4]),
        b_labels_idx1=idx(LABELS[:4] + np.uint8(3)),
    )
    source = Idx(path="a-images-idx3", path_val="b-images-idx3")
    data = source.load(tmp_path)
    assert np.array_equal(data.x[:, 0], PICTURES)
    assert np.array_equal(data.x_val[:, 0], PICTURES[:4])
    assert data.y_val.tolist() == [3, 4, 5, 3]
    assert source.summary(tmp_path).classes == data.classes == 6


def test_a_large_file_stays_where_it_is(tmp_path, monkeypatch):
    for place in ("rows", "idx"):
        monkeypatch.setattr(f"engine.data.{place}.LARGE", 100)
    write(tmp_path, images=idx(PICTURES), labels=idx(LABELS))
    data = Idx(path="images", validation=0.25).load(tmp_path)
    assert isinstance(data.x, Picked)
    kept = Idx(path="images", validation=0.0).load(tmp_path).x
    assert np.array_equal(np.asarray(kept)[:, 0], PICTURES)


def test_a_changed_file_is_looked_at_again(tmp_path):
    write(tmp_path, images=idx(PICTURES), labels=idx(LABELS))
    source = Idx(path="images")
    assert source.summary(tmp_path).classes == 3
    write(tmp_path, images=idx(PICTURES[:18]), labels=idx(LABELS[:18] + np.uint8(1)))
    assert source.summary(tmp_path).classes == 4


WRONG = {
    "no file": ({}, "data.path: 'images' there is no such file"),
    "no labels": ({"images": idx(PICTURES)}, "data.labels: where the labels of 'images' are.*no 'labels'"),
    "text": ({"images": b"hello, world", "labels": idx(LABELS)}, "data.path: 'images' is not an IDX file"),
    "axes": ({"images": idx(PICTURES)[:6], "labels": idx(LABELS)}, "data.path: 'images' is cut short"),
    "cut": ({"images": idx(PICTURES)[:-1], "labels": idx(LABELS)}, r"claims shape \(20, 5, 4\) of uint8"),
    "longer": ({"images": idx(PICTURES) + b"x", "labels": idx(LABELS)}, r"claims shape \(20, 5, 4\)"),
    "cut and packed": (
        {"images": gzip.compress(idx(PICTURES)[:-1]), "labels": idx(LABELS)},
        r"claims shape \(20, 5, 4\)",
    ),
    "longer and packed": (
        {"images": gzip.compress(idx(PICTURES) + b"x"), "labels": idx(LABELS)},
        r"claims shape \(20, 5, 4\)",
    ),
    "a cut archive": (
        {"images": gzip.compress(idx(PICTURES))[:-12], "labels": idx(LABELS)},
        "'images' is damaged or cut short: it cannot be unpacked",
    ),
    "empty": ({"images": idx(PICTURES[:0]), "labels": idx(LABELS)}, r"is empty, its shape is \(0, 5, 4\)"),
    "labels in place of pictures": ({"images": idx(LABELS), "labels": idx(LABELS)}, "20 single numbers, expected"),
    "fewer labels": ({"images": idx(PICTURES), "labels": idx(LABELS[:7])}, "data.labels: .*7 labels, .*20 examples"),
    "pictures in place of labels": ({"images": idx(PICTURES), "labels": idx(PICTURES)}, r"expected N or N x K labels"),
    "a negative class": (
        {"images": idx(PICTURES), "labels": idx(LABELS.astype("i1") - np.int8(1))},
        "class number -1, allowed are 0",
    ),
    "NaN": (
        {"images": idx(np.where(PICTURES[3, 1, 2] == PICTURES, np.nan, 1.0)), "labels": idx(LABELS)},
        r"has the value nan at \[",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_files_that_cannot_be_used_are_named(tmp_path, case):
    files, words = WRONG[case]
    write(tmp_path, **files)
    assert re.search(words, message(Idx(path="images"), tmp_path))


def test_a_header_that_lies_takes_no_memory(tmp_path, monkeypatch):
    """4 TB of pictures in a hundred bytes."""
    packed = gzip.compress(idx(PICTURES, (2**22, 1024, 1024)))
    write(tmp_path, images=packed, labels=idx(LABELS))
    monkeypatch.setattr(gzip.GzipFile, "read", guarded(gzip.GzipFile.read))
    assert "its header claims shape (4194304, 1024, 1024)" in message(Idx(path="images"), tmp_path)


def guarded(read):
    def checked(file, size=-1):
        assert 0 <= size < 100
        return read(file, size)

    return checked


def test_other_pictures_for_validation_are_refused(tmp_path):
    write(tmp_path, images=idx(PICTURES), labels=idx(LABELS), images_val=idx(PICTURES[:, 1:]), labels_val=idx(LABELS))
    words = message(Idx(path="images", path_val="images-val"), tmp_path, "summary")
    assert "data.path_val: 'images-val' holds other examples than 'images': expected shape (1, 5, 4)" in words


def test_a_network_trains_on_them(tmp_path):
    """Which of two corners is bright; a network on the flattened pictures learns it."""
    pictures = RNG.integers(0, 60, (64, 4, 4)).astype(np.uint8)
    labels = (np.arange(64) % 2).astype(np.uint8)
    pictures[labels == 0, 0, 0] = pictures[labels == 1, 3, 3] = 255
    write(tmp_path, images=idx(pictures), labels=idx(labels))
    layers = [{"id": "flat", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 2}]
    data = {"kind": "idx", "path": "images", "preprocess": "standardize"}
    told = project_json(layers, "cross_entropy", data, optimizer={"kind": "adam", "lr": 0.05})
    project = project_from(told, tmp_path)
    assert project.problems() == []
    trainer = Trainer(project)
    assert trainer.network.preprocess.shapes == {"preprocess.mean": (1, 1, 1), "preprocess.scale": (1, 1, 1)}
    trainer.run(100)
    assert trainer.evaluate()[1].accuracy == 1
