"""A table of text is read as it was meant, or refused in one line that says where."""

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.data import csv_file, tables
from engine.data.csv_file import Csv
from engine.errors import ProjectError
from engine.inference import load_for_use
from engine.project import project_from, save_project
from engine.spec import convert
from engine.trainer import Trainer
from tests.engine.cases import project_json

SOURCE = Csv(path="t.csv", validation=0.0)
PETS = "weight,colour,age,kind\n4.5,red,2,cat\n30,blue,7,dog\n5,red,1,cat\n8,green,3,cat\n25,red,9,dog\n"


class EnoughError(Exception):
    """Somebody does not want to wait."""


def enough() -> None:
    raise EnoughError


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "t.csv").write_bytes(text.encode(encoding))
    return folder


def read(folder: Path, text: str, **fields):
    source = SOURCE
    for name, value in fields.items():
        source = source.replace(name, value)
    write(folder, text)
    data, summary = source.load(folder), source.summary(folder)
    assert summary.shape == data.x.shape[1:] == (len(summary.features),)
    assert summary.classes == data.classes
    assert (len(summary.class_names) or None) == data.classes
    return data, summary


def refused(folder: Path, text: str | bytes, **fields) -> str:
    if isinstance(text, bytes):
        (folder / "t.csv").write_bytes(text)
    else:
        write(folder, text)
    source = convert({"kind": "csv", "path": "t.csv", "validation": 0.0, **fields}, Csv, "data")
    messages = set()
    for ask in (source.load, source.summary):
        with pytest.raises(ProjectError) as caught:
            ask(folder)
        (problem,) = caught.value.problems
        assert problem.where == "data.path"
        messages.add(problem.message)
    (message,) = messages
    assert message.startswith("'t.csv' ")
    assert "\n" not in message
    assert len(message) < 250
    return message


# What is meant


def test_numbers_categories_and_classes(tmp_path):
    data, summary = read(tmp_path, PETS)
    assert summary.features == ("weight", "colour=blue", "colour=green", "colour=red", "age")
    assert data.x.tolist() == [[4.5, 0, 0, 1, 2], [30, 1, 0, 0, 7], [5, 0, 0, 1, 1], [8, 0, 1, 0, 3], [25, 0, 0, 1, 9]]
    assert summary.class_names == ("cat", "dog")
    assert data.y.tolist() == [0, 1, 0, 0, 1]
    assert (data.x.dtype, data.y.dtype) == (np.float64, np.int64)


def test_categories_do_not_depend_on_the_order_of_rows(tmp_path):
    header, *rows = PETS.splitlines()
    _, first = read(tmp_path, PETS)
    (tmp_path / "other").mkdir()
    _, other = read(tmp_path / "other", "\n".join([header, *reversed(rows)]))
    assert first == other


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiter_line_ends_and_byte_order_mark(tmp_path, delimiter, newline, mark):
    expected, _ = read(tmp_path, PETS)
    text = mark + PETS.replace(",", delimiter).replace("\n", newline)
    data, summary = read(tmp_path, text)
    assert np.array_equal(data.x, expected.x)
    assert summary.features[0] == "weight"
    named = next(name for name, mark in tables.DELIMITERS.items() if mark == delimiter)
    assert np.array_equal(read(tmp_path, text, delimiter=named)[0].x, expected.x)


def test_a_decimal_comma(tmp_path):
    data, _ = read(tmp_path, "a;b\n1,5;2,25\n-3,5;1e3\n0;7,125\n", task="numbers")
    assert data.x.tolist() == [[1.5], [-3.5], [0]]
    assert data.y.tolist() == [[2.25], [1000], [7.125]]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n3,4\n", True),
        ("1,2\n3,4\n", False),
        ("a,1\nb,2\n", False),
        ("colour,kind\nred,cat\nblue,dog\nred,dog\n", True),
        ("red,cat\nblue,dog\nred,dog\nred,cat\n", False),
        ("x1,x2,class\n1,2,yes\n3,4,no\n", True),
        (",value\n1,2\n2,3\n", True),
    ],
)
def test_a_header_is_known_by_what_stands_below_it(tmp_path, text, header):
    write(tmp_path, text)
    form = tables.layout(tmp_path / "t.csv")
    assert form.header is header
    assert (form.names[0] == text.split(",")[0]) == (header and bool(text.split(",")[0]))
    for said in ("yes", "no"):
        assert tables.layout(tmp_path / "t.csv", header=said).header is (said == "yes")
    rows = len(text.splitlines()) - header
    assert len(read(tmp_path, text)[0].y) == rows


def test_the_target_by_name_number_and_from_the_end(tmp_path):
    for told in ("age", "3", "-2"):
        data, summary = read(tmp_path, PETS, target=told)
        assert summary.class_names == ("1", "2", "3", "7", "9")
        assert summary.features[-2:] == ("kind=cat", "kind=dog")
        assert data.y.tolist() == [1, 3, 0, 2, 4]
    data, summary = read(tmp_path, PETS, target="weight")  # 4.5 is no whole number
    assert data.y[:, 0].tolist() == [4.5, 30, 5, 8, 25]
    data, _ = read(tmp_path, PETS, target="age, weight")
    assert data.y.tolist() == [[2, 4.5], [7, 30], [1, 5], [3, 8], [9, 25]]


def test_what_a_target_of_numbers_means(tmp_path):
    few = "a,y\n" + "".join(f"{i},{i % 3 * 2}\n" for i in range(30))
    many = "a,y\n" + "".join(f"{i},{i}\n" for i in range(30))
    data, summary = read(tmp_path, few)
    assert (summary.class_names, data.y[:4].tolist()) == (("0", "2", "4"), [0, 1, 2, 0])
    assert read(tmp_path, few, task="numbers")[0].y[:4].tolist() == [[0], [2], [4], [0]]
    assert read(tmp_path, many)[0].classes is None
    assert read(tmp_path, many, task="classes")[0].classes == 30
    halves = "a,y\n1,0.5\n2,1.5\n3,0.5\n"
    assert read(tmp_path, halves)[0].classes is None
    assert read(tmp_path, halves, task="classes")[1].class_names == ("0.5", "1.5")


def test_columns_can_be_left_out(tmp_path):
    data, summary = read(tmp_path, PETS, leave_out="colour, 1")
    assert summary.features == ("age",)
    assert data.x[:, 0].tolist() == [2, 7, 1, 3, 9]


def test_quotes_hold_delimiters_line_breaks_and_quotes(tmp_path):
    text = 'a,"b, c",kind\n"1",2,"one ""and"" more"\n3,"4","two\nlines"\n'
    data, summary = read(tmp_path, text)
    assert summary.features == ("a", "b, c")
    assert data.x.tolist() == [[1, 2], [3, 4]]
    assert summary.class_names == ('one "and" more', "two\nlines")


def test_empty_lines_and_blanks_around_cells_mean_nothing(tmp_path):
    data, summary = read(tmp_path, "a , kind\n\n 1 , cat\n2, dog \n\n3,cat\n\n")
    assert summary.features == ("a",)
    assert summary.class_names == ("cat", "dog")
    assert data.x[:, 0].tolist() == [1, 2, 3]


HOLES = "a,colour,y\n1,red,0.5\n,blue,1.5\n3,?,2.5\n8,red,NA\n5,blue,4.5\n"


def test_missing_cells_are_refused_dropped_or_filled(tmp_path):
    assert "row 3, column 'a': there is no value ('')" in refused(tmp_path, HOLES)
    data, _ = read(tmp_path, HOLES, missing="drop")
    assert data.x.tolist() == [[1, 0, 1], [5, 1, 0]]
    assert data.y[:, 0].tolist() == [0.5, 4.5]
    data, summary = read(tmp_path, HOLES, missing="mean")
    assert summary.features == ("a", "colour=blue", "colour=red")
    # The row without a target is no example; a text that is missing is none of the texts.
    assert data.x.tolist() == [[1, 0, 1], [3, 1, 0], [3, 0, 0], [5, 1, 0]]


def test_the_mean_is_that_of_the_training_part(tmp_path):
    rows = [f"{'' if i == 40 else i * i},{i}.5\n" for i in range(100)]
    data, _ = read(tmp_path, "a,y\n" + "".join(rows), missing="mean", validation=0.5)
    assert len(data.x) == len(data.x_val) == 50
    # The mean of the 49 or 50 numbers of the training part, wherever the hole is.
    train = np.floor(data.y[:, 0])
    mean = np.mean([i * i for i in train if i != 40])
    hole = data.x[train == 40] if 40 in train else data.x_val[np.floor(data.y_val[:, 0]) == 40]
    assert hole[0, 0] == pytest.approx(mean)


def test_a_summary_is_read_once_and_again_when_the_file_has_changed(tmp_path, monkeypatch):
    write(tmp_path, PETS)
    read_blocks, calls = tables.blocks, []
    monkeypatch.setattr(csv_file, "blocks", lambda *a: calls.append(a) or read_blocks(*a))
    for _ in range(3):
        SOURCE.summary(tmp_path)
        SOURCE.replace("seed", 5).load(tmp_path)
    assert len(calls) == 1
    SOURCE.replace("target", "age").summary(tmp_path)
    assert len(calls) == 2
    write(tmp_path, PETS + "1,violet,2,bird\n")
    assert SOURCE.summary(tmp_path).class_names == ("bird", "cat", "dog")


def test_nobody_can_change_what_is_kept(tmp_path):
    data, _ = read(tmp_path, PETS)
    data.x[...] = 0
    data.y[...] = 0
    again = SOURCE.load(tmp_path)
    assert again.x.any()
    assert again.y.any()


def test_blocks_are_joined(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3))
    colours = ["red", "green", "blue"]
    text = "a,b,c,colour,y\n" + "".join(
        f"{a!r},{b!r},{c!r},{colours[i % 3] if i % 50 else '?'},{i}.5\n" for i, (a, b, c) in enumerate(x.tolist())
    )
    whole, _ = read(tmp_path, text, missing="mean")
    monkeypatch.setattr(tables, "BLOCK", 5 * 7)
    monkeypatch.setattr(csv_file, "_kept", {})
    pieces, _ = read(tmp_path, text, missing="mean")
    assert np.array_equal(whole.x[:, :3], x)
    assert np.array_equal(pieces.x, whole.x)
    assert np.array_equal(pieces.y, whole.y)


def test_training_on_a_table_and_using_the_network_without_it(tmp_path):
    layers = [{"id": "out", "kind": "dense", "units": 1}, {"id": "p", "kind": "sigmoid"}]
    write(tmp_path, PETS)
    data = {"kind": "csv", "path": "t.csv", "preprocess": "standardize"}
    parts = project_json(layers, "binary_cross_entropy", data)
    parts["graph"]["nodes"][0]["shape"] = [5]
    made = project_from(parts, tmp_path)
    assert not made.problems()
    assert project_from(made.to_json(), tmp_path) == made
    trainer = Trainer(made)
    trainer.run(300)
    assert ((trainer.network.predict(trainer.data.x)[:, 0] > 0.5) == trainer.data.y).all()
    save_project(made, tmp_path / "p.netviz")
    (tmp_path / "t.csv").unlink()
    assert load_for_use(tmp_path / "p.netviz").data.preprocess == "standardize"


# The preview


def test_a_preview_says_what_is_in_the_columns(tmp_path):
    write(tmp_path, PETS.replace("30", "?").replace(",9,", ",nine,"))
    found = tables.inspect(tmp_path / "t.csv")
    weight, colour, age, kind = found.columns
    assert (found.rows, found.form.delimiter, found.form.header) == (5, ",", True)
    assert found.first[0] == ("4.5", "red", "2", "cat")
    assert len(found.first) == 5
    assert (weight.numeric, weight.missing, weight.low, weight.high) == (True, 1, 4.5, 25)
    assert (colour.numeric, colour.classes()) == (False, (("blue", 1), ("green", 1), ("red", 3)))
    assert (age.numeric, age.wrong, age.first_wrong) == (True, 1, (6, "nine"))
    assert age.classes() == (("1", 1), ("2", 1), ("3", 1), ("7", 1))
    assert kind.classes() == (("cat", 3), ("dog", 2))


def test_a_preview_of_many_rows(tmp_path):
    with open(tmp_path / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows([["a", "y"], *([i / 7, i % 2] for i in range(5000))])
    found = tables.inspect(tmp_path / "t.csv")
    a, y = found.columns
    assert (found.rows, len(found.first)) == (5000, 20)
    assert (a.low, a.high, a.many, a.classes()) == (0, 4999 / 7, True, ())
    assert y.classes() == (("0", 2500), ("1", 2500))
    part = tables.inspect(tmp_path / "t.csv", most_rows=100)
    assert (part.rows, part.columns[1].classes()) == (100, (("0", 50), ("1", 50)))
    with pytest.raises(tables.DataFileError, match="there is no such file"):
        tables.inspect(tmp_path / "no.csv")


def test_means_are_of_the_numbers_that_are_there(tmp_path):
    write(tmp_path, PETS.replace("30", "?").replace(",9,", ",nine,"))
    weight, _, age, _ = tables.inspect(tmp_path / "t.csv").columns
    assert (weight.mean, weight.found) == (pytest.approx((4.5 + 5 + 8 + 25) / 4), 4)
    assert (age.mean, age.found) == (pytest.approx((2 + 7 + 1 + 3) / 4), 4)
    numbers = np.random.default_rng(1).normal(3, 2, 3000)
    write(tmp_path, "".join(f"{v},{1e308}\n" for v in numbers))
    a, large = tables.inspect(tmp_path / "t.csv").columns
    assert a.mean == pytest.approx(numbers.mean(), rel=1e-12)
    assert large.mean == pytest.approx(1e308, rel=1e-9)  # their sum is infinite


def test_reading_says_how_far_it_is_and_can_be_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BLOCK", 2 * 50)
    write(tmp_path, "a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20_000)))
    for read_all in (
        lambda told: tables.inspect(tmp_path / "t.csv", told=told),
        lambda told: SOURCE.read(tmp_path, told),
    ):
        shares: list[float] = []
        csv_file._kept.clear()
        read_all(shares.append)
        assert len(shares) > 100
        assert shares == sorted(shares)
        assert 0 < shares[0] < 0.2
        assert 0.9 < shares[-1] <= 1
        csv_file._kept.clear()
        with pytest.raises(EnoughError):
            read_all(lambda share: enough() if share > 0.5 else None)
    assert not csv_file._kept


def test_the_guessed_type_of_a_column_can_be_told(tmp_path):
    codes = "zip,size,y\n10,1,0\n20,2,1\n10,3,0\n20,x,1\n"
    data, summary = read(tmp_path, codes.replace("x", "4"), categories="zip", target="y")
    assert summary.features == ("zip=10", "zip=20", "size")
    assert data.x.tolist() == [[1, 0, 1], [0, 1, 2], [1, 0, 3], [0, 1, 4]]
    words = "a,y\nx,0\nz,1\nx,0\n5,1\n"
    data, summary = read(tmp_path, words)
    assert summary.features == ("a=5", "a=x", "a=z")
    message = refused(tmp_path, words, numbers="a")
    assert message.endswith("row 2, column 'a': expected a finite number, got 'x'")
    data, _ = read(tmp_path, words.replace("x", "").replace("z", "?"), numbers="a", missing="drop")
    assert data.x.tolist() == [[5]]
    assert "both among its categories and among its numbers" in refused(tmp_path, codes, categories="1", numbers="zip")
    assert "has no column 'zap'" in refused(tmp_path, codes, categories="zap")


def test_the_file_in_use_stays_while_another_is_looked_at(tmp_path, monkeypatch):
    csv_file._kept.clear()
    calls, real = [], tables.blocks
    monkeypatch.setattr(csv_file, "blocks", lambda *a: calls.append(a) or real(*a))
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(PETS)
    first, second, third = (Csv(path=f"{name}.csv") for name in "abc")
    first.summary(tmp_path)
    second.summary(tmp_path)
    first.summary(tmp_path)
    assert len(calls) == 2
    third.summary(tmp_path)
    assert len(csv_file._kept) == 2
