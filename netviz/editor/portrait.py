"""The drawn networks as a picture of any size: all of them, with every word, and nothing chosen or hovered."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QPainter

from netviz.editor.canvas import Canvas
from netviz.editor.kit import Stress
from netviz.editor.metrics import MARGIN
from netviz.theme import theme


def natural_size(canvas: Canvas) -> QSize:
    """In which a pixel is a pixel of the canvas at zoom 1."""
    return _content(canvas).size().toSize()


def paint_portrait(canvas: Canvas, painter: QPainter, size: QSize) -> None:
    """Paints into (0, 0, *size), as large as fits there, in the middle."""
    scene, area = canvas.sheet, QRectF(0, 0, size.width(), size.height())
    painter.fillRect(area, theme().window)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    content = _content(canvas)
    fit = min(area.width() / content.width(), area.height() / content.height())
    place = QRectF(0, 0, content.width() * fit, content.height() * fit)
    place.moveCenter(area.center())
    try:
        scene.show_detail(1.0)
        for item in scene.nodes.values():
            item.choose(frozenset(), False, False)
            item.hover(None)
        for wire in scene.wires.values():
            wire.emphasise(Stress.NONE)
        scene.render(painter, place, content)
    finally:
        scene.show_detail(canvas.zoom)
        canvas.show_choice()


def _content(canvas: Canvas) -> QRectF:
    """Boxes, wires and names, with a margin round them."""
    scene = canvas.sheet
    found = scene.content()
    for wire in scene.wires.values():
        found |= wire.boundingRect()
    for index, header in scene.headers.items():
        lane = scene.pictures[index]
        words = QFontMetricsF(scene.metrics.title).horizontalAdvance(lane.name)
        words += QFontMetricsF(scene.metrics.small).horizontalAdvance(f"{lane.note} {lane.problem}")
        found |= QRectF(header.x(), header.y(), min(words + 48, header.boundingRect().width()), 1)
    return found.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
