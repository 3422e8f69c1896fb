"""Names of curves at their right ends, apart from one another: an order that needs no legend."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from netviz.widgets.curves import Bundle, View
from netviz.widgets.marks import LEFT, Fonts

STEADY = 100  # a line of means ends, for its name, at the mean of its last hundredth


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places near `wanted`, in the same order, at least `apart` (less where there is no room) within low..high."""
    if not wanted:
        return []
    apart = min(apart, (high - low) / max(1, len(wanted) - 1)) if len(wanted) > 1 else apart
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [min(max(wanted[i], low), high) for i in order]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    limit = high
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - apart
    result = [0.0] * len(wanted)
    for place, i in zip(places, order, strict=True):
        result[i] = place
    return result


class EndLabel(NamedTuple):
    """A curve's name, in its colour, and the pixel down of its top."""

    top: float
    text: str
    colour: QColor


def end_labels(made: Fonts, view: View, bundles: Sequence[Bundle], width: float, ratio: float = 1.0) -> list[EndLabel]:
    """Each curve's name at the height of its last value, in whole pixels; fewer where rows would collide."""
    named = [
        (name, colour, end)
        for bundle in bundles
        for name, colour, end in zip(bundle.names, bundle.colours, _ends(view, bundle), strict=True)
        if end == end  # NaN where there is none
    ]
    height = label_height(made)
    room = max(1, int(view.rect.height() // height) + 1)
    if len(named) > room:
        named = [named[round(i * (len(named) - 1) / max(1, room - 1))] for i in range(room)]
    low, high = view.rect.top() + height / 2, view.rect.bottom() - height / 2
    places = spread([end for _, _, end in named], height, low, high)
    return [
        EndLabel(round((y - height / 2) * ratio) / ratio, made.shortened(name, width), colour)
        for (name, colour, _), y in zip(named, places, strict=True)
    ]


def label_height(made: Fonts) -> float:
    return made.word_metrics.height() - 2


def changed(made: Fonts, old: Sequence[EndLabel], new: Sequence[EndLabel]) -> tuple[float, float]:
    """From where to where names are not as they were."""
    others = [label for pair in zip_longest(old, new) if pair[0] != pair[1] for label in pair if label is not None]
    tops = [label.top for label in others]
    return min(tops), max(tops) + label_height(made)


def draw_end_labels(
    painter: QPainter,
    made: Fonts,
    view: View,
    labels: Iterable[EndLabel],
    width: float,
    rows: tuple[float, float] = (-np.inf, np.inf),
) -> None:
    """Right of the axes, as far as they lie within `rows`."""
    painter.setFont(made.words)
    left, height = view.rect.right() + 4, label_height(made)
    for top, text, colour in labels:
        if rows[0] < top + height and top < rows[1]:
            painter.setPen(colour)
            painter.drawText(QRectF(left, top, width, height), LEFT, text)


def _ends(view: View, bundle: Bundle) -> list[float]:
    """The pixels of the curves' last values that are some; zeros lie at the bottom."""
    if not len(bundle.steps):
        return [float("nan")] * len(bundle.names)
    last = len(bundle.steps)
    if bundle.steps[-1] > view.right:
        last = max(1, int(bundle.steps.searchsorted(view.right, "right")))
    if bundle.middle is None:
        values = bundle.high[last - 1]
    else:  # as steady as the line that it names
        values = bundle.middle[last - 1 - last // STEADY : last].mean(axis=0)
    ends = view.y(values)
    if view.log:
        ends = np.where(values == 0, view.rect.bottom(), ends)
    found: list[float] = ends.tolist()
    return found
