"""Which gesture a press of the button begins: ports go before boxes, boxes before wires."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from netviz.editor.boxes import OUT
from netviz.editor.gestures import ADDS, ON_PORT, Band, Gesture, Keys, Move, Pull, Undock, WireClick
from netviz.editor.kit import Stress
from netviz.editor.node_item import NodeItem
from netviz.editor.wire_item import WireItem
from netviz.editor.wiring_gestures import Replug, WireDrag

if TYPE_CHECKING:
    from netviz.editor.canvas import Canvas

LEAST_WIRING = 0.35  # ports are not drawn from farther away
ON_CURVE = 7  # pixels


def under(canvas: "Canvas", at: QPoint) -> NodeItem | WireItem | tuple[NodeItem, int] | None:
    """What a press here would take: a port with its box, a box, or a wire."""
    scene, point = canvas.sheet, canvas.mapToScene(at)
    port = scene.port_at(point, ON_PORT / canvas.zoom) if canvas.zoom >= LEAST_WIRING else None
    return port or scene.box_at(point) or scene.wire_at(point, ON_CURVE / canvas.zoom)


def light(item: NodeItem | WireItem, node: str | None, port: int | None) -> None:
    """Shows what a press would take; with no `node`, that it would take nothing."""
    if isinstance(item, NodeItem):
        item.hover(node, port)
    elif item.stress is not Stress.CHOSEN:
        item.emphasise(Stress.HOVER if node is not None else Stress.NONE)


def begin(canvas: "Canvas", at: QPoint, keys: Keys) -> Gesture:
    """The gesture that a press of the left button begins here."""
    scene, found = canvas.sheet, under(canvas, at)
    if isinstance(found, tuple) and not keys & ADDS:
        item, number = found
        box = item.picture.box
        if number == OUT:
            return WireDrag(canvas, at, item.lane, source=box.exit, start=item.port(OUT))
        if (held := scene.wire_into(item, number)) is not None:
            return Replug(canvas, at, held)
        asked = number if item.picture.numbered else None
        return WireDrag(canvas, at, item.lane, target=box.node, port=asked, start=item.port(number))
    if isinstance(found, tuple):
        found = found[0]
    if isinstance(found, WireItem):
        return WireClick(canvas, at, found)
    if found is None:
        return Band(canvas, at)
    node = found.node_at(canvas.mapToScene(at) - found.pos())
    if keys & Keys.ShiftModifier:
        return Pull(canvas, at, found, node, keys)
    if node != found.picture.box.node and len(canvas.chosen_now.nodes) < 2:
        return Undock(canvas, at, found, keys)
    return Move(canvas, at, found, node, keys)
