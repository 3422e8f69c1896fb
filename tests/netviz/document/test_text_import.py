"""What is said of a text before it is used, and the first network for it."""

from collections import Counter
from pathlib import Path

import pytest

from engine.data.source import Summary
from engine.errors import ProjectError
from engine.graph import resolve
from netviz.document.proposal import next_character
from netviz.document.text_import import MOST_SHOWN, TextWish, look_at_text, looks_like_table, visible

TEXT = "the cat\nsat on the mat.\r\nÄ" * 40 + "Q"
PLAIN = TEXT.replace("\r\n", "\n")


def looked(folder: Path, text: str = TEXT):
    (folder / "t.txt").write_bytes(text.encode())
    return look_at_text(folder, "t.txt")


def test_a_text_is_told_by_length_alphabet_and_first_windows(tmp_path: Path) -> None:
    look = looked(tmp_path)
    sheet = look.sheet(TextWish(10, "one_hot", 300))
    letters = sorted(set(PLAIN))
    size = sheet.size.replace("\N{NARROW NO-BREAK SPACE}", "")
    assert size == f"{len(PLAIN)} characters, {len(letters)} different; 300 of {len(PLAIN) - 10} windows are drawn"
    assert sheet.facts[1][1][0] == "".join("↵" if c == "\n" else c for c in letters)
    for start, (seen, following) in enumerate(sheet.first):
        assert seen == PLAIN[start : start + 10].replace("\n", "↵")
        assert following == {"\n": "newline", " ": "space"}.get(PLAIN[start + 10], PLAIN[start + 10])
    counted = Counter(PLAIN)
    assert dict(sheet.balance)["t"] == counted["t"]
    assert dict(sheet.balance)["space"] == counted[" "]
    assert [count for _, count in sheet.balance] == sorted(counted.values(), reverse=True)
    assert sheet.warnings == ("Only once in the text, so that nobody can learn them: Q",)
    assert (sheet.rows, sheet.roles) == (300, ("category", "target"))


def test_what_was_set_stays_and_a_short_text_is_seen_in_short_windows(tmp_path: Path) -> None:
    look = looked(tmp_path)
    assert look.first_wish({}) == TextWish(30, "one_hot", 5000)
    assert look.first_wish({"length": 7, "encoding": "codes", "samples": 20}) == TextWish(7, "codes", 20)
    short = looked(tmp_path, "abab" * 10)
    wish = short.first_wish({})
    assert wish.length == 2
    assert short.data(wish) == {"kind": "text", "path": "t.txt", "length": 2}
    assert short.data(TextWish(3, "codes", 20)) == {
        **{"kind": "text", "path": "t.txt", "length": 3, "samples": 20, "encoding": "codes"}
    }


def test_windows_longer_than_the_text_or_than_the_screen(tmp_path: Path) -> None:
    assert looked(tmp_path, "abc").sheet(TextWish(9, "codes", 5)).first == ()
    long = looked(tmp_path).sheet(TextWish(MOST_SHOWN + 5, "codes", 5))
    assert all(seen.endswith("…") and not following for seen, following in long.first)
    assert visible("\u200b") == "·"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"ab\ncd\xe9f", "no text in UTF-8: see byte 5 (0xe9), in line 2"), ("ab".encode("utf-16"), "UTF-16"),
     (b"", "is empty"), (b"aaaa", "1 different characters")],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        look_at_text(tmp_path, "t.txt")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "table"),
    [("a,b\n1,2\n3,4\n", True), ("a\tb\n\n1\t2\n", True), ("One line, and\nanother, both with commas\n", True),
     ("A tale, long,\nof nothing\n", False), ("one,line", False), ("words\nalone\n", False), ("", False)],
)  # fmt: skip
def test_a_table_is_told_from_a_text_by_its_first_lines(tmp_path: Path, content: str, table: bool) -> None:
    (tmp_path / "t.txt").write_text(content)
    assert looks_like_table(tmp_path / "t.txt") is table
    assert not looks_like_table(tmp_path / "nowhere.txt")


@pytest.mark.parametrize("shape", [(30, 50), (30,)], ids=["one-hot", "codes"])
@pytest.mark.parametrize("rows", [100, 5000])
def test_the_first_network_reads_it_and_tells_the_next_character(shape: tuple[int, ...], rows: int) -> None:
    made = next_character(Summary(shape=shape, classes=50, targets=1), rows)
    structure, problems = resolve(made.graph, shape)
    assert problems == []
    assert structure is not None
    assert structure.shapes[structure.output] == (50,)
    assert "LSTM" in made.words
    assert made.training.clip_norm == 1.0
    kinds = [layer.kind() for layer in structure.layers.values()]
    assert kinds == ["input", *(["embedding"] if len(shape) == 1 else []), "lstm", "dense"]
