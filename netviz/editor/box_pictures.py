"""Makes the pictures of boxes from what the worker has answered; what does not change is made once."""

from collections.abc import Iterable
from math import isfinite

import numpy as np
from PySide6.QtGui import QColor

from engine.graph import Graph
from engine.layers.base import Activation
from engine.layers.input import Input
from engine.probes.units import UnitMaps, UnitsAnswer
from engine.run.messages import Points
from netviz.editor import pictures
from netviz.editor.common import Common, sources_of
from netviz.editor.kit import Kit
from netviz.runtime.history import History, LaneHistory
from netviz.theme import theme
from netviz.widgets.plane import Palette, decision_image
from netviz.widgets.ridges import reach_for, span_of
from netviz.widgets.ticks import Reach

LEAST_REACH = 0.1  # full colour: what never comes near it is to look as flat as it is


class BoxPictures:
    """Of nets on two inputs maps of the input plane; of others how outputs are spread."""

    def __init__(self, history: History, kit: Kit) -> None:
        self._history, self._kit = history, kit
        self._reaches: dict[tuple[int, str], Reach] = {}
        self._still: dict[tuple[int, str], pictures.Picture] = {}  # those of the data, which stay as they are
        self._palette: Palette | None = None

    def forget(self) -> None:
        """Another run, or another theme."""
        self._reaches.clear()
        self._still.clear()
        self._palette = None

    def of(self, number: int, common: Common, nodes: Iterable[str]) -> dict[str, pictures.Picture]:
        """By box, for those of `nodes` of which something is known."""
        lane = self._history.lanes[number]
        wanted = [node for node in nodes if node in common.boxes]
        if self._history.points is None:
            return self._spreads(number, lane, common, wanted)
        return {} if lane.units is None else self._maps(number, lane.units, common, wanted)

    # On the input plane

    def _maps(self, number: int, answer: UnitsAnswer, common: Common, nodes: list[str]) -> dict[str, pictures.Picture]:
        points, layers = self._history.points, {layer.node: layer for layer in answer.layers}
        assert points is not None
        several = answer.decision.winners is not None
        classes = max(points.classes or 2, int(np.max(answer.decision.winners)) + 1 if several else 2)
        palette, found = self._colours(classes), dict[str, pictures.Picture]()
        drawn, sources = common.graph.layers, sources_of(common.graph)
        mapped: dict[str, UnitMaps] = {}
        for node in nodes:
            end = common.boxes[node].box.exit
            if end not in sources:
                reach = 1.0
                if not answer.decision.probability and not several:
                    ends = np.abs(answer.decision.values)
                    reach = self._reach(number, end, float(np.nanmax(ends, initial=0.0)))
                image = decision_image(answer.decision, palette, reach, classes)
                found[node] = pictures.Decision(image, "the decision over the input plane")
            elif isinstance(layer := drawn[node], Input):
                if layer.columns is not None:  # one of the two coordinates alone is no plane
                    continue
                found[node] = self._examples(number, node, points, answer, common)
            elif end in layers:
                mapped[node] = layers[end]
        if mapped:
            scales = [self._scale(number, common.graph, layer) for layer in mapped.values()]
            found |= zip(mapped, pictures.maps([*mapped.values()], scales, palette), strict=True)
        return found

    def _examples(
        self, number: int, node: str, points: Points, answer: UnitsAnswer, common: Common
    ) -> pictures.Picture:
        old = self._still.get((number, node))
        if isinstance(old, pictures.Examples) and old.points is points and old.bounds == answer.bounds:
            return old
        shown = min(len(points.x), pictures.MOST_DOTS)
        words = f"{shown} of the {common.data} examples to train on, in the input plane"
        made = self._still[number, node] = pictures.Examples(points, answer.bounds, words)
        return made

    def _colours(self, classes: int) -> Palette:
        if self._palette is None or len(self._palette.classes) < classes:
            self._palette = Palette.of_theme(classes)
        return self._palette

    def _scale(self, number: int, graph: Graph, layer: UnitMaps) -> tuple[float, float]:
        """The middle and the reach: what is bounded is coloured from bound to bound, all else about 0."""
        kind = graph.layers[layer.node]
        if isinstance(kind, Activation) and kind.bounds is not None:
            low, high = kind.bounds
            return (low + high) / 2, (high - low) / 2
        most = float(np.abs(layer.values).max())
        if not isfinite(most):
            most = float(np.abs(np.where(np.isfinite(layer.values), layer.values, 0)).max())
        return 0.0, self._reach(number, layer.node, most)

    def _reach(self, number: int, node: str, value: float) -> float:
        """What full colour means: it moves seldom, so that pictures do not flicker."""
        return self._reaches.setdefault((number, node), Reach(LEAST_REACH)).take(value)

    # Of all other networks

    def _spreads(self, number: int, lane: LaneHistory, common: Common, nodes: list[str]) -> dict[str, pictures.Picture]:
        examples, bars = self._history.examples, {}
        if lane.spreads is not None:
            bars = {h.node: h for h in lane.spreads.layers}
        wide = [h for h in bars.values() if h.symlog and np.isfinite([h.least, h.most]).all()]
        reach = reach_for(max((max(-h.least, h.most) for h in wide), default=1.0))
        negative = any(h.least < 0 for h in wide)
        found: dict[str, pictures.Picture] = {}
        for node in nodes:
            layer, drawn = common.graph.layers[node], common.boxes[node]
            end, depth = drawn.box.exit, drawn.depth
            if isinstance(layer, Input) and layer.columns is None and examples is not None and len(examples):
                words = f"the first {len(examples)} examples to train on"
                made = pictures.Rows(examples, lane.info.inputs, words)
                found[node] = self._still.setdefault((number, node), made)
            elif end in bars:
                colour = QColor(theme().faint) if depth is None else self._kit.depth(*depth)
                found[node] = pictures.spread(bars[end], span_of(bars[end], reach, negative), colour)
        return found
