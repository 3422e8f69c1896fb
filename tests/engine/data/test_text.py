"""Windows of a text are its characters in a row, and its end is kept apart for validation."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.text import Text
from engine.errors import ProjectError

WORDS = "the cat sat on the mat.\nthe rat did not, naïve ☃\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.txt").write_bytes((WORDS * 8).encode())
    return tmp_path


def decoded(x, vocabulary):
    """Each window as text, from either encoding."""
    codes = x.argmax(axis=2) if x.ndim == 3 else x
    return ["".join(vocabulary[code] for code in row) for row in codes]


@pytest.mark.parametrize("encoding", ["one_hot", "codes"])
def test_windows_and_what_follows(folder, encoding):
    source = Text(path="t.txt", length=7, encoding=encoding, validation=0.25)
    data, summary = source.load(folder), source.summary(folder)
    text, vocabulary = WORDS * 8, sorted(set(WORDS))
    assert summary.classes == len(vocabulary)
    shown = {" ": "space", "\n": "newline"}
    assert summary.class_names == tuple(shown.get(c, c) for c in vocabulary)
    assert summary.shape == ((7, len(vocabulary)) if encoding == "one_hot" else (7,))
    border = len(text) - round(0.25 * len(text))
    for x, y, part in ((data.x, data.y, text[:border]), (data.x_val, data.y_val, text[border:])):
        assert x.shape == (len(part) - 7, *summary.shape)
        if encoding == "one_hot":
            assert (x.sum(axis=2) == 1).all()
        windows = decoded(x, vocabulary)
        for i in range(len(part) - 7):
            assert windows[i] + vocabulary[y[i]] == part[i : i + 8]


def test_some_are_drawn_by_the_seed_in_the_order_of_the_text(folder):
    source = Text(path="t.txt", length=5, samples=40, encoding="codes", validation=0.2)
    everything = source.replace("samples", 10_000).load(folder)
    data, again, other = source.load(folder), source.load(folder), source.replace("seed", 1).load(folder)
    assert len(data.x) + len(data.x_val) == 40
    assert np.array_equal(data.x, again.x)
    assert not np.array_equal(data.x, other.x)
    for some, whole in ((data.x, everything.x), (data.x_val, everything.x_val)):
        rows, at = [tuple(row) for row in whole], 0
        for row in some:
            at = rows.index(tuple(row), at) + 1
    assert 0.05 < len(data.x_val) / 40 < 0.4


def test_without_validation_all_of_it_is_to_train_on(folder):
    data = Text(path="t.txt", length=5, validation=0.0).load(folder)
    assert (len(data.x), len(data.x_val)) == (8 * len(WORDS) - 5, 0)


def test_line_ends_and_marks_do_not_count(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"\xef\xbb\xbfab\r\nba\r\n" * 1 + b"ab\r\n" * 9)
    assert Text(path="t.txt", length=2).summary(tmp_path).class_names == ("newline", "a", "b")


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        (None, {}, "data.path: 't.txt' there is no such file"),
        (b"", {}, "data.path: 't.txt' is empty"),
        (b"aaaa" * 50, {}, "data.path: 't.txt' has 1 different characters, expected 2 to 4096"),
        (b"abc\xff", {}, "data.path: 't.txt' is no text in UTF-8: see byte 3 (0xff), in line 1"),
        (b"a\nb\nab\xe9c\n", {}, "data.path: 't.txt' is no text in UTF-8: see byte 6 (0xe9), in line 3"),
        ("aß".encode("utf-16"), {}, "data.path: 't.txt' is a text in UTF-16; save it in UTF-8"),
        (b"abcdef", {"length": 6}, "data.length: the text has 6 characters, an example takes 7"),
        (b"abcdef" * 9, {"length": 9}, "data.validation: leaves 5 characters, an example takes 10"),
        (b"abcdef" * 9, {"length": 9, "validation": 0.9}, "data.validation: leaves no example to train on"),
        (
            "".join(map(chr, range(0x4E00, 0x6000))).encode(),
            {},
            "data.path: 't.txt' has 4608 different characters, expected 2 to 4096",
        ),
    ],
    ids=lambda value: None if isinstance(value, dict | bytes) else str(value)[:40],
)
def test_wrong_files_are_refused_in_one_line(tmp_path, content, fields, message):
    if content is not None:
        (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        Text(path="t.txt", **fields).load(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_a_file_that_is_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setattr("engine.data.text.MOST_BYTES", 100)
    with pytest.raises(ProjectError, match="is larger than 0 MiB"):
        Text(path="t.txt").summary(folder)


def test_the_summary_is_read_anew_where_the_file_has_changed(folder):
    source = Text(path="t.txt", length=3)
    before = source.summary(folder)
    (folder / "t.txt").write_text("abcabc" * 20)
    assert source.summary(folder).classes == 3
    assert before.classes > 3
