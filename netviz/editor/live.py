"""What the run shows on the drawn network: picture and health in every box, and on every wire what runs along it.

A view of the session, like a panel: it says what it wants to know while it can be seen, and hands each answer to boxes
and wires. Only what the run has in common with the drawing is shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup

from engine.diagnosis import Health
from engine.layers.base import Weighted
from engine.probes.catalogue import ProbeRequest
from engine.probes.connections import Connections, LayerConnections
from engine.probes.histograms import Histograms
from engine.probes.units import Units
from engine.run.messages import LaneHealth
from netviz.document.document import Document
from netviz.editor import pictures
from netviz.editor.box_picture import Box
from netviz.editor.box_pictures import BoxPictures
from netviz.editor.boxes import Wire
from netviz.editor.canvas import Canvas
from netviz.editor.common import Common, hidden, in_common, unlike
from netviz.editor.flow import TITLES, Flow, along, latest, next_weighted
from netviz.editor.health import Mark, mark_of, states_of
from netviz.editor.legend import Legend
from netviz.editor.metrics import Detail
from netviz.editor.strands import Strands, described
from netviz.editor.wire_item import WireItem
from netviz.runtime.history import LaneHistory
from netviz.runtime.session import Session
from netviz.settings import remember, remembered
from netviz.theme import look

T = TypeVar("T")
SIZE = 24  # places along a side of a unit's map
BOXES, WIRES = 10, 80  # drawn anew in one turn of the event loop, at most: input never waits for a whole network
STRANDED = 6  # wires, of which each is a hundred lines


@dataclass(slots=True)
class _Known:
    """What a lane was last drawn from."""

    common: Common
    boxes: tuple[object, ...] = ()
    wires: tuple[object, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)  # that the wires show
    weights: Mapping[str, LayerConnections] = field(default_factory=dict)  # the same
    health: LaneHealth | None = None
    states: Mapping[str, Health] = field(default_factory=dict)  # by layer
    marks: dict[Box, Mark | None] = field(default_factory=dict)  # found from them


class Live(QObject):
    """Boxes and wires of one canvas, fed by one session. What is chosen is remembered between sessions."""

    topics = frozenset({"units", "histograms", "layers", "health", "connections"})

    def __init__(self, canvas: Canvas, document: Document, session: Session) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._session = canvas, document, session
        self._made = BoxPictures(session.history, canvas.sheet.kit)
        self._made_of: tuple[object, ...] = ()
        self._lanes: list[Common] = []
        self._known: dict[int, _Known] = {}  # by lane
        self._boxes: dict[tuple[int, str], None] = {}  # by lane and node, those to be drawn anew
        self._wires: dict[tuple[int, Wire], None] = {}
        self.pictures = self._switch("Live Pictures on the Boxes", "live pictures", self._choose_pictures)
        self.health = self._switch("Health on the Boxes", "health on boxes", self._choose)
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
        wanted = self.pictures.isChecked() or self.health.isChecked() or self.flow is not Flow.OFF
        return self._canvas.isVisible() and wanted

    @property
    def needs_health(self) -> bool:
        """Not from so far away that no mark would be seen: the diagnosis has a price."""
        return self.health.isChecked() and self._canvas.sheet.kit.detail is not Detail.BOXES

    @property
    def needs_layers(self) -> bool:
        return self.flow in (Flow.BACK, Flow.FORWARD)

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        """Nothing where it would not be seen: switched off, or from too far away."""
        if self._canvas.sheet.kit.detail is Detail.BOXES or not (lanes := self._common()):
            return ()
        weights = (Connections(),) if self.flow is Flow.WEIGHTS else ()
        return weights + (self._pictured(lanes) if self.pictures.isChecked() else ())

    def _pictured(self, lanes: list[Common]) -> tuple[ProbeRequest, ...]:
        if self._session.history.points is not None:
            wanted = dict.fromkeys(node for lane in lanes for node in hidden(lane))
            return (Units(tuple(wanted), SIZE, self._most()),)
        # Without layers that have no activation it is what the panel asks for, and is answered once.
        linear = any(isinstance(lane.graph.layers[node], Weighted) for lane in lanes for node in hidden(lane))
        return (Histograms(weighted=linear),)

    def refresh(self) -> None:
        """Draws some of what has an answer of its own; the session comes back for the rest, in turns."""
        with self._canvas.sheet.gathering():
            self._look()
            for number, nodes in _some(self._boxes, BOXES).items():
                self._show_boxes(number, nodes)
            for number, wires in _some(self._wires, STRANDED if self.flow is Flow.WEIGHTS else WIRES).items():
                self._show_wires(number, wires)
        if self._boxes or self._wires:
            self._session.mark(self)

    def finish(self) -> None:
        """Draws all that waits for its turn."""
        self.refresh()
        while self._boxes or self._wires:
            self.refresh()

    def hold(self, still: bool) -> None:
        """Boxes are drawn some at a time as it is."""

    def reopened(self) -> None:
        """Another run, or another theme: nothing that was made is kept."""
        self._made.forget()
        for known in self._known.values():
            known.boxes = known.wires = ()
        self.refresh()
        self._ask()

    # What a person chooses

    def choose_flow(self, flow: Flow) -> None:
        self.flow = flow
        remember("wires", flow.value)
        self.legend.show_flow(flow)
        for action in self.flows.actions():
            action.setChecked(action.data() == flow.value)
        self._choose()

    def _switch(self, title: str, name: str, chosen: Callable[[], object]) -> QAction:
        """Something that is shown or not, as it was when the program was last used."""
        switch = QAction(title, self, checkable=True)
        switch.setChecked(remembered(name, "yes") == "yes")
        switch.toggled.connect(lambda on: remember(name, "yes" if on else "no"))
        switch.toggled.connect(lambda _: chosen())
        return switch

    def _choose_pictures(self) -> None:
        self._canvas.sheet.hold_pictures(self.pictures.isChecked())
        self._canvas.fit()
        self._choose()

    def _choose(self) -> None:
        self.refresh()
        self._ask()

    def _edited(self) -> None:
        """What runs otherwise than it is drawn goes at once; what is back comes in its turn."""
        self._look()
        if self._boxes or self._wires:
            self._session.mark(self)
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

    # What is to be drawn anew

    def _common(self) -> list[Common]:
        session, document, shown = self._session, self._document, self._canvas.sheet.pictures
        made_of = (session.project, document.project, len(session.history.lanes), len(shown))
        if not _same(self._made_of, made_of):
            running = () if session.project is None else session.project.lanes()
            before = [*self._lanes, *[None] * len(running)]
            lanes = zip(running, document.lanes(), shown, before, session.history.lanes, strict=False)
            self._made_of, self._lanes = made_of, [in_common(*parts) for *parts, _ in lanes]
        return self._lanes

    def _look(self) -> None:
        """Notes what must be drawn anew: all of a lane that has a new answer, else only what an edit concerns."""
        lanes = self._common()
        for number in range(max(len(lanes), len(self._known))):
            common = lanes[number] if number < len(lanes) else None
            known = self._known.get(number)
            if (old := known.common if known is not None else None) is not common:
                self._differ(number, old, common)
            if common is None:
                self._known.pop(number, None)
            else:
                known = self._known.setdefault(number, _Known(common))
                known.common = common
                self._compare(number, known, self._session.history.lanes[number])

    def _differ(self, number: int, old: Common | None, new: Common | None) -> None:
        """What is not drawn as it runs any more shows nothing; what differs otherwise waits for its turn."""
        scene, (boxes, wires) = self._canvas.sheet, unlike(old, new)
        for node in boxes:
            if new is not None and node in new.boxes:
                self._boxes[number, node] = None
            elif (box := scene.nodes.get((number, node))) is not None:
                box.show_live(None)
                box.show_mark(None)
        for ends in wires:
            if new is not None and ends in new.wires:
                self._wires[number, ends] = None
            elif (wire := scene.wires.get((number, ends))) is not None:
                wire.show_flow(None, "")

    def _compare(self, number: int, known: "_Known", lane: LaneHistory) -> None:
        drawn = self._canvas.sheet.pictures[number]
        boxes = lane.units, lane.spreads, self.pictures.isChecked()
        if not _same(known.boxes, boxes):
            known.boxes = boxes
            self._boxes.update(dict.fromkeys([(number, node) for node in drawn.boxes]))
        answer = lane.connections if self.flow is Flow.WEIGHTS else lane.layers.version
        wires = answer, self.flow
        if known.wires != wires:
            known.wires, known.numbers = wires, latest(lane) if self.needs_layers else {}
            told = lane.connections.layers if self.flow is Flow.WEIGHTS and lane.connections is not None else ()
            known.weights = {layer.node: layer for layer in told}
            self._wires.update(dict.fromkeys([(number, wire) for wire in drawn.wires]))
        health = lane.health if self.health.isChecked() else None
        if known.health is not health:
            known.health, known.states, known.marks = health, states_of(health, lane.info.layers), {}
            for node in known.common.boxes:
                if (item := self._canvas.sheet.nodes.get((number, node))) is not None:
                    item.show_mark(self._mark(known, item.picture.box))
            self._canvas.describe()

    # Drawing

    def _show_boxes(self, number: int, nodes: list[str]) -> None:
        known, found = self._known.get(number), dict[str, pictures.Picture]()
        if known is not None and self.pictures.isChecked():
            found = self._made.of(number, known.common, nodes)
        for node in nodes:
            if (item := self._canvas.sheet.nodes.get((number, node))) is not None:
                item.show_live(found.get(node))
                item.show_mark(self._mark(known, item.picture.box))
        if self.flow is Flow.WEIGHTS:
            for wire in self._canvas.sheet.wires_of(number, nodes):
                wire.update()  # lines begin and end beside the maps

    def _mark(self, known: _Known | None, box: Box) -> Mark | None:
        """How a box fares, found once for an answer."""
        if known is None or known.health is None or box.node not in known.common.boxes:
            return None
        if box not in known.marks:
            known.marks[box] = mark_of(box, known.states, known.health)
        return known.marks[box]

    def _show_wires(self, number: int, wires: list[Wire]) -> None:
        """A wire is known where it runs, between boxes that do."""
        known = self._known.get(number)
        behind = {} if known is None else next_weighted(known.common.graph)
        for wire in wires:
            if (item := self._canvas.sheet.wires.get((number, wire))) is None:
                continue
            if known is None or wire not in known.common.wires or not (known.numbers or known.weights):
                item.show_flow(None, "")
            elif known.weights:
                layer = known.weights.get(wire.target)
                strands = self._strands(item, layer) if layer is not None else None
                size = layer.size if layer is not None and strands is None else None
                item.show_weights(strands, size, described(wire, layer, strands is not None))
            else:
                item.show_flow(*along(self.flow, wire, behind.get(wire.target), known.numbers))

    def _strands(self, item: WireItem, layer: LayerConnections) -> Strands | None:
        """None for too many weights, and where the wire has to go round boxes."""
        if layer.values is None or not item.level:
            return None
        boxes = self._canvas.sheet.nodes
        return Strands(layer.values, boxes[item.lane, item.wire.start], boxes[item.lane, item.wire.end])

    def _most(self) -> int:
        """How many maps the boxes have room for."""
        area = next((item.live_rect for item in self._canvas.sheet.nodes.values()), None)
        if area is None or area.isEmpty():
            return 1
        columns, rows, _ = pictures.tiling(area.width(), area.height(), pictures.MOST_TILES)
        return columns * rows


def _some(waiting: dict[tuple[int, T], None], most: int) -> dict[int, list[T]]:
    """The first that wait, by lane; they wait no longer."""
    taken: dict[int, list[T]] = {}
    for key in list(islice(waiting, most)):
        del waiting[key]
        taken.setdefault(key[0], []).append(key[1])
    return taken


def _same(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    """Whether both hold the same objects."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
