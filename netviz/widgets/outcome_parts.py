"""The parts of the picture of one example's outcome, each in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QRectF

from engine.probes.example import NodeValues
from netviz.widgets.cells import Strip
from netviz.widgets.marks import Column
from netviz.widgets.outputs import Bar


@dataclass(frozen=True, slots=True)
class BarRow:
    lane: int
    bar: Bar
    label: str  # as it fits
    name: QRectF
    area: QRectF
    figures: QRectF  # empty where there is no room


@dataclass(frozen=True, slots=True)
class CellRow:
    lane: int
    layer: int
    node: NodeValues
    name: QRectF
    area: QRectF
    figures: QRectF
    reach: float  # of full colour
    said: str  # in the figures' place

    @property
    def strip(self) -> Strip:
        return Strip(self.area, np.asarray(self.node.values), self.reach)


@dataclass(frozen=True, slots=True)
class Part:
    """A lane's column, taken apart."""

    column: Column
    decided: tuple[str, str, bool | None] = "", "", None  # see `verdict`
    verdict: QRectF = field(default_factory=QRectF)
    caption: QRectF = field(default_factory=QRectF)  # empty where there is no room
    called: str = ""  # in the caption's place
    bars: Sequence[BarRow] = ()
    rest: str = ""  # outputs that no bar shows
    rest_at: QRectF = field(default_factory=QRectF)
    cells: Sequence[CellRow] = ()

    @property
    def still(self) -> tuple[object, ...]:
        """All that names depend on, which stay as they are from answer to answer."""
        bars = tuple((row.label, row.bar.chosen, row.bar.true, row.bar.label_class is None) for row in self.bars)
        places = [(row[0].name, row[-1].name) for row in (self.bars, self.cells) if row]
        return self.called, self.caption, bars, tuple(row.node.node for row in self.cells), places

    @property
    def framed(self) -> tuple[object, ...]:
        """All that gaps and frames depend on, and the rectangle in which they are."""
        if not self.cells:
            return (QRectF(),)
        first, last = self.cells[0].area, self.cells[-1].area
        return first | last, first, *(len(row.node.values) for row in self.cells)


@lru_cache(64)  # they stay from picture to picture
def places_of_cells(
    left: float, top: float, width: float, height: float, name: float, figures: float, count: int
) -> list[tuple[QRectF, QRectF, QRectF]]:
    """For names, cells and figures of so many rows."""
    gap, long = min(2.0, height * 0.15), max(4.0, width - name - figures - 1)
    return [
        (
            QRectF(left, y, name, height),
            QRectF(left + name, y + gap, long, height - 2 * gap),
            QRectF(left + width - figures, y, figures, height if figures else 0.0),
        )
        for y in (top + k * height for k in range(count))
    ]
