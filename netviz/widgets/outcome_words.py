"""What the picture of one example's outcome says beside the pointer, and how its figures are written."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from engine.probes.example import ExampleAnswer, Meaning, NodeValues
from netviz.widgets.cells import reading
from netviz.widgets.outputs import LOGIT, Bar
from netviz.widgets.ticks import signed, whole


def short(size: float) -> str:
    """Two figures or a little more, in at most five places."""
    if 0.01 <= size < 10_000:
        return f"{size:.2g}" if size < 100 else f"{size:.0f}"
    digits, _, exponent = f"{size:.0e}".partition("e")
    return f"{digits}e{int(exponent)}"


def bar_in_words(bar: Bar, answer: ExampleAnswer) -> str:
    what = {Meaning.PROBABILITIES: "probability", Meaning.LOGITS: "logit", Meaning.NUMBERS: "output"}[answer.meaning]
    name = "" if bar.label == LOGIT else f"{bar.label}: "
    lines = [f"{name}{'probability' if bar.share is not None else what} {signed(f'{bar.value:.6g}')}"]
    if bar.wanted is not None:
        lines.append(f"should be {signed(f'{bar.wanted:.6g}')}")
    if bar.true:
        lines.append("the true class")
    return "\n".join(lines)


def units_in_words(node: NodeValues, area: QRectF, place: QPointF) -> str:
    """The units whose cells lie at `place`, where the strip of all is drawn in `area`."""
    values = np.asarray(node.values)
    found = reading(values, area, place)
    if found is None:
        return ""
    first, last = found
    size = int(np.prod(node.shape))
    if first == last:
        unit, units = unit_name(first, node.shape), "×".join(map(str, node.shape))
        text = f"{node.node}, unit {unit} of {units}: {figure_of(values[first])}"
    else:
        some = values[first : last + 1]
        ends = figure_of(np.fmin.reduce(some)), figure_of(np.fmax.reduce(some))
        text = f"{node.node}, units {first + 1} to {last + 1} of {whole(size)}: {ends[0]} … {ends[1]}"
    if node.left_out:
        ends = figure_of(node.least), figure_of(node.most)
        text += f"\n{whole(node.left_out)} more are not shown; all lie from {ends[0]} to {ends[1]}"
    return text


def unit_name(index: int, shape: tuple[int, ...]) -> str:
    """Units are counted from 1, places in pictures by their axes."""
    return ", ".join(str(int(i) + 1) for i in np.unravel_index(index, shape))


def figure_of(value: float) -> str:
    return signed(f"{float(value):.5g}")
