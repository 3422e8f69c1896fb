"""Where each layer's picture of the examples is drawn, and what it depends on."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF

from engine.probes.representation import LayerView, RepresentationAnswer


@dataclass(frozen=True, slots=True)
class Cell:
    """One layer of a lane in its place."""

    lane: int
    answer: RepresentationAnswer
    view: LayerView
    title: QRectF
    area: QRectF
    foot: QRectF  # empty in small multiples
    name: str  # as it fits
    share: str  # of the variance, in figures

    @property
    def still(self) -> tuple[object, ...]:
        """What its name and its ground depend on."""
        return self.lane, self.view.node, self.view.exact, self.view.units, self.title, self.area, self.name


def look_of(answer: RepresentationAnswer | None, node: str) -> object:
    """All that one layer's picture depends on, to be held against that of another answer."""
    if answer is None:
        return None
    targets = np.asarray(answer.y).tobytes(), np.asarray(answer.y_val).tobytes(), answer.classes, answer.names
    return targets, [_numbers(view) for view in answer.layers if view.node == node]


def _numbers(view: LayerView) -> tuple[object, ...]:
    places = [
        None if part is None else np.asarray(part).tobytes() for part in (view.points, view.points_val, view.lines)
    ]
    said = view.units, view.looked_at, view.exact, view.shares, view.dimensions, view.lost
    return places, said


def tiles(body: QRectF, count: int, line: float) -> list[QRectF]:
    """`count` boxes in rows, as many side by side as makes the pictures in them largest."""
    if not count:
        return []
    gap = 6.0

    def side(across: int) -> float:
        down = -(-count // across)
        return min((body.width() + gap) / across - gap, (body.height() + gap) / down - gap - line)

    across = max(range(1, count + 1), key=side)
    down = -(-count // across)
    width, height = (body.width() + gap) / across - gap, (body.height() + gap) / down - gap
    return [
        QRectF(
            body.left() + (i % across) * (width + gap),
            body.top() + (i // across) * (height + gap),
            max(4.0, width - 1),
            max(line + 4.0, height - 1),
        )
        for i in range(count)
    ]
