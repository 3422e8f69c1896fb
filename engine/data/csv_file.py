"""Data from a table of text."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.data.archive import DataFileError
from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, kept_for_validation, split
from engine.data.tables import Delimiter, Header, Layout, Told, blocks, is_missing, layout
from engine.data.toy import MOST_NUMBERS
from engine.errors import Problem, ProjectError
from engine.spec import show

Array = np.ndarray[Any, Any]

MOST_CATEGORIES = 1000  # of one column of text: more are names, not kinds
FEW_CLASSES = 20  # different whole numbers in a target that are taken for classes
MOST_KEPT = 2  # tables
KEPT_BYTES = 1 << 26  # a table up to this size is kept, so that its summary and its examples are read once


@dataclass(frozen=True, slots=True)
class Table:
    """A file in numbers; NaN stands where a number is missing, and no category where a text is."""

    x: Array  # (N, features)
    y: Array  # (N,) int64 classes, or (N, K) float64
    features: tuple[str, ...]
    class_names: tuple[str, ...]  # empty where y are numbers

    def summary(self) -> Summary:
        classes = len(self.class_names) or None
        return Summary(
            shape=(len(self.features),),
            classes=classes,
            targets=1 if classes else self.y.shape[1],
            features=self.features,
            class_names=self.class_names,
        )


_kept: dict[Any, tuple[Summary, Table | None]] = {}  # of the files that were last asked about


class Csv(DataSource, frozen=True, tag="csv"):
    """A table in UTF-8, a row for each example. A column is of numbers if most of its first 1000 cells are.
    `categories` and `numbers` name the columns where that guess is wrong.

    A column of text becomes a 0 or 1 for each of its texts, in their sorted order. The target is classes where it is
    text or `task` says so, and, left to itself, where it has up to 20 different whole numbers; they are counted
    from 0 in sorted order. Several targets are numbers.
    """

    title: ClassVar[str] = "CSV table"
    group: ClassVar[str] = "File"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")

    path: Annotated[
        str, Meta(min_length=1, title="File", description="A table of text, relative to the project's folder")
    ]
    target: Annotated[
        str,
        Meta(title="Target", description="Column to be predicted, name or number; last if empty; several with commas"),
    ] = ""
    task: Annotated[
        Literal["auto", "classes", "numbers"], Meta(title="Target is", description="What the target's values mean")
    ] = "auto"
    leave_out: Annotated[
        str, Meta(title="Leave out", description="Columns that are not used, names or numbers with commas between")
    ] = ""
    categories: Annotated[
        str, Meta(title="Categories", description="Columns taken as text though they hold numbers, with commas between")
    ] = ""
    numbers: Annotated[
        str, Meta(title="Numbers", description="Columns taken as numbers whatever they hold, with commas between")
    ] = ""
    missing: Annotated[
        Literal["refuse", "drop", "mean"],
        Meta(
            title="Missing cells",
            description="Refused; or their rows are left out; or they get the mean of the training part",
        ),
    ] = "refuse"
    delimiter: Annotated[Delimiter, Meta(title="Delimiter", description="What stands between cells")] = "auto"
    header: Annotated[Header, Meta(title="Header", description="Whether the first row names the columns")] = "auto"
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return self._read(folder)[0]

    def read(self, folder: Path, told: Told | None = None) -> Summary:
        """The summary, for which the whole table is read and, if it is not too large, kept; `told` hears how far."""
        return self._read(folder, told)[0]

    def load(self, folder: Path) -> Dataset:
        summary, table = self._read(folder)
        if table is None:
            table = self._table(folder)
        x = table.x
        if np.isnan(x).any():
            x = x.copy()
            trains = ~kept_for_validation(len(x), self.validation, self.seed)
            there = ~np.isnan(x[trains])
            total = np.where(there, x[trains], 0).sum(axis=0)
            mean = total / np.maximum(there.sum(axis=0), 1)
            np.copyto(x, mean, where=np.isnan(x))
        return split(x, table.y, self.validation, self.seed, summary.classes)

    def _read(self, folder: Path, told: Told | None = None) -> tuple[Summary, Table | None]:
        path = folder / self.path
        try:
            stat = path.stat()
        except (OSError, ValueError):
            return self._table(folder).summary(), None  # which says what is wrong with it
        options = (self.target, self.task, self.leave_out, self.categories, self.numbers, self.missing)
        key = (path, stat.st_mtime_ns, stat.st_size, *options, self.delimiter, self.header)
        found = _kept.get(key)
        if found is None:
            table = self._table(folder, told)
            found = table.summary(), table if table.x.nbytes <= KEPT_BYTES else None
            # The file in use, and one that is looked at before it is used, perhaps on another thread.
            for old in list(_kept)[: 1 - MOST_KEPT]:
                _kept.pop(old, None)
            _kept[key] = found
            return found[0], table
        return found

    def _table(self, folder: Path, told: Told | None = None) -> Table:
        with _told(self.path):
            form = layout(folder / self.path, self.delimiter, self.header)
            targets = [place % len(form.names) for place in _places(form, self.target)] or [len(form.names) - 1]
            unused = set(_places(form, self.leave_out))
            used = [place for place in range(len(form.names)) if place not in unused and place not in targets]
            if both := unused.intersection(targets):
                raise DataFileError(f"has its target {form.names[min(both)]!r} among the columns that are left out")
            if not used:
                raise DataFileError("has no column left for features")
            form = _meant(form, _places(form, self.categories), _places(form, self.numbers))
            columns = _columns(folder / self.path, form, used, targets, self.missing, told)
            return _numbers(form, columns, used, targets, self.task)


def _places(form: Layout, told: str) -> list[int]:
    """The columns that names or numbers with commas between tell."""
    return [form.column(name) for name in told.split(",")] if told.strip() else []


def _meant(form: Layout, categories: list[int], numbers: list[int]) -> Layout:
    """The layout with the types that were told, not guessed."""
    if both := set(categories).intersection(numbers):
        raise DataFileError(f"has {form.names[min(both)]!r} both among its categories and among its numbers")
    numeric = tuple(
        place in numbers or (is_number and place not in categories) for place, is_number in enumerate(form.numeric)
    )
    return replace(form, numeric=numeric)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except DataFileError as error:
        raise ProjectError(Problem("data.path", f"{path!r} {error}")) from None
    except MemoryError:
        raise ProjectError(Problem("data.path", f"{path!r} does not fit into memory")) from None


@dataclass(slots=True)
class _Text:
    """A column of text as codes; -1 where it is missing."""

    codes: list[Array]
    known: dict[str, int]


def _columns(
    path: Path, form: Layout, used: list[int], targets: list[int], missing: str, told: Told | None
) -> tuple[Array, dict[int, tuple[Array, tuple[str, ...]]]]:
    """The columns of numbers, (N, columns) in file order, and each column of text as codes with its sorted texts."""
    wanted = sorted([*used, *targets])
    numeric = [place for place in wanted if form.numeric[place]]
    texts = {place: _Text([], {}) for place in wanted if not form.numeric[place]}
    parts: list[Array] = []
    total = 0
    for numbers, rows in blocks(path, form, told):
        total += len(rows) * len(wanted)
        if total > MOST_NUMBERS:
            raise DataFileError(f"has more than {MOST_NUMBERS} cells, which is the most that is read; save it as .npz")
        values = _all_numbers(form, rows, numeric)
        if values is None or any(is_missing(row[place]) for place in texts for row in rows):
            keep = _whole(form, numbers, rows, wanted, targets, missing)
            numbers, rows = [numbers[i] for i in keep], [rows[i] for i in keep]
            values = _cell_by_cell(form, numbers, rows, numeric)
        parts.append(values)
        for place, text in texts.items():
            text.codes.append(_coded(text, [row[place].strip() for row in rows]))
            if len(text.known) > MOST_CATEGORIES:
                raise DataFileError(
                    f"has more than {MOST_CATEGORIES} different texts in column {form.names[place]!r}: leave it out"
                )
    if not parts or not sum(map(len, parts)):
        raise DataFileError("has no row that is whole" if parts else "has no rows")
    return np.concatenate(parts), {place: _sorted(text) for place, text in texts.items()}


def _all_numbers(form: Layout, rows: list[list[str]], numeric: list[int]) -> Array | None:
    """The cells of `numeric` columns, if all of them are plain finite numbers."""
    if not numeric:
        return np.empty((len(rows), 0))
    if form.delimiter != ",":
        return None
    cells = rows if len(numeric) == len(form.names) else [[row[place] for place in numeric] for row in rows]
    try:
        values = np.array([list(map(float, row)) for row in cells], np.float64)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _whole(
    form: Layout, numbers: list[int], rows: list[list[str]], wanted: list[int], targets: list[int], missing: str
) -> list[int]:
    """The rows that stay; a missing cell is refused where that is asked for."""
    empty = [(i, place) for i, row in enumerate(rows) for place in wanted if is_missing(row[place])]
    if empty and missing == "refuse":
        i, place = empty[0]
        where, cell = form.where(numbers[i], place), rows[i][place]
        raise DataFileError(
            f"{where}: there is no value ({show(cell)}); `missing` can drop such rows or fill in the mean"
        )
    gone = {i for i, place in empty if missing == "drop" or place in targets}
    return [i for i in range(len(rows)) if i not in gone]


def _cell_by_cell(form: Layout, numbers: list[int], rows: list[list[str]], numeric: list[int]) -> Array:
    """The cells of `numeric` columns, NaN where one is missing; a DataFileError names the first that is no number."""
    values = np.empty((len(rows), len(numeric)))
    for i, row in enumerate(rows):
        for j, place in enumerate(numeric):
            value = form.number(row[place])
            if value is None and not is_missing(row[place]):
                raise DataFileError(
                    f"{form.where(numbers[i], place)}: expected a finite number, got {show(row[place])}"
                )
            values[i, j] = np.nan if value is None else value
    return values


def _coded(text: _Text, cells: list[str]) -> Array:
    known = text.known
    return np.array([-1 if is_missing(cell) else known.setdefault(cell, len(known)) for cell in cells], np.int64)


def _sorted(text: _Text) -> tuple[Array, tuple[str, ...]]:
    names = tuple(sorted(text.known))
    new = np.empty(len(names) + 1, np.int64)
    new[[text.known[name] for name in names]] = np.arange(len(names))
    new[-1] = -1
    return new[np.concatenate(text.codes)], names


def _numbers(
    form: Layout,
    columns: tuple[Array, dict[int, tuple[Array, tuple[str, ...]]]],
    used: list[int],
    targets: list[int],
    task: str,
) -> Table:
    values, texts = columns
    place_of = {place: j for j, place in enumerate(sorted(p for p in [*used, *targets] if form.numeric[p]))}
    names: list[str] = []
    for place in used:
        names += [f"{form.names[place]}={text}" for text in texts[place][1]] if place in texts else [form.names[place]]
    if len(values) * len(names) > MOST_NUMBERS:
        raise DataFileError(f"makes {len(names)} features of {len(values)} rows, at most {MOST_NUMBERS} numbers in all")
    x = np.zeros((len(values), len(names)))
    at = 0
    for place in used:
        if place in texts:
            codes, kinds = texts[place]
            there = np.flatnonzero(codes >= 0)
            x[there, at + codes[there]] = 1
            at += len(kinds)
        else:
            x[:, at] = values[:, place_of[place]]
            at += 1
    y, class_names = _target(form, texts, {p: values[:, place_of[p]] for p in targets if p in place_of}, targets, task)
    return Table(x, y, tuple(names), class_names)


def _target(
    form: Layout,
    texts: dict[int, tuple[Array, tuple[str, ...]]],
    numbers: dict[int, Array],
    targets: list[int],
    task: str,
) -> tuple[Array, tuple[str, ...]]:
    """y, and the names of the classes where it has some."""
    if len(targets) == 1 and task != "numbers":
        (target,) = targets
        if target in texts:
            codes, names = texts[target]
            return codes, names
        found, codes = np.unique(numbers[target], return_inverse=True)
        if task == "classes" and len(found) > MOST_CATEGORIES:
            raise DataFileError(
                f"has {len(found)} different numbers in its target, at most {MOST_CATEGORIES} are classes"
            )
        if task == "classes" or (len(found) <= FEW_CLASSES and (found == np.round(found)).all()):
            return codes.reshape(-1).astype(np.int64), tuple(f"{value:.15g}" for value in found)
    if task == "classes":
        raise DataFileError(f"has {len(targets)} targets, classes stand in one column")
    for target in targets:
        if target in texts:
            raise DataFileError(f"has text in its target {form.names[target]!r}, expected numbers")
    return np.stack([numbers[target] for target in targets], axis=1), ()
