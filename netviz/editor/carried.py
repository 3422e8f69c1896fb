"""A layer or a template that is dragged onto the canvas, from the palette of this window or of another."""

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QMimeData, QPoint, QRectF

from engine.catalogue import LAYERS
from engine.layers.base import Activation
from netviz.editor.gestures import Gesture, Keys
from netviz.editor.quick_search import Offer
from netviz.editor.snapping import snap

if TYPE_CHECKING:
    from netviz.editor.canvas import Canvas

FORMAT = "application/x-netviz-offer"
SNAP = 7.0


def mime_of(offer: Offer) -> QMimeData:
    mime = QMimeData()
    mime.setData(FORMAT, msgspec.json.encode([offer.kind, offer.template]))
    mime.setText(offer.title)
    return mime


def offer_in(mime: QMimeData) -> Offer | None:
    """What is dragged, if it is something that this version has."""
    if not mime.hasFormat(FORMAT):
        return None
    try:
        kind, template = msgspec.json.decode(bytes(mime.data(FORMAT).data()), type=tuple[str, str])
    except msgspec.DecodeError:
        return None
    if kind not in LAYERS and not template:
        return None
    return Offer(mime.text(), "", kind, template)


class Carry(Gesture):
    """Shown where it would be; on a wire it goes between, an activation goes onto a box."""

    def __init__(self, canvas: "Canvas", at: QPoint, offer: Offer) -> None:
        super().__init__(canvas, at)
        self._offer = offer
        self._rect = QRectF()
        self._lane = 0

    def move(self, at: QPoint, keys: Keys) -> None:
        point, m = self.canvas.mapToScene(at), self.scene.metrics
        self._lane = self.scene.lane_at(point)
        activation = bool(self._offer.kind) and issubclass(LAYERS[self._offer.kind], Activation)
        if self._offer.kind:
            self._find(point, self._lane, activation, ())
        self._rect = QRectF(0, 0, m.width, m.height)
        self._rect.moveCenter(point)
        if not keys & Keys.AltModifier:
            corner = self._rect.x(), self._rect.y()
            others = [(i.x(), i.y()) for (lane, _), i in self.scene.nodes.items() if lane == self._lane]
            found = snap(corner, others, (m.width, m.height), self._pixels(SNAP))
            self._rect.translate(found.dx, found.dy)
            self.canvas.preview.show_guides(found.lines)
        self.canvas.preview.show_ghost(self._rect, self._offer.title)
        self.canvas.bubble.say(self._words_of_drop(self._offer.title), at)

    def drop(self, at: QPoint, keys: Keys) -> None:
        self.move(at, keys)
        lane, host, wire = self._lane, self._host, self._wire
        place = self.scene.layout_place(lane, self._rect.topLeft())
        self.finish()
        if self._offer.template:
            self.canvas.add_template(self._offer.template, lane, place)
            return
        kind = self._offer.kind
        if host is not None:
            node = self.wishes.dock_new(lane, kind, host, place)
        elif wire is not None:
            node = self.wishes.insert(lane, kind, wire)
        else:
            node = self.wishes.add(lane, kind, place)
        if node is not None:
            self.canvas.select(lane, node)
        self.canvas.setFocus()
