"""A table of text before it is used: what each column is taken for, what is wrong with it, and the data section."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.data.archive import DataFileError
from engine.data.csv_file import FEW_CLASSES, MOST_CATEGORIES
from engine.data.tables import Column, Delimiter, Header, Layout, Preview, Told, inspect, is_missing
from engine.spec import show
from netviz.document.importing import MOST_COLUMNS, Role, Sheet

Task = Literal["auto", "classes", "numbers"]
Missing = Literal["refuse", "drop", "mean"]
IDENTITY = frozenset({"id", "index", "no", "nr", "row", "row id", "rowid", "unnamed: 0"})  # what is no measurement
MOST_NAMED = 3  # columns with a warning each


@dataclass(frozen=True, slots=True)
class TableWish:
    """How a person wants a table to be read."""

    roles: tuple[Role, ...]
    task: Task = "auto"
    missing: Missing = "refuse"


class TableLook:
    """A table that has been looked through."""

    def __init__(self, path: str, preview: Preview, delimiter: Delimiter, header: Header, whole: bool = True) -> None:
        """Of a table that is not yet read as a `whole`, everything said is of its first rows."""
        self.path, self.preview, self.delimiter, self.header = path, preview, delimiter, header
        self.whole = whole
        self.types: tuple[Role, ...] = tuple("number" if column.numeric else "category" for column in preview.columns)
        self.guess = self._guess()

    def _guess(self) -> tuple[Role, ...]:
        *features, _ = self.preview.columns
        kept: list[Role] = [
            "unused" if _is_name(column, self.preview.rows) else kind
            for column, kind in zip(features, self.types, strict=False)
        ]
        if all(role == "unused" for role in kept):
            kept = list(self.types[:-1])
        return (*kept, "target")

    def first_wish(self, before: Mapping[str, Any]) -> TableWish:
        """The guess, with what the data section `before` says of a table, as far as this one has such columns."""
        form = self.preview.form

        def places(field: str) -> list[int]:
            try:
                told = str(before.get(field, ""))
                return [form.column(name) % len(form.names) for name in told.split(",")] if told.strip() else []
            except DataFileError:
                return []

        # Of this very table all has been said: only of another one is it guessed what had better be left out.
        roles = [*self.types[:-1], self.guess[-1]] if before.get("path") == self.path else list(self.guess)
        if targets := places("target"):
            roles[-1] = self.types[-1]
            for place in targets:
                roles[place] = "target"
        told: tuple[tuple[str, Role], ...] = (
            *(("leave_out", "unused"), ("categories", "category"), ("numbers", "number")),
        )
        for field, role in told:
            for place in places(field):
                if roles[place] != "target":
                    roles[place] = role
        return TableWish(tuple(roles), before.get("task", "auto"), before.get("missing", "refuse"))

    def with_role(self, wish: TableWish, place: int, role: Role, also: bool = False) -> TableWish:
        """Another role for a column. A target stands alone unless it is `also` one: those before become features."""
        roles = list(wish.roles)
        if role == "target" and not also:
            roles = [kind if r == "target" else r for r, kind in zip(roles, self.types, strict=True)]
        roles[place] = role
        return replace(wish, roles=tuple(roles))

    def data(self, wish: TableWish) -> dict[str, Any]:
        """The data section's own fields of a table; what is as it is by default is left out."""
        roles, form = wish.roles, self.preview.form

        def told(wanted: Role, among: tuple[Role, ...] = ()) -> str:
            return ",".join(
                name_of(form, i)
                for i, role in enumerate(roles)
                if role == wanted and (not among or self.types[i] in among)
            )

        fields = {
            "target": "" if _targets(roles) == [len(roles) - 1] else told("target"),
            "task": wish.task,
            "leave_out": told("unused"),
            "categories": told("category", ("number",)),
            "numbers": told("number", ("category",)),
            "missing": wish.missing,
            "delimiter": self.delimiter,
            "header": self.header,
        }
        usual = {"task": "auto", "missing": "refuse", "delimiter": "auto", "header": "auto"}
        given = {name: value for name, value in fields.items() if value != usual.get(name, "")}
        return {"kind": "csv", "path": self.path, **given}

    def sheet(self, wish: TableWish) -> Sheet:
        columns, rows = self.preview.columns, self.preview.rows
        shown = columns[:MOST_COLUMNS]
        many = counted(rows, "row") if self.whole else f"the first {counted(rows, 'row')}"
        size = f"{many}, {counted(len(columns), 'column')}"
        target, balance = self._target(wish)
        features = [c for c, role in zip(columns, wish.roles, strict=True) if role in ("number", "category")]
        return Sheet(
            size=size if len(columns) <= MOST_COLUMNS else f"{size}, the first {MOST_COLUMNS} are shown",
            names=self.preview.form.names,
            roles=wish.roles,
            facts=(
                ("range", tuple(_range(c) for c in shown)),
                ("mean", tuple(number(c.mean) if c.numeric and c.found else "" for c in shown)),
                *([("missing", tuple(str(c.missing or "") for c in shown))] if any(c.missing for c in shown) else []),
            ),
            first=tuple(row[:MOST_COLUMNS] for row in self.preview.first),
            target=target,
            balance=balance,
            warnings=tuple(self._warnings(wish)),
            ranges=tuple((c.low, c.high) if c.numeric else (0.0, 1.0) for c in features),
            rows=rows,
            numbers=self.preview.numbers,
            wrong=frozenset(self._wrong(wish)),
        )

    def _wrong(self, wish: TableWish) -> Iterator[tuple[int, int]]:
        """What of the first rows is refused as it stands."""
        used = [place for place, role in enumerate(wish.roles[:MOST_COLUMNS]) if role != "unused"]
        numbers = {place for place in used if "number" in (wish.roles[place], self.types[place])}
        numbers -= {place for place in used if wish.roles[place] == "category"}
        for line, (number, row) in enumerate(zip(self.preview.numbers, self.preview.first, strict=True)):
            if number in self.preview.odd:
                yield from ((line, place) for place in range(min(len(row), MOST_COLUMNS)))
                continue
            for place in used:
                if is_missing(row[place]):
                    if wish.missing == "refuse":
                        yield line, place
                elif place in numbers and self.preview.form.number(row[place]) is None:
                    yield line, place

    def _target(self, wish: TableWish) -> tuple[str, tuple[tuple[str, int], ...]]:
        """What is predicted, in words, and how often each class is there."""
        places = _targets(wish.roles)
        if not places:
            return "no column is the target", ()
        names = ", ".join(self.preview.columns[i].name for i in places)
        column, several = self.preview.columns[places[0]], len(places) > 1
        classes = column.classes()
        whole = column.numeric and bool(classes) and all(float(text) == round(float(text)) for text, _ in classes)
        few = whole and len(classes) <= FEW_CLASSES
        if not several and wish.task != "numbers" and (not column.numeric or wish.task == "classes" or few):
            count = str(len(classes)) if classes else "many"
            return f"{names}: {count} {'class' if len(classes) == 1 else 'classes'}", classes
        found = [self.preview.columns[i] for i in places if self.preview.columns[i].found]
        if not found:
            return f"{names}: numbers", ()
        low, high = min(column.low for column in found), max(column.high for column in found)
        return f"{names}: numbers from {number(low)} to {number(high)}", ()

    def _warnings(self, wish: TableWish) -> list[str]:
        found = []
        for line, length in list(self.preview.odd.items())[:1]:
            many, width = counted(self.preview.odds, "row"), len(self.preview.columns)
            found.append(f"{many} of another length than {width} cells, first row {line} with {length}")
        used = [(c, r) for c, r in zip(self.preview.columns, wish.roles, strict=True) if r != "unused"]
        for column, role in used:
            if column.wrong and column.first_wrong is not None and role != "category":
                row, cell = column.first_wrong
                found.append(
                    f"{column.name}: {counted(column.wrong, 'cell')} of no number, first {show(cell)} in row {row}"
                )
            if role == "category" and column.many and not column.numeric:
                found.append(f"{column.name}: more than 200 different texts, each becomes a feature")
        gone = [column for column, _ in used if column.missing]
        if gone and wish.missing != "refuse":
            cells = counted(sum(column.missing for column in gone), "missing cell")
            what = "their rows are left out" if wish.missing == "drop" else "they get the mean of the training part"
            found.append(f"{cells} in {counted(len(gone), 'column')}: {what}")
        return [*found[:MOST_NAMED], *([f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else [])]


def look_at_table(
    folder: Path,
    path: str,
    delimiter: Delimiter = "auto",
    header: Header = "auto",
    told: Told | None = None,
    most_rows: int | None = None,
) -> TableLook:
    """Looks through a table or its first rows, named as from the project's folder; raises DataFileError."""
    preview = inspect(folder / path, delimiter, header, most_rows, told)
    whole = most_rows is None or preview.rows < most_rows
    return TableLook(path, preview, delimiter, header, whole)


def name_of(form: Layout, place: int) -> str:
    """What tells this column to a data source: its name, or its number where the name would tell another or none."""
    name = form.names[place]
    plain = bool(name.strip()) and name == name.strip() and "," not in name and form.names.count(name) == 1
    if plain:
        return name
    told = str(place + 1)
    return told if told not in form.names else str(place - len(form.names))


def number(value: float) -> str:
    """A number in four digits."""
    return f"{value:.4g}" if math.isfinite(value) else ""


def _targets(roles: tuple[Role, ...]) -> list[int]:
    return [i for i, role in enumerate(roles) if role == "target"]


def _is_name(column: Column, rows: int) -> bool:
    """Whether a column names its rows instead of saying something of them."""
    if not column.numeric:
        return (column.many and rows > MOST_CATEGORIES) or (len(column.counts) == rows > 20)
    return column.name.strip().casefold() in IDENTITY and column.high - column.low == rows - 1


def _range(column: Column) -> str:
    if column.numeric:
        return f"{number(column.low)} … {number(column.high)}" if column.found else ""
    return "many texts" if column.many else counted(len(column.counts), "text")


def counted(count: int, what: str) -> str:
    ending = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{ending}".replace(",", "\N{NARROW NO-BREAK SPACE}")
