"""The networks from afar: coloured boxes and thin wires, painted by one item in place of hundreds."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz.editor.kit import Stress

if TYPE_CHECKING:
    from netviz.editor.scene import NetworkScene

FAR = 1e6


class Overview(QGraphicsItem):
    """Shown instead of the items that it reads: to ask each of a thousand items takes longer than to paint them."""

    def __init__(self, scene: "NetworkScene") -> None:
        super().__init__()
        self._scene = scene
        self._wires: QPainterPath | None = None
        self.hide()

    def refresh(self) -> None:
        """Something moved, or is selected."""
        self._wires = None
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(-FAR, -FAR, 2 * FAR, 2 * FAR)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scene, kit = self._scene, self._scene.kit
        if self._wires is None:
            self._wires = QPainterPath()
            for wire in scene.wires.values():
                self._wires.addPath(wire.path())
        painter.setPen(kit.wire_thin)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._wires)
        for wire in scene.wires.values():
            if wire.stress is not Stress.NONE:
                painter.setPen(kit.wire_pen(wire.stress))
                painter.drawPath(wire.path())
        for item in scene.nodes.values():
            item.paint_afar(painter)
