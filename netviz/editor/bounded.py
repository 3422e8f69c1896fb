"""Items whose bounds Qt holds itself: a repaint asks each of a thousand items, and a call into Python takes longer."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QGraphicsRectItem

if TYPE_CHECKING:
    from netviz.editor.scene import NetworkScene


class Bounded(QGraphicsRectItem):
    """Painted by whoever is derived from it; of the rectangle nothing but the bounds is used. Never turned."""

    def __init__(self) -> None:
        super().__init__()
        self.setPen(Qt.PenStyle.NoPen)  # a pen would lie outside

    def bound(self, rect: QRectF) -> None:
        """Everything that is painted from now on lies in `rect`."""
        self.setRect(rect)

    def update(self, area: QRectF | None = None) -> None:
        """Paints `area` anew, or all of it, when the window paints next.

        `QGraphicsItem.update` would have the scene look through all items, and paint the whole window at once.
        """
        scene: NetworkScene | None = self.scene()
        if scene is not None:  # from afar the overview stands for it
            scene.redraw(self.mapRectToScene(self.boundingRect() if area is None else area))
