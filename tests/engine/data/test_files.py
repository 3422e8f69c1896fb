"""An npz file is read as it was meant, or refused in one line: nothing is unpickled, no header is believed."""

import io
import random
import re
import struct
import zipfile

import numpy as np
import pytest

from engine.data.archive import Archive
from engine.data.files import Npz
from engine.data.rows import Picked
from engine.errors import ProjectError
from engine.probes.example import Example
from engine.project import project_from
from engine.spec import convert
from engine.trainer import Trainer
from tests.engine.cases import project_json

RNG = np.random.default_rng(7)
X = RNG.normal(size=(12, 3))
CLASSES = np.arange(12) % 3
NUMBERS = RNG.normal(size=(12, 2))
SOURCE = Npz(path="d.npz", validation=0.25)


def npy(array: np.ndarray, **header) -> bytes:
    """The bytes of an .npy file, its header's fields replaced."""
    file = io.BytesIO()
    told = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(file, {**told, **header})
    return file.getvalue() + array.tobytes()


def write(folder, compression=zipfile.ZIP_DEFLATED, **members: bytes):
    with zipfile.ZipFile(folder / "d.npz", "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def refused(ask, folder) -> str:
    """The message of the one error that `ask`, a source's `load` or `summary`, must raise."""
    with pytest.raises(ProjectError) as caught:
        ask(folder)
    assert [problem.where for problem in caught.value.problems] == ["data.path"]
    message = caught.value.problems[0].message
    assert "\n" not in message
    assert len(message) < 250
    return message


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_classes_are_counted_and_split(tmp_path, save):
    save(tmp_path / "d.npz", x=X, y=CLASSES)
    data, summary = SOURCE.load(tmp_path), SOURCE.summary(tmp_path)
    assert (summary.shape, summary.classes, summary.targets) == ((3,), 3, 1)
    assert data.classes == 3
    assert data.y.dtype == np.int64
    assert data.y.shape == (9,)
    assert len(data.x_val) == 3
    rows = {tuple(row): label for row, label in zip(X, CLASSES, strict=True)}
    assert len(rows) == 12
    for x, y in ((data.x, data.y), (data.x_val, data.y_val)):
        assert all(rows.pop(tuple(row)) == label for row, label in zip(x, y, strict=True))
    assert not rows


@pytest.mark.parametrize(
    ("y", "classes", "expected"),
    [
        (CLASSES.astype(np.uint8), 3, CLASSES),
        (CLASSES.astype(">i2"), 3, CLASSES),
        (CLASSES > 0, 2, CLASSES > 0),
        (np.full(12, 4), 5, np.full(12, 4)),
        (NUMBERS, None, NUMBERS),
        (NUMBERS[:, 0], None, NUMBERS[:, :1]),
        (NUMBERS.astype(np.float32), None, NUMBERS.astype(np.float32)),
        (np.asfortranarray(NUMBERS), None, NUMBERS),
        (np.eye(3, dtype=int)[CLASSES], None, np.eye(3)[CLASSES]),
        (CLASSES[:, None], None, CLASSES[:, None]),
    ],
)
def test_what_y_means_follows_from_type_and_shape(tmp_path, y, classes, expected):
    np.savez(tmp_path / "d.npz", x=X, y=y)
    source = SOURCE.replace("validation", 0.0)
    data, summary = source.load(tmp_path), source.summary(tmp_path)
    assert data.classes == summary.classes == classes
    assert summary.targets == (1 if classes else expected.shape[1])
    assert data.y.dtype == (np.int64 if classes else np.float64)
    assert data.y.shape == expected.shape
    assert np.array_equal(data.y, expected)


@pytest.mark.parametrize("dtype", ["u1", "?", "<f2", "<f4", ">f8", "<i8"])
@pytest.mark.parametrize("shape", [(12, 3), (12, 5, 2), (12, 1, 4, 4)])
def test_x_keeps_its_type_and_shape(tmp_path, dtype, shape):
    x = RNG.integers(0, 2, shape).astype(dtype)
    np.savez(tmp_path / "d.npz", x=x, y=CLASSES)
    data = SOURCE.replace("validation", 0.0).load(tmp_path)
    assert data.x.dtype == np.dtype(dtype)
    assert data.x.flags.c_contiguous
    assert np.array_equal(data.x, x)
    assert SOURCE.summary(tmp_path).shape == shape[1:]


def test_a_validation_part_in_the_file_is_taken_as_it_is(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=CLASSES, x_val=X[:2] + 1, y_val=[3, 0])
    data = SOURCE.load(tmp_path)
    assert np.array_equal(data.x, X)
    assert np.array_equal(data.y, CLASSES)
    assert np.array_equal(data.x_val, X[:2] + 1)
    assert data.y_val.tolist() == [3, 0]
    assert data.classes == SOURCE.summary(tmp_path).classes == 4  # the greatest stands in y_val


def test_whole_numbers_beside_other_numbers_are_numbers(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=NUMBERS[:, 0], x_val=X[:2], y_val=[3, 0])
    data = SOURCE.load(tmp_path)
    assert data.classes is None
    assert data.y_val.dtype == np.float64
    assert data.y_val.tolist() == [[3.0], [0.0]]


def test_a_path_begins_at_the_projects_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    np.savez(tmp_path / "sub" / "d.npz", x=X, y=CLASSES)
    assert Npz(path="sub/d.npz").summary(tmp_path) == Npz(path=str(tmp_path / "sub" / "d.npz")).summary(tmp_path / "b")


def test_a_summary_reads_no_x(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "d.npz", x=X, y=CLASSES, x_val=X, y_val=CLASSES)
    read, names = Archive.read, []
    monkeypatch.setattr(Archive, "read", lambda archive, name: names.append(name) or read(archive, name))
    SOURCE.summary(tmp_path)
    assert names == ["y", "y_val"]
    SOURCE.load(tmp_path)
    assert {"x", "x_val"} <= set(names)


def not_finite(value, at):
    array = NUMBERS.copy()
    array[at] = value
    return array


WRONG = {
    "no x": ({"z": X, "y": CLASSES}, r"has no array 'x', it has 'z', 'y'"),
    "no y": ({"x": X}, r"has no array 'y', it has 'x'"),
    "no y_val": ({"x": X, "y": CLASSES, "x_val": X}, r"has no array 'y_val'"),
    "no x_val": ({"x": X, "y": CLASSES, "y_val": CLASSES}, r"has no array 'x_val'"),
    "objects in x": ({"x": np.array([[1, None]] * 12), "y": CLASSES}, r"'x' holds Python objects.*never loaded"),
    "objects in y": ({"x": X, "y": np.array(["a", None] * 6, dtype=object)}, r"'y' holds Python objects"),
    "text": ({"x": X, "y": np.array(["cat", "dog"] * 6)}, r"'y' holds <U3, expected real numbers"),
    "complex": ({"x": X * 1j, "y": CLASSES}, r"'x' holds complex128, expected real numbers"),
    "dates": ({"x": X, "y": np.zeros(12, "M8[D]")}, r"'y' holds datetime64\[D\]"),
    "fields": ({"x": np.zeros(12, "f8,f8"), "y": CLASSES}, r"'x' holds .*expected real numbers"),
    "lengths": ({"x": X, "y": CLASSES[:5]}, r"has 12 examples in 'x' and 5 in 'y'"),
    "lengths of validation": (
        {"x": X, "y": CLASSES, "x_val": X, "y_val": CLASSES[:5]},
        r"has 12 examples in 'x_val' and 5 in 'y_val'",
    ),
    "no examples": ({"x": X[:0], "y": CLASSES[:0]}, r"'x' is empty, its shape is \(0, 3\)"),
    "no features": ({"x": X[:, :0], "y": CLASSES}, r"'x' is empty, its shape is \(12, 0\)"),
    "no targets": ({"x": X, "y": NUMBERS[:, :0]}, r"'y' is empty"),
    "a vector": ({"x": X[:, 0], "y": CLASSES}, r"'x' has shape \(12,\), expected N x F"),
    "a number": ({"x": np.float64(3), "y": CLASSES}, r"'x' has shape \(\), expected N x F"),
    "deep y": ({"x": X, "y": X[:, :, None]}, r"'y' has shape \(12, 3, 1\), expected N or N x K"),
    "one y": ({"x": X, "y": np.int64(1)}, r"'y' has shape \(\), expected N or N x K"),
    "NaN in x": ({"x": not_finite(np.nan, (4, 1)), "y": CLASSES}, r"'x' has the value nan at \[4, 1\]"),
    "infinity in y": ({"x": X, "y": not_finite(-np.inf, (11, 0))}, r"'y' has the value -inf at \[11, 0\]"),
    "NaN in x_val": (
        {"x": X[:, :2], "y": CLASSES, "x_val": not_finite(np.nan, (0, 0)), "y_val": CLASSES},
        r"'x_val' has the value nan",
    ),
    "negative class": ({"x": X, "y": CLASSES - 1}, r"'y' has the class number -1, allowed are 0 to 65535"),
    "a quantity": ({"x": X, "y": CLASSES * 10**9}, r"class number 2000000000,.* must be saved as floats"),
    "beyond int64": ({"x": X, "y": np.full(12, 2**64 - 1, np.uint64)}, r"class number 18446744073709551615"),
    "shapes": ({"x": X, "y": CLASSES, "x_val": X[:, :2], "y_val": CLASSES}, r"shape \(3,\) in 'x' and of \(2,\) in"),
    "meanings": ({"x": X, "y": CLASSES, "x_val": X, "y_val": NUMBERS}, r"classes in 'y' and 2 columns of numbers"),
    "columns": ({"x": X, "y": X, "x_val": X, "y_val": NUMBERS}, r"has 3 columns of numbers in 'y' and 2 columns"),
}


@pytest.mark.parametrize("case", WRONG)
def test_arrays_that_cannot_be_used_are_named(tmp_path, case):
    arrays, message = WRONG[case]
    np.savez(tmp_path / "d.npz", **arrays)
    assert re.search(message, refused(SOURCE.load, tmp_path))
    if case not in ("NaN in x", "NaN in x_val"):  # a summary does not read x
        assert re.search(message, refused(SOURCE.summary, tmp_path))


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    np.savez(tmp_path / "d.npz", x=np.array([[Bomb()]]), y=np.array([Bomb()]))
    assert "Python objects" in refused(SOURCE.load, tmp_path)


def test_files_that_are_none(tmp_path):
    assert "'d.npz' there is no such file" in refused(SOURCE.load, tmp_path)
    (tmp_path / "d.npz").mkdir()
    assert "is not a file" in refused(SOURCE.load, tmp_path)
    assert "no such file" in refused(Npz(path="a\0b").load, tmp_path)
    assert "no such file" in refused(Npz(path="no\nfile").load, tmp_path)
    (tmp_path / "t.npz").write_text("x,y\n1,2\n")
    assert "is not an npz file" in refused(Npz(path="t.npz").load, tmp_path)
    (tmp_path / "e.npz").write_bytes(b"")
    assert "is not an npz file" in refused(Npz(path="e.npz").load, tmp_path)
    np.save(tmp_path / "one.npy", X)
    assert "is not an npz file" in refused(Npz(path="one.npy").load, tmp_path)


def test_the_path_is_asked_for():
    with pytest.raises(ProjectError, match=r"^data\.path: is missing"):
        convert({"kind": "npz"}, Npz, "data")


@pytest.mark.parametrize("shape", [(10**9, 3), (2**62, 2**62, 3), (11, 3), (-12, -3), (13, 3)])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_that_lies_is_refused_unread(tmp_path, monkeypatch, shape, compression):
    y = npy(np.zeros(1, "?"), shape=(abs(shape[0]),))
    write(tmp_path, compression, x=npy(X, shape=shape), y=y)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *a, **k: pytest.fail("memory was taken"))
    assert "its header claims shape" in refused(SOURCE.load, tmp_path)


@pytest.mark.parametrize("compressed", [None, 2**32 - 2], ids=["too dense", "larger than the file"])
def test_a_directory_that_lies_with_the_header_is_refused_unread(tmp_path, monkeypatch, compressed):
    """The header and the directory of the zip file both say 4 GB; behind them are 288 bytes."""
    rows = 2**29 - 100
    x = npy(X, shape=(rows, 1))
    write(tmp_path, x=x, y=npy(np.zeros(1, "?"), shape=(rows,)))
    raw = bytearray((tmp_path / "d.npz").read_bytes())
    entry = raw.index(b"PK\x01\x02")  # the first entry is x.npy
    struct.pack_into("<I", raw, entry + 24, len(x) - X.nbytes + rows * 8)
    if compressed:
        struct.pack_into("<I", raw, entry + 20, compressed)
    (tmp_path / "d.npz").write_bytes(raw)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *a, **k: pytest.fail("memory was taken"))
    claimed = len(x) - X.nbytes + rows * 8
    words = f"array 'x' is damaged or cut short: the file does not hold the {claimed} bytes that it claims"
    assert words in refused(SOURCE.load, tmp_path)


def test_what_deflate_packs_best_is_not_taken_for_a_lie(tmp_path):
    np.savez_compressed(tmp_path / "d.npz", x=np.zeros((200_000, 5)), y=np.zeros(200_000, int))
    assert SOURCE.replace("validation", 0.0).load(tmp_path).x.shape == (200_000, 5)


@pytest.fixture
def small_is_large(monkeypatch):
    """What is done with files of many gigabytes, done with all."""
    for place in ("rows", "files"):
        monkeypatch.setattr(f"engine.data.{place}.LARGE", 0)
    monkeypatch.setattr("engine.data.files.CHUNK", 7)


@pytest.mark.parametrize("dtype", ["u1", "?", "<f4", ">f8", "<i8"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_large_arrays_stay_in_the_file(tmp_path, small_is_large, dtype, save):
    x = RNG.integers(0, 2, (12, 5, 2)).astype(dtype)
    save(tmp_path / "d.npz", x=x, y=CLASSES, note=np.arange(5))
    data = SOURCE.load(tmp_path)
    assert isinstance(data.x, Picked)
    assert isinstance(data.x.array, np.memmap) == (save is np.savez)
    assert (data.x.shape, data.x.dtype, data.x.ndim, len(data.x)) == ((9, 5, 2), np.dtype(dtype), 3, 9)
    seen = sorted([*data.x.index, *data.x_val.index])
    assert seen == list(range(12))
    for part, y in ((data.x, data.y), (data.x_val, data.y_val)):
        assert type(part[1:3]) is np.ndarray
        assert np.array_equal(part, x[part.index])
        assert np.array_equal(part[1:3], x[part.index[1:3]])
        assert np.array_equal(part[np.array([2, 0])], x[part.index[[2, 0]]])
        assert np.array_equal(y, CLASSES[part.index])


def test_a_large_array_in_columns_is_read(tmp_path, small_is_large):
    np.savez(tmp_path / "d.npz", x=np.asfortranarray(X), y=CLASSES)
    data = SOURCE.load(tmp_path)
    assert not isinstance(data.x.array, np.memmap)
    assert np.array_equal(data.x, X[data.x.index])


def test_training_on_a_file_that_stays_on_the_disk(tmp_path, small_is_large, monkeypatch):
    """Rows gathered a window at a time train and are scored as rows that are kept: the same bits."""
    np.savez(tmp_path / "d.npz", x=X.astype(np.float32) * 9 + 4, y=CLASSES)
    layers = [{"id": "h", "kind": "dense", "units": 4}, {"id": "out", "kind": "dense", "units": 3}]
    settings = {"batch_size": 4, "optimizer": {"kind": "adam", "lr": 0.01}}
    parts = project_json(layers, "cross_entropy", {**SOURCE.to_json(), "preprocess": "standardize"}, **settings)
    made = project_from(parts, tmp_path)
    kept = Trainer(made)
    monkeypatch.setattr("engine.data.batches.RESIDENT", 0)
    monkeypatch.setattr("engine.data.batches.CHUNK", 8)
    monkeypatch.setattr("engine.data.batches.FIRST", 2)
    streamed = Trainer(made)
    assert [kept.step().loss for _ in range(20)] == [streamed.step().loss for _ in range(20)]
    assert streamed.training_rows.tobytes() == kept.training_rows[:2].tobytes()  # all that pictures get
    for mine, theirs in zip(streamed.evaluate(), kept.evaluate(), strict=True):
        assert mine.loss == pytest.approx(theirs.loss, rel=1e-6)
        assert mine.accuracy == theirs.accuracy
    answer = Example(index=3).measure(streamed)
    whole = X.astype(np.float32) * 9 + 4
    assert np.array_equal(answer.origin.x, whole[streamed.data.x.index[3]])
    assert np.array_equal(answer.data.low, whole.min(axis=0))
    assert np.array_equal(answer.data.high, whole.max(axis=0))


def test_a_changed_byte_far_inside_a_large_array_is_noticed(tmp_path, small_is_large):
    np.savez(tmp_path / "d.npz", x=np.arange(60_000.0).reshape(-1, 3), y=np.arange(20_000) % 3)
    raw = bytearray((tmp_path / "d.npz").read_bytes())
    raw[200_000] ^= 1
    (tmp_path / "d.npz").write_bytes(raw)
    assert "array 'x' cannot be read, the file is damaged" in refused(SOURCE.load, tmp_path)


@pytest.mark.parametrize("at", [0, 5, 11])
def test_a_large_array_is_looked_through_for_numbers(tmp_path, small_is_large, at):
    np.savez(tmp_path / "d.npz", x=np.where(np.arange(36).reshape(12, 3) == 3 * at + 1, np.inf, X), y=CLASSES)
    assert f"array 'x' has the value inf at [{at}, 1]" in refused(SOURCE.load, tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # numpy's, on headers that Python 2 may have written
@pytest.mark.parametrize("stays", [False, True], ids=["read", "mapped"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_damage_is_noticed_or_harmless(tmp_path, save, stays, request):
    """Cut anywhere, or any byte changed: the same data, or one line; whatever is changed in x is noticed."""
    if stays:
        request.getfixturevalue("small_is_large")
    save(tmp_path / "good.npz", x=X, y=CLASSES)
    good = (tmp_path / "good.npz").read_bytes()
    expected = Npz(path="good.npz").load(tmp_path)
    rng = random.Random(3)
    cuts = [good[: rng.randrange(len(good))] for _ in range(60)]
    flips = []
    for _ in range(600):
        raw = bytearray(good)
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        flips.append(bytes(raw))
    loaded = 0
    for raw in cuts + flips:
        (tmp_path / "d.npz").write_bytes(raw)
        try:
            data = SOURCE.load(tmp_path)
        except ProjectError:
            refused(SOURCE.load, tmp_path)
            continue
        loaded += 1
        assert np.array_equal(data.x, expected.x)
        assert np.array_equal(data.y, expected.y)
    assert 0 < loaded < 660 / 2  # dates and attributes of the zip file are harmless
