"""What a run has shown so far, as the window keeps it. Touched by the GUI thread only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalogue import LAYERS
from engine.layers.base import Activation
from engine.probes.adversary import AdversaryAnswer
from engine.probes.boundary import BoundaryAnswer
from engine.probes.catalogue import topic
from engine.probes.confusion import ConfusionAnswer
from engine.probes.connections import ConnectionsAnswer
from engine.probes.derivative import DerivativeAnswer
from engine.probes.example import ExampleAnswer
from engine.probes.fit import FitAnswer
from engine.probes.follow import FollowAnswer
from engine.probes.gradients import GradientsAnswer
from engine.probes.histograms import HistogramAnswer
from engine.probes.landscape import LandscapeAnswer
from engine.probes.latent import DecodedAnswer, LatentAnswer
from engine.probes.maps import MapsAnswer
from engine.probes.neuron import NeuronAnswer
from engine.probes.noise import NoiseAnswer
from engine.probes.representation import RepresentationAnswer
from engine.probes.spectrum import SpectrumAnswer
from engine.probes.through_time import ThroughTimeAnswer
from engine.probes.unit_shares import UnitSharesAnswer
from engine.probes.unit_spread import UnitSpreadAnswer
from engine.probes.units import UnitsAnswer
from engine.probes.weights import WeightsAnswer
from engine.probes.worst import WorstAnswer
from engine.run.messages import (
    ACTIVATION_FIELDS,
    WEIGHT_FIELDS,
    EpochScore,
    LaneAnswer,
    LaneHealth,
    LaneInfo,
    Opened,
    Points,
)
from netviz.runtime.past import HistogramPast, Past, most_rows, unit_bytes
from netviz.runtime.series import Series

if TYPE_CHECKING:
    from netviz.runtime.cursor import Cursor
    from netviz.runtime.followed import Followed

WIDTH = len(ACTIVATION_FIELDS)
PLACES = [{name: at for at, name in enumerate(fields)} for fields in (ACTIVATION_FIELDS, WEIGHT_FIELDS)]
Kind = tuple[bool, bool]  # of histograms: as a step would see them; of what comes into the activations


def column(weighted: Sequence[bool], layer: int, name: str) -> int:
    """Which of the numbers of a lane is scalar `name` of drawn layer number `layer`; `weighted` tells the kinds."""
    return layer * WIDTH + PLACES[weighted[layer]][name]


@dataclass(slots=True)
class LaneHistory:
    """One network's past: curves, and the latest of every picture."""

    info: LaneInfo
    apart: str = ""  # what tells it from the other lanes, in words
    loss: Series = field(default_factory=Series)
    scores: Series = field(default_factory=lambda: Series(4))  # loss, accuracy, val_loss, val_accuracy
    score: EpochScore | None = None  # the latest
    kept: EpochScore | None = None  # of the weights that early stopping has put back, while they are in the network
    layers: Series = field(init=False)
    histograms: HistogramAnswer | None = None  # as the panel wants them: in training mode or before, if that was asked
    spreads: HistogramAnswer | None = None  # of outputs in inference mode, of as many layers as anyone asked for
    past_histograms: dict[Kind, HistogramPast] = field(default_factory=dict)
    units: UnitsAnswer | None = None
    boundary: BoundaryAnswer | None = None
    example: ExampleAnswer | None = None
    health: LaneHealth | None = None
    weights: WeightsAnswer | None = None
    confusion: ConfusionAnswer | None = None
    worst: WorstAnswer | None = None
    fit: FitAnswer | None = None
    follow: FollowAnswer | None = None
    representation: RepresentationAnswer | None = None
    neuron: NeuronAnswer | None = None
    maps: MapsAnswer | None = None
    latent: LatentAnswer | None = None
    decoded: DecodedAnswer | None = None
    adversary: AdversaryAnswer | None = None
    spectrum: SpectrumAnswer | None = None
    noise: NoiseAnswer | None = None
    landscape: LandscapeAnswer | None = None
    gradients: GradientsAnswer | None = None
    past_gradients: HistogramPast = field(init=False)
    derivative: DerivativeAnswer | None = None
    past_derivatives: HistogramPast = field(init=False)
    unit_spread: UnitSpreadAnswer | None = None
    unit_shares: UnitSharesAnswer | None = None
    past_units: dict[str, Past] = field(default_factory=dict)  # of each activation, a byte a unit: see `unit_bytes`
    through_time: ThroughTimeAnswer | None = None
    connections: ConnectionsAnswer | None = None
    rate: Series = field(default_factory=Series)  # the learning rate
    lr: float = 0.0
    batch_size: int = 0

    def __post_init__(self) -> None:
        self.layers = Series(len(self.info.layers) * WIDTH)
        self.past_gradients, self.past_derivatives = (HistogramPast(len(self.info.layers)) for _ in range(2))

    def column(self, layer: int, name: str) -> int:
        """Which of `layers`' numbers is scalar `name` of drawn layer number `layer`."""
        return column(self.info.weighted, layer, name)

    @property
    def of_weights(self) -> EpochScore | None:
        """The latest scores that are those of the weights in the network."""
        return self.kept or self.score

    @property
    def step(self) -> int:
        """How many updates the weights had at the last answer."""
        return int(self.rate.steps[-1]) if len(self.rate) else 0

    def past(self, kind: Kind) -> HistogramPast:
        """The histograms of a kind over time; empty where nobody asked for them."""
        if kind not in self.past_histograms:
            self.past_histograms[kind] = HistogramPast(len(self.info.layers))
        return self.past_histograms[kind]

    def _keep_units(self, answer: UnitSharesAnswer, step: int) -> None:
        for layer in answer.layers:
            row = unit_bytes(layer)
            if layer.node not in self.past_units:
                self.past_units[layer.node] = Past(len(row), most_rows(len(answer.layers), len(row) // 4), "uint8")
            self.past_units[layer.node].add(step, row)

    def weighted(self) -> list[int]:
        """The numbers of the drawn layers that have weights, from input to output."""
        return [i for i, has in enumerate(self.info.weighted) if has]

    def unweighted(self) -> list[int]:
        """The numbers of the other drawn layers, which have the scalars of activations."""
        return [i for i, has in enumerate(self.info.weighted) if not has]

    def activations(self) -> list[int]:
        """The numbers of the activations, which can saturate and die."""
        return [i for i, kind in enumerate(self.info.kinds) if issubclass(LAYERS[kind], Activation)]

    def take(self, answer: LaneAnswer) -> set[str]:
        """Adds an answer; returns the topics that changed."""
        topics = set()
        if len(answer.losses.steps):
            b = answer.losses
            self.loss.extend(b.steps, b.low, b.high, b.mean, b.last)
            topics.add("loss")
        if answer.scores:
            self.score = answer.scores[-1]
            rows = [(score.loss, score.accuracy, score.val_loss, score.val_accuracy) for score in answer.scores]
            self.scores.extend(np.array([score.step for score in answer.scores]), np.array(rows))
            topics.add("scores")
        if (answer.kept and answer.kept.step) != (self.kept and self.kept.step):
            self.kept = answer.kept
            topics.add("scores")
        if answer.layers is not None and len(answer.layers.steps):
            values = answer.layers.values
            self.layers.extend(answer.layers.steps, values.reshape(len(values), -1))
            topics.add("layers")
        if answer.rates:
            steps, rates = np.array(answer.rates, float).T
            # Of a step that was told before, what was changed by hand counts.
            self.rate.cut(steps[0])
            last = np.append(steps[1:] > steps[:-1], True)
            self.rate.extend(steps[last], rates[last, None])
            topics.add("rate")
        topics |= self.see(answer.probes, self.step)
        if answer.health is not None and answer.health != self.health:
            self.health = answer.health
            topics.add("health")
        self.lr, self.batch_size = answer.lr, answer.batch_size
        return topics

    def see(self, probes: Iterable[Any], step: int) -> set[str]:
        """Takes what probes saw of the weights after `step` updates; returns the topics that changed."""
        topics = set()
        if bars := [probe for probe in probes if isinstance(probe, HistogramAnswer)]:
            # Panel and drawn network may ask for different ones: those of more layers hold the others.
            plain = max((b for b in bars if not (b.training or b.before)), key=lambda b: len(b.layers), default=None)
            self.histograms = next((b for b in bars if b.training or b.before), plain)
            self.spreads = plain or self.spreads
            for one in bars:
                self.past((one.training, one.before)).add(step, one.layers)
            topics.add("histograms")
        for probe in probes:
            if isinstance(probe, HistogramAnswer):
                continue
            if isinstance(probe, UnitSharesAnswer):
                self._keep_units(probe, step)
            if isinstance(probe, GradientsAnswer):
                self.past_gradients.add(step, (layer.histogram for layer in probe.layers))
            if isinstance(probe, DerivativeAnswer):
                self.past_derivatives.add(step, (layer.histogram for layer in probe.layers))
            about = topic(probe)
            setattr(self, about, probe)
            topics.add(about)
        return topics


class History:
    """The lanes of the run that is open, none before."""

    def __init__(self) -> None:
        self._cursor: Cursor | None = None
        self.lanes: list[LaneHistory] = []
        self.points: Points | None = None
        self.examples: np.ndarray | None = None  # (n, features): the first ones, of nets on other than two inputs
        self._followed: Followed | None = None

    @property
    def cursor(self) -> "Cursor":
        """What of all this the reader points at: made for the first view that asks, for only views have Qt."""
        if self._cursor is None:
            from netviz.runtime.cursor import Cursor

            self._cursor = Cursor()
        return self._cursor

    @property
    def followed(self) -> "Followed":
        """The one example that is looked at in every view."""
        if self._followed is None:
            from netviz.runtime.followed import Followed

            self._followed = Followed(self.cursor)
        return self._followed

    def open(self, opened: Opened) -> None:
        nodes = {node for info in opened.lanes for node in info.layers}
        if self._cursor is not None:
            gone = () if self._cursor.pinned.layer in (None, *nodes) else ("layer",)
            self._cursor.release("step", "example", "unit", *gone)
        self.lanes = [LaneHistory(info) for info in opened.lanes]
        self.points, self.examples = opened.points, opened.examples
        if opened.lanes and self._followed is not None:
            self._followed.reopen(opened.lanes[0].inputs, nodes)

    def close(self) -> None:
        """No lanes: there is no run."""
        if self._cursor is not None:
            self._cursor.unpin()
        self.lanes, self.points, self.examples = [], None, None

    def clear(self) -> None:
        """The same lanes, back at step 0."""
        if self._cursor is not None:
            self._cursor.release("step")
        self.lanes = [LaneHistory(lane.info, lane.apart) for lane in self.lanes]

    def tell_apart(self, words: Sequence[str]) -> None:
        """What tells each lane from the others, for the headings of panels."""
        for lane, each in zip(self.lanes, words, strict=False):
            lane.apart = each

    def cut(self, step: int) -> None:
        """Forgets what was seen from `step` on: the run does it again."""
        for lane in self.lanes:
            for series in (lane.loss, lane.scores, lane.layers, lane.rate):
                series.cut(step)
            for past in (
                *lane.past_histograms.values(),
                *lane.past_units.values(),
                lane.past_gradients,
                lane.past_derivatives,
            ):
                past.cut(step)
