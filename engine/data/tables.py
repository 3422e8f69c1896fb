"""Tables of text (CSV): how a file is laid out, its rows a block at a time, and what a person may want to know of it.

Nothing is believed unseen: every refusal is one line that names the row (of the file, the header counted) and column.
"""

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.data.archive import DataFileError
from engine.spec import show

Delimiter = Literal["auto", "comma", "semicolon", "tab", "bar"]
Header = Literal["auto", "yes", "no"]
Told = Callable[[float], object]  # hears of the share that is read; what it raises ends the reading

DELIMITERS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})  # in any case
MOST_BYTES = 1 << 32
MOST_COLUMNS = 100_000
HEAD_BYTES, HEAD_ROWS = 1 << 20, 1000  # what a layout is judged by
BLOCK = 1 << 18  # cells read at once: Python needs some 60 bytes for each
SHOWN = 20  # rows and categories of a preview
SHOWN_ODD = 5  # rows of another number of cells, and rows with a wrong cell, wherever they are


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read."""

    delimiter: str
    header: bool
    names: tuple[str, ...]
    numeric: tuple[bool, ...]  # by column; the others hold text

    def number(self, cell: str) -> float | None:
        """The finite number in a cell; with another delimiter than a comma, a comma may stand for the point."""
        text = cell.strip()
        if self.delimiter != "," and "." not in text:
            text = text.replace(",", ".", 1)
        try:
            value = float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def column(self, told: str) -> int:
        """The column that a name or a number, counted from 1, tells; negative ones count from the end."""
        found = [place for place, name in enumerate(self.names) if name == told.strip()]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(place + 1) for place in found)
            raise DataFileError(f"has several columns {told.strip()!r}: tell one by its number, of {numbers}")
        try:
            place = int(told)
        except ValueError:
            place = 0
        if not 1 <= abs(place) <= len(self.names):
            some = ", ".join(self.names[:8]) + (", ..." if len(self.names) > 8 else "")
            raise DataFileError(f"has no column {show(told)}, it has 1 to {len(self.names)}: {some}")
        return place - 1 if place > 0 else len(self.names) + place

    def where(self, row: int, column: int) -> str:
        return f"row {row}, column {self.names[column]!r}"


def is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def layout(path: Path, delimiter: Delimiter = "auto", header: Header = "auto") -> Layout:
    """How the file is laid out, judged by its head where it is not told; raises DataFileError."""
    head = _head(path)
    chosen = DELIMITERS[delimiter] if delimiter != "auto" else _sniffed(head)
    rows = _rows_of(head, chosen, HEAD_ROWS)
    if not rows:
        raise DataFileError("is empty")
    width = len(rows[0])
    if width > MOST_COLUMNS:
        raise DataFileError(f"has {width} columns, at most {MOST_COLUMNS} are allowed")
    if width < 2:
        raise DataFileError("has one column only, expected features and a target (is the delimiter another one?)")
    plain = Layout(chosen, False, tuple(map(str, range(width))), (False,) * width)
    alone = sum(bool(line.strip()) for line in head) == 1
    has_header = header == "yes" or (header == "auto" and _looks_like_header(plain, rows, alone))
    body = rows[1:] if has_header else rows
    if not body:
        raise DataFileError("has a header and no rows")
    names = tuple((rows[0][place].strip() if has_header else "") or f"column {place + 1}" for place in range(width))
    return Layout(chosen, has_header, names, tuple(_is_numeric(plain, body, place) for place in range(width)))


def blocks(
    path: Path, form: Layout, told: Told | None = None, odd: Callable[[int, list[str]], object] | None = None
) -> Iterator[tuple[list[int], list[list[str]]]]:
    """The rows after the header, some at a time: their numbers in the file, and their cells; no empty lines.

    Rows of another number of cells are refused; where `odd` is given it hears of them instead, and they are left out.
    """
    width = len(form.names)
    size = max(1, BLOCK // width)
    numbers: list[int] = []
    rows: list[list[str]] = []
    waits = form.header
    try:
        with open(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
            whole = max(1, os.fstat(raw.fileno()).st_size)
            reader = csv.reader(file, delimiter=form.delimiter, strict=True)
            for row in reader:
                if not row:
                    continue
                if len(row) != width:
                    if odd is None or waits:
                        raise DataFileError(f"row {reader.line_num} has {len(row)} cells, expected {width}")
                    odd(reader.line_num, row)
                    continue
                if waits:
                    waits = False
                    continue
                numbers.append(reader.line_num)
                rows.append(row)
                if len(rows) == size:
                    if told is not None:
                        told(min(1.0, raw.tell() / whole))
                    yield numbers, rows
                    numbers, rows = [], []
    except UnicodeDecodeError as error:
        raise DataFileError(_not_text(error, reader.line_num)) from None
    except csv.Error as error:
        raise DataFileError(f"row {reader.line_num} cannot be read: {error}") from None
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror or 'read error'}") from None
    if rows:
        yield numbers, rows


def _head(path: Path) -> list[str]:
    """Whole lines from the file's start."""
    try:
        if not path.is_file():
            raise DataFileError("there is no such file" if not path.exists() else "is not a file")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise DataFileError(f"has {size / 1e9:.1f} GB, at most {MOST_BYTES / 1e9:.1f} are read; save it as .npz")
        with open(path, "rb") as file:
            raw = file.read(HEAD_BYTES)
    except DataFileError:
        raise
    except (OSError, ValueError) as error:
        raise DataFileError(f"cannot be opened: {getattr(error, 'strerror', None) or 'no such path'}") from None
    if raw.startswith(b"PK\x03\x04"):
        raise DataFileError("is a packed file, such as a spreadsheet, expected a table of text: save it as CSV")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataFileError("is in UTF-16, expected UTF-8: save it anew with that encoding")
    if b"\0" in raw:
        raise DataFileError("holds bytes that are no text, expected a table of text in UTF-8")
    if len(raw) == HEAD_BYTES:  # the last line may be cut, and a letter with it
        whole, newline, _ = raw.rpartition(b"\n")
        raw = whole + newline if newline else raw
        if not newline:
            raise DataFileError(f"has no line break in its first {HEAD_BYTES} bytes, expected a table of text")
    try:
        return raw.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise DataFileError(_not_text(error, raw[: error.start].count(b"\n"))) from None


def _not_text(error: UnicodeDecodeError, row: int) -> str:
    byte = error.object[error.start]
    return f"row {row + 1} or one soon after holds the byte 0x{byte:02x}, which is not UTF-8: save it anew as UTF-8"


def _rows_of(head: list[str], delimiter: str, most: int) -> list[list[str]]:
    """The first rows; what cannot be read ends them, and is told when the whole file is."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(iter(head), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == most:
                break
    except csv.Error as error:
        if not rows:
            raise DataFileError(f"row 1 cannot be read: {error}") from None
    return rows


def _sniffed(head: list[str]) -> str:
    """The delimiter that cuts the first rows into as many cells each, most of them numbers, then into most cells."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        try:
            rows = _rows_of(head, delimiter, SHOWN)
        except DataFileError:
            return False, 0.0, 0
        widths = {len(row) for row in rows}
        width = max(widths, default=0)
        form = Layout(delimiter, False, ("",) * width, ())
        cells = [cell for row in rows for cell in row]
        numbers = sum(form.number(cell) is not None for cell in cells)
        return len(widths) == 1 and width > 1, numbers / max(len(cells), 1) if width > 1 else 0.0, width

    return max(DELIMITERS.values(), key=score)


def _looks_like_header(form: Layout, rows: list[list[str]], alone: bool) -> bool:
    """No number in the first row; and nothing below it, or numbers, or words that do not all come again."""
    first, body = rows[0], rows[1:]
    if any(form.number(cell) is not None for cell in first):
        return False
    if not body:
        return alone  # else the next row cannot be read, which is told when it is
    if any(_is_numeric(form, body, place) for place in range(len(first))):
        return True
    return not all(any(row[place : place + 1] == [cell] for row in body) for place, cell in enumerate(first))


def _is_numeric(form: Layout, body: list[list[str]], place: int) -> bool:
    """Whether at least half of what is there are numbers: a column of numbers may hold a wrong cell, which is told."""
    there = [row[place] for row in body if place < len(row) and not is_missing(row[place])]
    return bool(there) and 2 * sum(form.number(cell) is not None for cell in there) >= len(there)


# What a person may want to know before a file is used


@dataclass(slots=True)
class Column:
    """One column of a preview."""

    name: str
    numeric: bool
    missing: int = 0
    low: float = math.inf  # of the numbers
    high: float = -math.inf
    mean: float = math.nan  # of the numbers
    found: int = 0  # numbers
    wrong: int = 0  # cells of a column of numbers that are none
    first_wrong: tuple[int, str] | None = None  # row and content
    counts: Counter[str] = field(default_factory=Counter)  # of different contents, until there are too many
    many: bool = False  # more different contents than `counts` keeps

    def classes(self) -> tuple[tuple[str, int], ...]:
        """Different contents and how often each is there, numbers by size, text by letter."""
        key = (lambda item: float(item[0])) if self.numeric else (lambda item: item[0])
        return tuple(sorted(self.counts.items(), key=key)) if not self.many else ()

    def take(self, values: list[float]) -> None:
        """Some more numbers."""
        if values:
            self.low, self.high = min(self.low, *values), max(self.high, *values)
            before, self.found = self.found, self.found + len(values)
            # Shares of the mean, not a sum: numbers near the end of what float64 holds have a mean all the same.
            share = math.fsum(value / self.found for value in values)
            self.mean = share if not before else self.mean * (before / self.found) + share


@dataclass(frozen=True, slots=True)
class Preview:
    """What `inspect` has found; `columns` in file order, the last being the target that is usual."""

    form: Layout
    rows: int
    columns: tuple[Column, ...]
    first: tuple[tuple[str, ...], ...]  # the first rows as they stand, and some with what is wrong
    numbers: tuple[int, ...]  # of these rows in the file, the header counted
    odd: Mapping[int, int]  # rows shown that have another number of cells: how many, by the row's number
    odds: int = 0  # all such rows, which are not counted in `rows`


def inspect(
    path: Path,
    delimiter: Delimiter = "auto",
    header: Header = "auto",
    most_rows: int | None = None,
    told: Told | None = None,
) -> Preview:
    """Looks through a table, or its first `most_rows`; wrong cells and odd rows are counted, not refused.

    Raises DataFileError.
    """
    form = layout(path, delimiter, header)
    columns = tuple(Column(name, numeric) for name, numeric in zip(form.names, form.numeric, strict=True))
    shown: list[tuple[int, tuple[str, ...]]] = []
    odd: dict[int, int] = {}
    further: dict[int, tuple[str, ...]] = {}  # rows behind the first ones where a column has its first wrong cell
    count = odds = 0

    def met(number: int, row: list[str]) -> None:
        nonlocal odds
        odds += 1
        if len(odd) < SHOWN_ODD:
            odd[number] = len(row)
            shown.append((number, _squared(row, form)))

    for numbers, rows in blocks(path, form, told, met):
        if most_rows is not None:
            rows = rows[: most_rows - count]
        room = max(0, SHOWN - count)
        shown += zip(numbers[:room], map(tuple, rows[:room]), strict=False)
        count += len(rows)
        for place, column in enumerate(columns):
            _look(column, form, numbers, [row[place].strip() for row in rows])
        for number in {column.first_wrong[0] for column in columns if column.first_wrong is not None}:
            if number in numbers[room:] and len(further) < SHOWN_ODD:
                further[number] = tuple(rows[numbers.index(number)])
        if most_rows is not None and count >= most_rows:
            break
    shown = sorted([*shown, *further.items()])
    return Preview(form, count, columns, tuple(row for _, row in shown), tuple(n for n, _ in shown), odd, odds)


def _squared(row: list[str], form: Layout) -> tuple[str, ...]:
    """An odd row as it is shown: cells that are missing are empty, and what is over stands in the last one."""
    width = len(form.names)
    cells = [*row, *[""] * (width - len(row))]
    return (*cells[: width - 1], form.delimiter.join(cells[width - 1 :]))


def _look(column: Column, form: Layout, numbers: list[int], cells: list[str]) -> None:
    if column.many and column.numeric and form.delimiter == ",":
        try:
            values = list(map(float, cells))
        except ValueError:
            values = []
        if values and all(map(math.isfinite, values)):
            column.take(values)
            return
    values = []
    for number, cell in zip(numbers, cells, strict=False):
        if is_missing(cell):
            column.missing += 1
            continue
        text = cell
        if column.numeric:
            value = form.number(cell)
            if value is None:
                column.wrong += 1
                column.first_wrong = column.first_wrong or (number, cell)
                continue
            values.append(value)
            text = f"{value:.15g}"
        if not column.many:
            column.counts[text] += 1
            if len(column.counts) > 10 * SHOWN:
                column.many = True
                column.counts.clear()
    column.take(values)
