"""The networks from afar: coloured boxes and thin wires, painted by one item in place of hundreds."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz.editor.kit import Stress
from netviz.editor.node_item import NodeItem

if TYPE_CHECKING:
    from netviz.editor.scene import NetworkScene

FAR = 1e6
SHEET = 1500.0  # sides of the squares of which each has its wires in one path: as much as is seen at some zooms


class Overview(QGraphicsItem):
    """Shown instead of the items that it reads: to ask each of a thousand items takes longer than to paint them."""

    def __init__(self, scene: "NetworkScene") -> None:
        super().__init__()
        self._scene = scene
        self._wires: list[tuple[QRectF, QPainterPath]] | None = None  # what lies in a square, and its bounds
        self._boxes: list[tuple[QRectF, NodeItem]] = []
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # says which part is to be painted
        self.hide()

    def refresh(self) -> None:
        """Something moved, or is selected."""
        self._wires = None
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(-FAR, -FAR, 2 * FAR, 2 * FAR)

    def _lay_out(self) -> list[tuple[QRectF, QPainterPath]]:
        """Where boxes are, and the wires by the squares in which their middles lie."""
        scene, squares = self._scene, dict[tuple[int, int], QPainterPath]()
        for wire in scene.wires.values():
            at = wire.middle()
            square = int(at.x() // SHEET), int(at.y() // SHEET)
            squares.setdefault(square, QPainterPath()).addPath(wire.path())
        self._boxes = [(item.rect().translated(item.pos()), item) for item in scene.nodes.values()]
        return [(path.controlPointRect().adjusted(-1, -1, 1, 1), path) for path in squares.values()]

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scene, kit, seen = self._scene, self._scene.kit, option.exposedRect
        if self._wires is None:
            self._wires = self._lay_out()
        painter.setPen(kit.wire_thin)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for around, path in self._wires:
            if seen.intersects(around):
                painter.drawPath(path)
        for wire in scene.wires.values():
            if wire.stress is not Stress.NONE:
                painter.setPen(kit.wire_pen(wire.stress))
                painter.drawPath(wire.path())
        for frame, item in self._boxes:
            if seen.intersects(frame):
                item.paint_afar(painter, frame)
