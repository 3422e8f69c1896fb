"""Loss and accuracy over steps: falling together is learning, parting is over-fitting, flat is a fault."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, lane_colour
from netviz.widgets.axes import Axes, Scale
from netviz.widgets.curves import Bundle, Style, evenly
from netviz.widgets.guides import Moment
from netviz.widgets.marks import NO_RUN
from netviz.widgets.plot import Plot
from netviz.widgets.readout import Line, Readout
from netviz.widgets.ticks import NONE, Reach, figure, percent
from netviz.widgets.toggle import Toggle

LOSS, ACCURACY, VAL_LOSS, VAL_ACCURACY = range(4)  # columns of a lane's scores
SPIKE = 3.0  # times the 98th percentile: a rarer loss above that does not set the axis
BELOW = 1000.0  # times under the smallest score: a batch's loss below that does not set a logarithmic axis
LONGEST = 12  # letters of a lane's name before the figures, where there is no room for all of it
FEW = 50  # losses, below which every one does

COLUMNS = (
    *("network", "step", "batch_loss_low", "batch_loss_mean", "batch_loss_high"),
    *("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"),
)


class LossPanel(Panel):
    ident: ClassVar[str] = "loss"
    title: ClassVar[str] = "Loss and accuracy"
    short: ClassVar[str] = "Loss"
    group: ClassVar[Group] = Group.LEARNING
    help: ClassVar[str] = (
        "Faint: the loss of each batch, from smallest to largest. Solid: the training set, dashed: the validation set, "
        "both at epochs' ends with the same weights. Below: the share of right answers. "
        "Look for a loss that falls and flattens; a dashed line that turns up while the solid one falls is "
        "over-fitting; a flat line from the start means that nothing is learnt. "
        "After early stopping a dashed line stands at the epoch whose weights were put back; the figures are theirs. "
        "Wheel and drag zoom, a double click or A shows all, L makes the loss logarithmic."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"loss", "scores"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.readout, self.plot = Readout(), Plot()
        self.plot.follow(history.cursor)
        self.log = Toggle("log", "Logarithmic loss (L)")
        self.log.toggled.connect(self._rescale)
        top = QHBoxLayout()
        top.addWidget(self.readout, 1)
        top.addWidget(self.log, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.plot, 1)
        self._rescale()

    def _rescale(self) -> None:
        self.loss = Axes(Scale.LOG if self.log.isChecked() else Scale.LINEAR)
        self.accuracy = Axes(Scale.SHARE)
        self.plot.arrange([self.loss, self.accuracy])
        self._right, self._top = Reach(10.0), Reach(1e-12)
        self.refresh()

    def reopened(self) -> None:
        self._rescale()

    def refresh(self) -> None:
        lanes = self.history.lanes
        self.readout.setVisible(bool(lanes))
        if not any(len(lane.loss) or len(lane.scores) for lane in lanes):
            self.plot.show_note("Press play: the loss is drawn here, step by step." if lanes else NO_RUN)
        else:
            self.plot.show_note("")
            self._draw(lanes)
        full = [lane.info.name for lane in lanes] if len(lanes) > 1 else [""] * len(lanes)
        names = zip(_level(full), _level([_short(name) for name in full]), strict=True)
        self.readout.show_lines(
            [_line(lane, i, *name) for i, (lane, name) in enumerate(zip(lanes, names, strict=True))]
        )
        self.describe()

    def _draw(self, lanes: list[LaneHistory]) -> None:
        several = len(lanes) > 1
        self.loss.bundles = [_batches(lane, i, several) for i, lane in enumerate(lanes)]
        self.accuracy.bundles = []
        for i, lane in enumerate(lanes):
            steps = lane.scores.steps  # one and the same for all four: they are cut into pixel columns once
            self.loss.bundles += _scores(lane, steps, i, several, LOSS, VAL_LOSS)
            self.accuracy.bundles += _scores(lane, steps, i, several, ACCURACY, VAL_ACCURACY)
        self.loss.moments = tuple(_moment(lane, i) for i, lane in enumerate(lanes) if lane.kept is not None)
        shown = bool(self.accuracy.bundles)
        if shown is not self.accuracy.shown:
            self.accuracy.shown = shown
            self.plot.relay()
        steps = (0.0, self._right.take(max(_last_step(lane) for lane in lanes)))
        self.plot.show_range(self.loss, steps, self._values(lanes))
        self.plot.show_range(self.accuracy, steps, (-0.03, 1.03))
        self.plot.show_new()

    def _values(self, lanes: list[LaneHistory]) -> tuple[float, float]:
        """The losses that the axis shows: a rare spike does not flatten the rest."""
        top, low = zip(*(_extremes(lane, self.log.isChecked()) for lane in lanes), strict=True)
        if not self.log.isChecked():
            end = self._top.take(max(top))
            floor = min(low)
            return (-0.02 * end if floor >= 0 else -self._depth(-floor), end)
        high = np.ceil(np.log10(max(max(top), 1e-300)) + 1e-9)
        least = min((value for value in low if value > 0), default=10.0**high)
        return (float(max(min(np.floor(np.log10(least) + 1e-9), high - 1), high - 16)), float(high))

    def _depth(self, value: float) -> float:
        return Reach(1e-12).take(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_L and not event.modifiers():
            self.log.toggle()
        else:
            super().keyPressEvent(event)

    def summary(self) -> str:
        return "; ".join(
            _line(lane, 0, f"{lane.info.name} ").wordings[0].replace("\N{NO-BREAK SPACE}", " ")
            for lane in self.history.lanes
        )

    def table(self) -> Table:
        """A row a step; of a long past a row stands for some steps, beginning with its own."""
        return COLUMNS, [row for lane in self.history.lanes for row in _rows(lane)]

    def state(self) -> dict[str, Any]:
        return {"log": self.log.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("log"), bool):
            self.log.setChecked(state["log"])


def _rows(lane: LaneHistory) -> list[Row]:
    losses, scores = lane.loss, lane.scores
    batches = np.hstack([losses.low, losses.mean, losses.high])
    both = np.union1d(losses.steps, scores.steps)
    values = np.full((len(both), 7), np.nan)
    values[np.searchsorted(both, losses.steps), :3] = batches
    values[np.searchsorted(both, scores.steps), 3:] = scores.mean
    return [(lane.info.name, int(step), *numbers) for step, numbers in zip(both, values.tolist(), strict=True)]


def _last_step(lane: LaneHistory) -> float:
    return max((float(series.steps[-1]) for series in (lane.loss, lane.scores) if len(series)), default=0.0)


def _batches(lane: LaneHistory, index: int, named: bool) -> Bundle:
    name = f"{lane.info.name} batch" if named else "batch"
    series = lane.loss
    lane = index if named else None
    return Bundle(series.steps, series.low, series.high, (name,), (lane_colour(index),), Style.BAND, lane=lane)


def _scores(lane: LaneHistory, steps: np.ndarray, index: int, named: bool, train: int, validation: int) -> list[Bundle]:
    """The curves of two of the scores, of those that there are."""
    low, high, before = lane.scores.low, lane.scores.high, f"{lane.info.name} " if named else ""
    both = (train, "train", Style.STRONG), (validation, "validation", Style.DASHED)
    seen = [one for one in both if len(high) and not (np.isnan(high[-1, one[0]]) and np.isnan(high[:, one[0]]).all())]
    if not seen:
        return []
    columns, names, styles = zip(*seen, strict=True)
    which, colours = evenly(list(columns)), (lane_colour(index),) * len(seen)
    names = tuple(before + name for name in names)
    return [Bundle(steps, low.T[which].T, high.T[which].T, names, colours, styles, lane=index if named else None)]


def _extremes(lane: LaneHistory, log: bool) -> tuple[float, float]:
    """(largest, smallest) loss that the axis has to show; for a logarithmic one, of those above zero."""
    batch, scores = _finite(lane.loss.high[:, 0]), _finite(lane.scores.high[:, [LOSS, VAL_LOSS]].ravel())
    tops = [*scores.max(initial=-np.inf, keepdims=True)]
    if len(batch):
        largest = float(batch.max())
        tops.append(largest if len(batch) < FEW or log else _without_spikes(batch, largest))
    if not log:
        least = min(float(part.min(initial=np.inf)) for part in (_finite(lane.loss.low[:, 0]), scores))
        return float(max(tops)), least if np.isfinite(least) else 0.0
    lows = np.concatenate([_usual_lows(lane), scores])
    if (scores > 0).any():
        lows = lows[lows >= scores[scores > 0].min() / BELOW]
    lows = lows[np.isfinite(lows) & (lows > 0)]
    return float(max(tops)), float(lows.min(initial=np.inf)) if len(lows) else 0.0


def _finite(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return values if known.all() else values[known]


def _without_spikes(batch: np.ndarray, largest: float) -> float:
    """The largest of the losses, or a height above the usual ones where that is a rare spike."""
    rare = -(-len(batch) // 50)
    if np.count_nonzero(batch >= largest / SPIKE) >= rare:  # most often, and losses need not be put in order
        return largest
    usual = float(np.partition(batch, -rare)[-rare])
    return largest if largest <= SPIKE * usual else 1.5 * usual


def _usual_lows(lane: LaneHistory) -> np.ndarray:
    """The batches' lowest losses; of many the lowest hundredth is left out: of logarithms it may be any depth."""
    low = lane.loss.low[:, 0]
    return np.partition(low, len(low) // 100)[len(low) // 100 :] if len(low) >= FEW else low


def _short(name: str) -> str:
    """Names of networks that are compared often begin alike: the end stays, too."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST // 2 - 1]}…{name[-(LONGEST // 2) :]}"


def _level(names: list[str]) -> list[str]:
    """All as wide as the longest, and a space before what follows; nothing for no names."""
    wide = max(map(len, names), default=0)
    return [f"{name:<{wide}} " if wide else "" for name in names]


def _moment(lane: LaneHistory, index: int) -> Moment:
    """Where early stopping has gone back to."""
    assert lane.kept is not None
    return Moment(float(lane.kept.step), f"epoch {lane.kept.epoch + 1} put back", lane_colour(index))


def _line(lane: LaneHistory, index: int, name: str = "", short: str = "") -> Line:
    """The numbers of the weights as they are in several lengths, after the lane's name or what is short for it."""
    score, colour = lane.of_weights, QColor(lane_colour(index))
    if score is None:
        latest = figure(float(lane.loss.last[-1, 0])) if len(lane.loss) else figure(float("nan"))
        return Line(colour, (f"{name}batch{latest}", f"{short}batch{latest}", latest))
    share = score.accuracy if np.isnan(score.val_accuracy) else score.val_accuracy
    train, held = figure(score.loss), figure(score.val_loss)
    right = "" if np.isnan(share) else f" · accuracy {percent(share)}"
    kept = "" if lane.kept is None else f" · epoch {lane.kept.epoch + 1} put back"
    if np.isnan(score.val_loss):
        ends = f"train{train}{right}{kept}", f"{train}{kept}", train
        return Line(colour, (f"{name}{ends[0]}", *(f"{short}{end}" for end in ends[1:]), train))
    brief = "" if np.isnan(share) else f" {percent(share)}"
    return Line(
        colour,
        (
            f"{name}train{train} · validation{held}{right}{kept}",
            f"{name}train{train} · val{held}{brief}{kept}",
            f"{name}{train}{held}{brief}",
            f"{short}train{train} · val{held}{brief}{kept}",
            f"{short}{train}{held}{brief}",
            f"{train}{held}{brief}",
            f"{train}{brief or held or NONE}",
            brief.strip() or held,
        ),
    )
