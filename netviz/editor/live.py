"""What the run shows on the drawn network: a picture in every box, and on every wire what runs along it.

A view of the session, like a panel: it says what it wants to know while it can be seen, and hands each answer to boxes
and wires. Only what the run has in common with the drawing is shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QColor

from engine.graph import Graph, once_for_wires
from engine.layers.base import Activation, Layer, Weighted
from engine.layers.input import Input
from engine.probes.catalogue import ProbeRequest
from engine.probes.histograms import Histograms
from engine.probes.units import UnitMaps, Units, UnitsAnswer
from engine.project import Project
from engine.run.messages import Points
from netviz.document.document import Document
from netviz.editor import pictures
from netviz.editor.boxes import Box, LanePicture
from netviz.editor.canvas import Canvas
from netviz.editor.flow import TITLES, Flow, along, latest, next_weighted
from netviz.editor.legend import Legend
from netviz.editor.metrics import Detail
from netviz.runtime.history import LaneHistory
from netviz.runtime.session import Session
from netviz.settings import remember, remembered
from netviz.theme import look, theme
from netviz.widgets.plane import Palette, decision_image
from netviz.widgets.ridges import reach_for, span_of
from netviz.widgets.ticks import Reach

SIZE = 24  # places along a side of a unit's map
LEAST_REACH = 0.1  # full colour: what never comes near it is to look as flat as it is


@dataclass(frozen=True, slots=True, eq=False)
class _Common:
    """What a lane that runs has in common with the drawing."""

    graph: Graph  # as it runs
    data: str
    boxes: Mapping[str, Box]  # those of which every node is drawn as it runs
    wires: frozenset[tuple[str, str]]  # that run


class Live(QObject):
    """Boxes and wires of one canvas, fed by one session. The two choices are remembered between sessions."""

    topics = frozenset({"units", "histograms", "layers"})
    needs_health = False

    def __init__(self, canvas: Canvas, document: Document, session: Session) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._session = canvas, document, session
        self._reaches: dict[tuple[int, str], Reach] = {}
        self._drawn: dict[int, tuple[object, ...]] = {}  # by lane, what its pictures were made of
        self._flowed: dict[int, tuple[object, ...]] = {}  # the same of its wires
        self._still: dict[tuple[int, str], pictures.Picture] = {}  # those of the data, which stay as they are
        self._maps_made: dict[tuple[int, str], tuple[tuple[object, ...], pictures.Picture]] = {}
        self._palette: Palette | None = None
        self._made_of: tuple[object, ...] = ()
        self._lanes: list[_Common] = []
        self.pictures = QAction("Live Pictures on the Boxes", self, checkable=True)
        self.pictures.setChecked(remembered("live pictures", "yes") == "yes")
        self.pictures.toggled.connect(self._choose_pictures)
        chosen = remembered("wires", Flow.BACK.value)
        self.flow = next((flow for flow in Flow if flow.value == chosen), Flow.BACK)
        self.flows = QActionGroup(self)
        for flow in Flow:
            action = self.flows.addAction(TITLES[flow].capitalize())
            action.setCheckable(True)
            action.setChecked(flow is self.flow)
            action.setData(flow.value)
        self.flows.triggered.connect(lambda action: self.choose_flow(Flow(action.data())))
        self.legend = Legend(canvas, self.flows)
        self.legend.show_flow(self.flow)
        canvas.installEventFilter(self)
        canvas.sheet.hold_pictures(self.pictures.isChecked())
        # Not at once: a picture of the whole network is painted in full detail, and at once put back.
        canvas.sheet.detail_changed.connect(self._ask, Qt.ConnectionType.QueuedConnection)
        document.changed.connect(self._edited)
        look().changed.connect(self.reopened)
        self.legend.place()

    # What the session asks

    def isVisible(self) -> bool:  # noqa: N802 (Qt's)
        return self._canvas.isVisible() and (self.pictures.isChecked() or self.flow is not Flow.OFF)

    @property
    def needs_layers(self) -> bool:
        return self.flow is not Flow.OFF

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        """Nothing where no picture would be seen: switched off, or from too far away."""
        scene, lanes = self._canvas.sheet, self._session.history.lanes
        if not (self.pictures.isChecked() and scene.kit.detail is not Detail.BOXES and lanes):
            return ()
        lanes = self._common()
        if self._session.history.points is not None:
            exits = [(lane.graph, [box.exit for box in lane.boxes.values()]) for lane in lanes]
            wanted = dict.fromkeys(node for graph, nodes in exits for node in _hidden(graph, nodes))
            return (Units(tuple(wanted), SIZE, self._most()),)
        # Without layers that have no activation it is what the panel asks for, and is answered once.
        linear = any(
            isinstance(lane.graph.layers[box.exit], Weighted) and _followed(lane.graph, box.exit)
            for lane in lanes
            for box in lane.boxes.values()
        )
        return (Histograms(weighted=linear),)

    def refresh(self) -> None:
        """Hands what is known to boxes and wires; makes anew only what has an answer of its own."""
        lanes, history = self._common(), self._session.history.lanes
        for number in range(len(self._canvas.sheet.pictures)):
            common = lanes[number] if number < len(lanes) else None
            lane = history[number] if common is not None else None
            answers = (lane.units, lane.spreads, lane.layers.version) if lane is not None else (None, None, 0)
            pictured = (common, *answers[:2], self.pictures.isChecked())
            if not _same(self._drawn.get(number), pictured):
                self._drawn[number] = pictured
                self._show_pictures(number, lane, common)
            flowing = (common, answers[2], self.flow)
            if self._flowed.get(number) != flowing:
                self._flowed[number] = flowing
                self._show_wires(number, lane, common)

    def reopened(self) -> None:
        """Another run, or another theme: nothing that was made is kept."""
        self._reaches.clear()
        self._drawn.clear()
        self._flowed.clear()
        self._still.clear()
        self._maps_made.clear()
        self._palette = None
        self.refresh()
        self._ask()

    # What a person chooses

    def choose_flow(self, flow: Flow) -> None:
        self.flow = flow
        remember("wires", flow.value)
        self.legend.show_flow(flow)
        for action in self.flows.actions():
            action.setChecked(action.data() == flow.value)
        self.refresh()
        self._ask()

    def _choose_pictures(self, on: bool) -> None:
        remember("live pictures", "yes" if on else "no")
        self._canvas.sheet.hold_pictures(on)
        self._canvas.fit()
        self.refresh()
        self._ask()

    def _edited(self) -> None:
        self.refresh()
        self._ask()

    def _ask(self) -> None:
        self._session.ask()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.legend.place()
            QTimer.singleShot(0, self, self._ask)  # boxes of another size hold another number of maps
        elif event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            QTimer.singleShot(0, self, self._session.update_watch)
        return False

    # What the run and the drawing have in common

    def _common(self) -> list[_Common]:
        session, document, shown = self._session, self._document, self._canvas.sheet.pictures
        made_of = (session.project, document.project, len(session.history.lanes), len(shown))
        if not _same(self._made_of, made_of):
            running = () if session.project is None else session.project.lanes()
            lanes = zip(running, document.lanes(), shown, session.history.lanes, strict=False)
            self._made_of, self._lanes = made_of, [_in_common(run, edited, drawn) for run, edited, drawn, _ in lanes]
        return self._lanes

    # Boxes

    def _most(self) -> int:
        """How many maps the boxes have room for."""
        area = next((item.live_rect for item in self._canvas.sheet.nodes.values()), None)
        if area is None or area.isEmpty():
            return 1
        columns, rows, _ = pictures.tiling(area.width(), area.height(), pictures.MOST_TILES)
        return columns * rows

    def _show_pictures(self, number: int, lane: LaneHistory | None, common: _Common | None) -> None:
        scene, found = self._canvas.sheet, dict[str, pictures.Picture]()
        if lane is not None and common is not None and self.pictures.isChecked():
            if self._session.history.points is None:
                found = self._spreads(number, lane, common)
            elif lane.units is not None:
                found = self._maps(number, lane.units, common)
        for node in scene.pictures[number].boxes:
            scene.nodes[number, node].show_live(found.get(node))

    def _maps(self, number: int, answer: UnitsAnswer, common: _Common) -> dict[str, pictures.Picture]:
        points, layers = self._session.history.points, {layer.node: layer for layer in answer.layers}
        assert points is not None
        classes = max(points.classes or 2, int(np.max(answer.decision.winners)) + 1 if _several(answer) else 2)
        palette, found = self._colours(classes), dict[str, pictures.Picture]()
        drawn, sources = common.graph.layers, _sources(common.graph)
        for node, box in common.boxes.items():
            if box.exit not in sources:
                reach = 1.0
                if not answer.decision.probability and not _several(answer):
                    ends = np.abs(answer.decision.values)
                    reach = self._reach(number, box.exit, float(np.nanmax(ends, initial=0.0)))
                image = decision_image(answer.decision, palette, reach, classes)
                found[node] = pictures.Decision(image, "the decision over the input plane")
            elif isinstance(layer := drawn[node], Input):
                if layer.columns is not None:  # one of the two coordinates alone is no plane
                    continue
                found[node] = self._examples(number, node, points, answer, common)
            elif box.exit in layers:
                found[node] = self._kept_map(number, common.graph, layers[box.exit], palette)
        return found

    def _examples(
        self, number: int, node: str, points: Points, answer: UnitsAnswer, common: _Common
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

    def _kept_map(self, number: int, graph: Graph, layer: UnitMaps, palette: Palette) -> pictures.Picture:
        """The picture of an answer is made once: an edit elsewhere leaves it as it is."""
        made_of = (graph, layer, palette)
        known = self._maps_made.get((number, layer.node))
        if known is None or not _same(known[0], made_of):
            known = self._maps_made[number, layer.node] = made_of, self._map(number, graph, layer, palette)
        return known[1]

    def _map(self, number: int, graph: Graph, layer: UnitMaps, palette: Palette) -> pictures.Picture:
        """What is bounded is coloured from bound to bound, all else about 0."""
        kind = graph.layers[layer.node]
        if isinstance(kind, Activation) and kind.bounds is not None:
            low, high = kind.bounds
            return pictures.maps(layer, (low + high) / 2, (high - low) / 2, palette)
        finite = np.where(np.isfinite(layer.values), layer.values, 0)
        return pictures.maps(layer, 0.0, self._reach(number, layer.node, float(np.abs(finite).max())), palette)

    def _reach(self, number: int, node: str, value: float) -> float:
        """What full colour means: it moves seldom, so that pictures do not flicker."""
        return self._reaches.setdefault((number, node), Reach(LEAST_REACH)).take(value)

    def _spreads(self, number: int, lane: LaneHistory, common: _Common) -> dict[str, pictures.Picture]:
        scene, layers = self._canvas.sheet, lane.spreads.layers if lane.spreads is not None else ()
        examples = self._session.history.examples
        bars = {h.node: h for h in layers}
        wide = [h for h in bars.values() if h.symlog and np.isfinite([h.least, h.most]).all()]
        reach, negative = (
            reach_for(max((max(-h.least, h.most) for h in wide), default=1.0)),
            any(h.least < 0 for h in wide),
        )
        found: dict[str, pictures.Picture] = {}
        for node, box in common.boxes.items():
            layer = common.graph.layers[node]
            if isinstance(layer, Input) and layer.columns is None and examples is not None and len(examples):
                words = f"the first {len(examples)} examples to train on"
                made = pictures.Rows(examples, lane.info.inputs, words)
                found[node] = self._still.setdefault((number, node), made)
            elif box.exit in bars:
                depth = scene.pictures[number].boxes[node].depth
                colour = QColor(theme().faint) if depth is None else scene.kit.depth(*depth)
                found[node] = pictures.spread(bars[box.exit], span_of(bars[box.exit], reach, negative), colour)
        return found

    # Wires

    def _show_wires(self, number: int, lane: LaneHistory | None, common: _Common | None) -> None:
        """A wire is known where both its ends are, and where it runs."""
        scene = self._canvas.sheet
        numbers = latest(lane) if lane is not None and self.flow is not Flow.OFF else {}
        for wire in scene.pictures[number].wires:
            item = scene.wires[number, wire]
            known = numbers and common is not None and {wire.start, wire.end} <= common.boxes.keys()
            if common is None or not known or wire[:2] not in common.wires:
                item.show_flow(None, "")
            else:
                item.show_flow(*along(self.flow, wire, next_weighted(common.graph, wire.target), numbers))


def _in_common(running: Project, edited: Project, drawn: LanePicture) -> _Common:
    there, here, same_data = running.graph.layers, edited.graph.layers, running.data == edited.data
    return _Common(
        running.graph,
        running.data.title,
        {node: p.box for node, p in drawn.boxes.items() if _unchanged(p.box, there, here, same_data)},
        frozenset((edge.source, edge.target) for edge in running.graph.edges),
    )


def _unchanged(box: Box, there: Mapping[str, Layer], here: Mapping[str, Layer], same_data: bool) -> bool:
    if not same_data and any(isinstance(here[node], Input) for node in box.nodes):
        return False
    return all(node in there and there[node] == here[node] for node in box.nodes)


@once_for_wires
def _sources(graph: Graph) -> frozenset[str]:
    return frozenset(edge.source for edge in graph.edges)


def _followed(graph: Graph, node: str) -> bool:
    return node in _sources(graph)


def _hidden(graph: Graph, nodes: Iterable[str]) -> list[str]:
    """Those drawn as maps of their units: neither where examples enter nor where the decision falls."""
    layers, sources = graph.layers, _sources(graph)
    return [n for n in nodes if n in layers and not isinstance(layers[n], Input) and n in sources]


def _several(answer: UnitsAnswer) -> bool:
    return answer.decision.winners is not None


def _same(a: tuple[object, ...] | None, b: tuple[object, ...]) -> bool:
    """Whether both hold the same objects."""
    return a is not None and len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
