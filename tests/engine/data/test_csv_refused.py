"""Tables that cannot be used, and how that is said."""

import random
import re

import numpy as np
import pytest

from engine.data import csv_file, tables
from engine.data.csv_file import Csv
from engine.errors import ProjectError
from tests.engine.data.test_csv_file import PETS, SOURCE, refused, write

# What is refused

LONG = "x" * 300
WRONG = {
    "a bad number": (PETS + "1,red,two,cat\n", {}, r"row 7, column 'age': expected a finite number, got 'two'"),
    "infinity": (PETS + "inf,red,2,cat\n", {}, r"row 7, column 'weight': expected a finite number, got 'inf'"),
    "beyond floats": (PETS + "1e999,red,2,cat\n", {}, r"row 7, column 'weight': .*'1e999'"),
    "a long cell": (PETS + f"{LONG},red,2,cat\n", {}, r"row 7, column 'weight': .*got 'xxx.*\.\.\."),
    "a line break in a cell": (PETS + '"1\n2",red,2,cat\n', {}, r"row 8, column 'weight': .*got '1\\n2'"),
    "a short row": (PETS + "1,red,2\n", {}, r"row 7 has 3 cells, expected 4"),
    "a long row": (PETS + "1,red,2,cat,cat\n", {}, r"row 7 has 5 cells, expected 4"),
    "missing": (PETS + "1,,2,cat\n", {}, r"row 7, column 'colour': there is no value \(''\); `missing` can"),
    "not a number": (PETS + "NaN,red,2,cat\n", {}, r"row 7, column 'weight': there is no value \('NaN'\)"),
    "no such column": (PETS, {"target": "name"}, r"has no column 'name', it has 1 to 4: weight, colour, age, kind"),
    "column 0": (PETS, {"target": "0"}, r"has no column '0'"),
    "column 5": (PETS, {"leave_out": "5"}, r"has no column '5'"),
    "two of a name": ("a,a,b\n1,2,3\n", {"target": "a"}, r"several columns 'a': tell one by its number, of 1, 2"),
    "target left out": (PETS, {"leave_out": "kind"}, r"its target 'kind' among the columns that are left out"),
    "nothing left": (PETS, {"leave_out": "weight,colour,age"}, r"has no column left for features"),
    "text as numbers": (PETS, {"task": "numbers"}, r"has text in its target 'kind', expected numbers"),
    "text among targets": (PETS, {"target": "age,kind"}, r"has text in its target 'kind', expected numbers"),
    "classes in two columns": (PETS, {"target": "age,kind", "task": "classes"}, r"has 2 targets"),
    "nothing": ("", {}, r"is empty"),
    "empty lines": ("\n\n\n", {}, r"is empty"),
    "a header alone": ("a,b\n", {"header": "yes"}, r"has a header and no rows"),
    "words alone": ("a,b\n", {}, r"has a header and no rows"),
    "no whole row": ("a,b\n1,?\n?,2\n", {"missing": "drop"}, r"has no row that is whole"),
    "one column": ("a\n1\n2\n", {}, r"has one column only"),
    "another delimiter": (PETS, {"delimiter": "tab"}, r"has one column only, .*is the delimiter another one"),
    "an open quote": ('a,b\n1,2\n"3,4\n', {}, r"row 3 cannot be read: unexpected end of data"),
    "a huge cell": ("a,b\n1," + "9" * 200_000 + "\n", {}, r"row 2 cannot be read: field larger than"),
    "names as a column": ("n,y\n" + "".join(f"n{i},{i}.5\n" for i in range(1001)), {}, r"more than 1000 .*'n': leave"),
    "too many classes": (
        "a,y\n" + "".join(f"1,{i}\n" for i in range(1001)),
        {"task": "classes"},
        r"1001 different numbers in its target",
    ),
    "latin-1": ("a,kind\n1,caf\xe9\n".encode("latin-1"), {}, r"row 2 .*byte 0xe9, which is not UTF-8"),
    "latin-1 far down": (b"a,kind\n" + b"1,cat\n" * 300_000 + b"1,caf\xe9\n", {}, r"byte 0xe9, which is not UTF-8"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), {}, r"is in UTF-16, expected UTF-8"),
    "bytes": (bytes(range(256)) * 10, {}, r"holds bytes that are no text"),
    "a spreadsheet": (b"PK\x03\x04" + bytes(100), {}, r"is a packed file, such as a spreadsheet"),
    "no line break": (b"1," * 2**20, {}, r"has no line break in its first 1048576 bytes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_tables_that_cannot_be_used_say_where(tmp_path, case):
    text, fields, message = WRONG[case]
    assert re.search(message, refused(tmp_path, text, **fields))


def test_files_that_are_none(tmp_path):
    for path, words in (("no.csv", "there is no such file"), (".", "is not a file"), ("a\0b", "no such file")):
        with pytest.raises(ProjectError, match=words) as caught:
            Csv(path=path).summary(tmp_path)
        assert caught.value.problems[0].where == "data.path"


def test_a_file_too_large_is_refused_unread(tmp_path, monkeypatch):
    write(tmp_path, PETS)
    monkeypatch.setattr(tables, "MOST_BYTES", 50)
    monkeypatch.setattr("builtins.open", lambda *a, **k: pytest.fail("it was opened"))
    with pytest.raises(ProjectError, match=r"'t\.csv' has 0\.0 GB, at most 0\.0 are read"):
        SOURCE.load(tmp_path)


def test_more_numbers_than_memory_are_refused_while_they_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "MOST_NUMBERS", 19)
    assert "has more than 19 cells" in refused(tmp_path, PETS)
    monkeypatch.setattr(csv_file, "MOST_NUMBERS", 24)
    monkeypatch.setattr(np, "zeros", lambda *a, **k: pytest.fail("memory was taken"))
    assert "makes 5 features of 5 rows, at most 24 numbers" in refused(tmp_path, PETS)


def test_any_damage_is_told_or_read(tmp_path):
    """Cut anywhere, or any byte changed: examples, or one line."""
    rng = random.Random(5)
    good = PETS.encode() * 3
    for _ in range(400):
        raw = bytearray(good)
        raw[rng.randrange(len(raw))] = rng.randrange(256)
        (tmp_path / "t.csv").write_bytes(bytes(raw[: rng.randrange(1, len(raw))]) if rng.random() < 0.3 else bytes(raw))
        try:
            data = SOURCE.load(tmp_path)
        except ProjectError:
            refused(tmp_path, (tmp_path / "t.csv").read_bytes())
        else:
            assert np.isfinite(data.x).all()
