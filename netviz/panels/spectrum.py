"""The singular values of every layer's weights and of the input-output Jacobian: what stretches, and how unevenly."""

from functools import partial
from typing import ClassVar

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.spectrum import Jacobian, Singular, Spectrum, SpectrumAnswer
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, depth_colour, theme
from netviz.widgets.log_charts import Chart, Line, LogCharts
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import figure, whole

ZERO = 1e-6  # of the largest: what float32 cannot tell from 0


class SpectrumPanel(Panel):
    ident: ClassVar[str] = "spectrum"
    title: ClassVar[str] = "Singular values"
    short: ClassVar[str] = "Spectrum"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "How far each layer stretches: the singular values σ of its weight matrix, the largest (the spectral norm) at "
        "the left, on logarithmic axes, without a unit; violet is next to the input, yellow next to the output. κ is "
        "the condition number, the largest σ over the smallest. The thick line is the Jacobian ∂z/∂x, outputs before a "
        "sigmoid or softmax that the loss takes in, by inputs as the first layer takes them, in inference mode: the "
        "mean over the first training examples, bars from the least to the most. Of a matrix too large for all, the "
        "largest σ are told, each within 1 %; ‖W‖ is its whole length. It is computed in between, and says of which "
        "step. Look for a Jacobian far below 1 (what goes in hardly reaches the output: vanishing) or far above "
        "(exploding), for curves that fall steeply (few directions get through), and for a κ that grows."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"spectrum"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.charts = LogCharts(history, chart, "its number", "singular value", 10, layered=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.charts)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Spectrum(),)

    def reopened(self) -> None:
        self.charts.forget()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.charts.show_note(NO_RUN)
        elif not any(lane.spectrum is not None and lane.spectrum.layers for lane in lanes):
            asked = any(lane.spectrum is not None and lane.spectrum.jacobian is not None for lane in lanes)
            self.charts.show_note("No layer has a matrix of weights." if asked else "The singular values are computed.")
        else:
            self.charts.show_note("")
        self.describe()

    def summary(self) -> str:
        return "; ".join(
            f"{lane.info.name} at step {lane.spectrum.step}: {', '.join(in_words(lane.spectrum))}"
            for lane in self.history.lanes
            if lane.spectrum is not None and lane.spectrum.layers
        )

    def table(self) -> Table:
        """A row for each singular value; of the Jacobian the mean, with the least and the most of all examples."""
        rows: list[Row] = []
        for lane in self.history.lanes:
            if lane.spectrum is None:
                continue
            start = (lane.info.name, lane.spectrum.step)
            for layer in lane.spectrum.layers:
                rows += [
                    (*start, f"{layer.node}.{layer.name}", k + 1, v, v, v)
                    for k, v in enumerate(np.asarray(layer.values).tolist())
                ]
            if lane.spectrum.jacobian is not None:
                mean, low, high = over_examples(lane.spectrum.jacobian)
                triples = zip(mean.tolist(), low.tolist(), high.tolist(), strict=True)
                rows += [(*start, "∂z/∂x", k + 1, *three) for k, three in enumerate(triples)]
        return ("network", "step", "of", "number", "singular_value", "low", "high"), rows


def chart(lane: LaneHistory, number: int) -> Chart:
    seen = lane.spectrum
    if seen is None:
        return Chart((), note="Being computed")
    places = {node: i for i, node in enumerate(lane.info.layers)}
    lines, key = [], []
    for layer in seen.layers:
        colour, values = depth_colour(places.get(layer.node, 0), len(places)), np.asarray(layer.values)
        lines.append(Line(layer.node, np.arange(1, len(values) + 1), cleared(values), colour))
        key.append((colour, partial(layer_in_words, layer)))
    if seen.jacobian is not None:
        mean, low, high = over_examples(seen.jacobian)
        ink = QColor(theme().text)
        if len(mean):
            x = np.arange(1, len(mean) + 1)
            y, least, most = cleared(np.stack((mean, low, high)))
            lines.append(Line("∂z/∂x", x, y, ink, 2.2, low=least, high=most))
        key.insert(0, (ink, partial(jacobian_in_words, seen.jacobian, mean)))
    return Chart(tuple(lines), tuple(key), caption=f"step {whole(seen.step)}")


def cleared(values: np.ndarray) -> np.ndarray:
    """(…, n) with 0 for what cannot be told from it beside the largest of the n."""
    largest = np.fmax.reduce(values, axis=-1, keepdims=True, initial=0.0)
    return np.where(values <= ZERO * largest, 0.0, values)


def condition(values: np.ndarray, count: int) -> float:
    """The largest over the smallest; NaN where the smallest is not known."""
    if not len(values) or len(values) < count:
        return float("nan")
    smallest, largest = float(values[-1]), float(np.fmax.reduce(values))
    return float(values[0]) / smallest if not smallest <= ZERO * largest else float("inf")


def over_examples(j: Jacobian) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean, the least and the most of each singular value."""
    values = np.asarray(j.values)
    if not values.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    return values.mean(axis=0), values.min(axis=0), values.max(axis=0)


def layer_in_words(layer: Singular) -> str:
    rows, across = layer.shape
    name = layer.node if layer.name == "weight" else f"{layer.node}.{layer.name}"
    size, count = f"{name}  {whole(rows)} × {whole(across)}", min(layer.shape)
    if layer.reason:
        return f"{size}: {layer.reason}"
    values = np.asarray(layer.values)
    largest = f"σ₁ {_short(values[0])}" if len(values) else "σ₁ not sure yet"
    if len(values) == count:
        return f"{size}  {largest}  κ {_short(condition(values, count))}"
    return f"{size}  {largest}  ‖W‖ {_short(layer.length)}  largest {len(values)} of {whole(count)}"


def jacobian_in_words(j: Jacobian, mean: np.ndarray) -> str:
    """`mean` is that of each singular value over the examples."""
    what = f"∂z/∂x  {whole(j.shape[0])} × {whole(j.shape[1])}"
    if j.reason:
        return f"{what}: {j.reason}"
    of = "before the last activation" if j.logits else "at the output"
    return f"{what}  σ₁ {_short(mean[0])}  κ {_short(condition(mean, len(mean)))}  {of}, {len(j.values)} examples"


def in_words(seen: SpectrumAnswer) -> list[str]:
    words = [layer_in_words(layer) for layer in seen.layers]
    if seen.jacobian is not None:
        words.append(jacobian_in_words(seen.jacobian, over_examples(seen.jacobian)[0]))
    return words


def _short(value: float) -> str:
    return figure(float(value)).strip()
