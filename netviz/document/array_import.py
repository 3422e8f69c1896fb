"""A file of NumPy arrays before it is used. It says itself what it holds: there is nothing to choose."""

from pathlib import Path
from typing import Any

import numpy as np

from engine.data.arrays import ArrayPreview, inspect_arrays
from engine.data.tables import Told
from netviz.document.importing import MOST_COLUMNS, Role, Sheet
from netviz.document.table_import import counted, number


class ArrayLook:
    """An .npz file that has been looked through."""

    def __init__(self, path: str, preview: ArrayPreview) -> None:
        self.path, self.preview = path, preview

    def first_wish(self, before: Any) -> None:
        return None

    def data(self, wish: None) -> dict[str, Any]:
        return {"kind": "npz", "path": self.path}

    def sheet(self, wish: None) -> Sheet:
        found = self.preview
        vectors = len(found.summary.shape) == 1
        names, roles, facts, first = self._columns() if vectors else self._arrays()
        parts = ", ".join(f"{name} {'×'.join(map(str, header.shape))} {header.dtype}" for name, header in found.headers)
        whole = len(roles) <= MOST_COLUMNS
        ranges = () if found.low is None or found.high is None else zip(found.low.flat, found.high.flat, strict=True)
        return Sheet(
            size=f"{counted(found.rows, 'row')}: {parts}" + ("" if whole else f"; the first {MOST_COLUMNS} are shown"),
            names=names,
            roles=roles,
            facts=tuple((name, texts[:MOST_COLUMNS]) for name, texts in facts),
            first=tuple(row[:MOST_COLUMNS] for row in first),
            target=self._target(),
            balance=tuple((str(i), count) for i, count in enumerate(found.counts)),
            warnings=() if found.low is not None else ("the numbers are too many to be looked through here",),
            ranges=tuple((float(low), float(high)) for low, high in ranges),
            rows=found.rows,
        )

    def _target(self) -> str:
        summary = self.preview.summary
        if summary.classes is not None:
            return f"y: {counted(summary.classes, 'class')}"
        return "y: numbers" if summary.targets == 1 else f"y: {summary.targets} numbers"

    def _columns(self) -> tuple[tuple[str, ...], tuple[Role, ...], Any, Any]:
        """A column for each feature, and for y."""
        found, features = self.preview, self.preview.summary.shape[0]
        targets = 1 if found.first_y.ndim == 1 else found.first_y.shape[1]
        ys = ("y",) if targets == 1 else tuple(f"y{i + 1}" for i in range(targets))
        names = (*ys, *(f"x{i + 1}" for i in range(features)))  # y first: it is in sight whatever there is beside it
        target: Role = "target"
        feature: Role = "number"
        roles = (target,) * targets + (feature,) * features
        blank = ("",) * targets
        facts = []
        if found.low is not None and found.high is not None and found.mean is not None:
            pairs = zip(found.low, found.high, strict=True)
            facts = [
                ("range", (*blank, *(f"{number(low)} … {number(high)}" for low, high in pairs))),
                ("mean", (*blank, *(number(mean) for mean in found.mean))),
            ]
        rows: Any = [] if found.first is None else found.first
        y = found.first_y.reshape(len(found.first_y), targets)
        first = [(*map(number, label), *map(number, row)) for label, row in zip(y, rows, strict=False)]
        return names, roles, facts, first

    def _arrays(self) -> tuple[tuple[str, ...], tuple[Role, ...], Any, Any]:
        """A column for each array: examples of other shapes are no rows of a table."""
        found = self.preview
        names = tuple(name for name, _ in found.headers)
        roles: tuple[Role, ...] = tuple("target" if name.startswith("y") else "number" for name in names)
        facts = [
            ("shape", tuple("×".join(map(str, header.shape)) for _, header in found.headers)),
            ("type", tuple(str(header.dtype) for _, header in found.headers)),
        ]
        if found.low is not None and found.high is not None and found.mean is not None:
            words = f"{number(float(found.low.min()))} … {number(float(found.high.max()))}"
            facts.append(("range", tuple(words if name == "x" else "" for name in names)))
            mean = number(float(np.mean(found.mean)))
            facts.append(("mean", tuple(mean if name == "x" else "" for name in names)))
        return names, roles, facts, []


def look_at_arrays(folder: Path, path: str, told: Told | None = None) -> ArrayLook:
    """Looks through a file of arrays; raises DataFileError."""
    return ArrayLook(path, inspect_arrays(folder / path, told))
