"""Where heat maps of layers lie in a column, each with a strip for every kind of what no bin holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QRectF

from netviz.widgets.ridges import Span

TALLEST = 260.0  # of a layer's map
STRIP = 4.0  # pixels of a line of what no bin holds


class Mapped(NamedTuple):
    """A layer that is to have a map: its axis, and by number the kinds of what no bin holds that it has."""

    layer: int
    node: str
    span: Span
    kinds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MapRow:
    """One layer's map in its place; `strips` are the places of the kinds that have anything to show."""

    lane: int
    layer: int
    node: str
    span: Span
    name: QRectF
    area: QRectF
    strips: tuple[tuple[int, QRectF], ...]

    @property
    def bottom(self) -> float:
        """Below its map and its strips."""
        return self.strips[-1][1].bottom() if self.strips else self.area.bottom()


def map_rows(lane: int, mapped: Sequence[Mapped], body: QRectF, name_width: float) -> list[MapRow]:
    """The maps of one lane, one below the other in `body`, behind names of that width."""
    if not mapped:
        return []
    height = min(body.height() / len(mapped), TALLEST if len(mapped) > 1 else body.height())
    strip, gap = min(STRIP, height / 8), min(4.0, height * 0.15)
    made = []
    for k, (layer, node, span, kinds) in enumerate(mapped):
        top, room = body.top() + k * height, height - gap - strip * len(kinds)
        area = QRectF(body.left() + name_width, top, max(8.0, body.width() - name_width - 2), max(0.5, room))
        strips = tuple(
            (n, QRectF(area.left(), area.bottom() + j * strip, area.width(), max(strip - 1, strip / 2)))
            for j, n in enumerate(kinds)
        )
        name = QRectF(body.left(), top, name_width - 4, height)
        made.append(MapRow(lane, layer, node, span, name, area, strips))
    return made
