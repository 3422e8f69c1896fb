"""Items whose bounds Qt holds itself: a repaint asks each of a thousand items, and a call into Python takes longer."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QGraphicsRectItem


class Bounded(QGraphicsRectItem):
    """Painted by whoever is derived from it; of the rectangle nothing but the bounds is used."""

    def __init__(self) -> None:
        super().__init__()
        self.setPen(Qt.PenStyle.NoPen)  # a pen would lie outside

    def bound(self, rect: QRectF) -> None:
        """Everything that is painted from now on lies in `rect`."""
        self.setRect(rect)
