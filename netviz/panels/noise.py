"""Gradient noise: how far a minibatch's gradient is off that of all examples, and how successive steps turn."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.noise import BATCHES, Noise, NoiseAnswer
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel
from netviz.runtime.history import History, LaneHistory
from netviz.theme import lane_colour, theme
from netviz.widgets.axes import Axes, Scale
from netviz.widgets.curves import Bundle, Style
from netviz.widgets.guides import Guide
from netviz.widgets.log_charts import Chart, Line, LogCharts, Mark
from netviz.widgets.marks import NO_RUN
from netviz.widgets.plot import Plot
from netviz.widgets.ticks import Reach, figure, whole

SIZE, COSINE = "batch size", "cosine"
VIEWS = {
    SIZE: "How the noise falls with the batch size (1)",
    COSINE: "How each step's gradient lies to the one before (2)",
}
ACROSS = Guide(0.0, "")  # at right angles
EDGE = 1.05  # of the axis of cosines


class NoisePanel(ViewsPanel):
    ident: ClassVar[str] = "noise"
    title: ClassVar[str] = "Gradient noise"
    short: ClassVar[str] = "Noise"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "Batch size (key 1): how far the gradient g of a batch of B examples is off that of the whole sample (the "
        "first n training examples, told below), ‖g_B − g‖ / ‖g‖, without a unit, on log axes: root mean square "
        "of 16 batches for each B, bars from the least to the most. Dashed: √(tr(Σ)(1/B − 1/n)) / ‖g‖, that is 1/√B "
        "with what drawing without replacement takes off. The noise scale tr(Σ)/|G|² is the batch size at which noise "
        "and gradient are alike (McCandlish et al. 2018). In training mode: dropout and batch norm belong to it. "
        "Cosine (2): of an update's gradient with that of the update before, as the optimizer took them (with "
        "regularizer and clipping), where there was time to look. Look for batches far above the noise scale (larger "
        "ones hardly help) or far below it (steps are mostly noise), for dots off the line (batch norm, few examples), "
        "and for cosines near −1: steps that turn back, the rate is too high."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"noise"})
    views: ClassVar[Mapping[str, str]] = VIEWS

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.charts = LogCharts(history, chart, "batch size B", "noise", 2)
        self.plot = Plot()
        self.plot.follow(history.cursor)
        row = self.make_views(self.charts, self.plot)
        row.addStretch(1)
        self.lay_out(row)
        self.reopened()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Noise(),)

    def turned(self) -> None:
        self.refresh()

    def reopened(self) -> None:
        lanes = self.history.lanes
        names = [lane.info.name if len(lanes) > 1 else "" for lane in lanes]
        self.plot.arrange([Axes(Scale.LINEAR, name, i, guides=(ACROSS,)) for i, name in enumerate(names)], in_row=True)
        self._right = Reach(10.0)
        self.charts.forget()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if len(lanes) != len(self.plot.axes):
            self.reopened()
            return
        shown = self.stack.currentWidget()
        self.show_note(self._note())
        if shown is self.plot and not self.plot.note:
            for i, (axes, lane) in enumerate(zip(self.plot.axes, lanes, strict=True)):
                axes.bundles = [cosines(lane, i)]
            last = max(float(axes.bundles[0].steps[-1]) for axes in self.plot.axes if len(axes.bundles[0].steps))
            for axes in self.plot.axes:
                self.plot.show_range(axes, (0.0, self._right.take(last)), (-EDGE, EDGE))
            self.plot.show_new()
        self.describe()

    def _note(self) -> str:
        """What is shown instead of a picture, if anything is."""
        told = [lane.noise for lane in self.history.lanes if lane.noise is not None]
        if not self.history.lanes:
            return NO_RUN
        if told and all(answer.reason for answer in told):
            return told[0].reason
        if self.view == COSINE and not any(len(answer.cosines) for answer in told):
            return "Press play: how each step's gradient lies to the one before is drawn here."
        return "" if told else "The noise is computed."

    def in_words(self, lane: LaneHistory) -> str:
        return "" if lane.noise is None else in_words(lane.noise, lane.batch_size)

    def table(self) -> Table:
        """A row for each batch size, or for each cosine."""
        rows: list[Row] = []
        for lane in self.history.lanes:
            seen = lane.noise
            if seen is None:
                continue
            if self.view == COSINE:
                pairs = zip(np.asarray(seen.steps).tolist(), np.asarray(seen.cosines).tolist(), strict=True)
                rows += [(lane.info.name, *pair) for pair in pairs]
                continue
            columns = (seen.sizes, seen.relative, guide(seen), seen.low, seen.high)
            for row in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
                rows.append((lane.info.name, seen.step, *row))
        if self.view == COSINE:
            return ("network", "step", "cosine"), rows
        return ("network", "step", "batch_size", "noise", "guide", "low", "high"), rows


def guide(seen: NoiseAnswer) -> np.ndarray:
    """√(tr(Σ)(1/B - 1/n)) / ‖g‖ at the sizes that were looked at."""
    sizes = np.asarray(seen.sizes, float)
    with np.errstate(all="ignore"):
        made: np.ndarray = np.sqrt(seen.variance * (1 / sizes - 1 / max(seen.sample, 1))) / np.float64(seen.length)
    return made


def chart(lane: LaneHistory, number: int) -> Chart:
    seen = lane.noise
    if seen is None or seen.reason:
        return Chart((), note=seen.reason if seen is not None else "Being computed")
    sizes, t = np.asarray(seen.sizes), theme()
    low, high = np.asarray(seen.low), np.asarray(seen.high)
    colour, amber, ink, faint = lane_colour(number), QColor(t.amber), QColor(t.text), QColor(t.faint)
    lines = (
        Line("1/√B", sizes, guide(seen), amber, dots=False, dashed=True),
        Line("noise", sizes, np.asarray(seen.relative), colour, 1.8, low=low, high=high),
    )
    end = seen.sample
    marks = [Mark(lane.batch_size, "batch", faint)] if 0 < lane.batch_size <= end else []
    marks += [Mark(seen.scale, "noise scale", ink)] if 1 <= seen.scale <= end else []
    key = (
        (colour, f"‖g_B − g‖ / ‖g‖, {BATCHES} batches each"),
        (amber, f"as 1/√B without replacement, n = {whole(seen.sample)} of {whole(seen.count)}"),
        (ink, f"noise scale {scale_in_words(seen)}"),
        (faint, f"batch size now {whole(lane.batch_size)}"),
    )
    return Chart(lines, key, tuple(marks), f"step {whole(seen.step)}")


def scale_in_words(seen: NoiseAnswer) -> str:
    if np.isnan(seen.scale):
        return "not known"
    if np.isinf(seen.scale):
        return f"beyond what {whole(seen.sample)} examples tell"
    return f"{whole(seen.scale)} examples" if seen.scale >= 10 else f"{seen.scale:.1f} examples"


def cosines(lane: LaneHistory, number: int) -> Bundle:
    seen = lane.noise
    steps = np.asarray(seen.steps if seen is not None else (), float)
    values = np.asarray(seen.cosines if seen is not None else (), float)[:, None]
    return Bundle(steps, values, values, ("cosine",), (lane_colour(number),), Style.LINE)


def in_words(seen: NoiseAnswer, batch: int) -> str:
    if seen.reason:
        return seen.reason
    parts = [f"step {seen.step}, noise scale {scale_in_words(seen)}"]
    for size, value in zip(np.asarray(seen.sizes).tolist(), np.asarray(seen.relative).tolist(), strict=True):
        if size == 1 or size <= batch < 2 * size:
            parts.append(f"noise of {size} is {figure(value).strip()} of the gradient")
    if len(seen.cosines):
        parts.append(f"cosine {figure(float(seen.cosines[-1])).strip()} at step {int(seen.steps[-1])}")
    return ", ".join(parts)
