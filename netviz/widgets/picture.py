"""A widget as a picture: drawn anew at the size that is asked for, not enlarged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView, QWidget

from netviz.widgets.canvas import Canvas
from netviz.widgets.plot import Plot

SVG_DETAIL = 4.0  # of what is a bitmap in a drawing, too


def picture(widget: QWidget, scale: float) -> QImage:
    """The widget as it is now, each of its pixels `scale` pixels wide and high."""
    image = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    with _drawn_anew(widget, scale):
        painter = QPainter(image)
        QWidget.render(widget, painter, QPoint())  # of views, too, whose own `render` is another one
        painter.end()
    return image


def png(image: QImage) -> bytes:
    """Encodes a picture; may be called on any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):
        raise ValueError("the picture cannot be encoded")
    return bytes(buffer.data().data())


def svg(widget: QWidget, title: str) -> bytes:
    """The widget as lines, shapes and text; maps of colours stay bitmaps."""
    with _drawn_anew(widget, SVG_DETAIL):
        return drawn_svg(
            widget.size(), widget.logicalDpiY(), title, lambda painter: QWidget.render(widget, painter, QPoint())
        )


def drawn_svg(size: QSize, resolution: int, title: str, draw: Callable[[QPainter], object]) -> bytes:
    """What `draw` paints into (0, 0, *size); fonts are in points, of which `resolution` makes pixels."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)  # the older one knows no clipping
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(), size))
    generator.setResolution(resolution)
    generator.setTitle(title)
    painter = QPainter(generator)
    draw(painter)
    painter.end()
    return bytes(buffer.data().data())


@contextmanager
def _drawn_anew(widget: QWidget, scale: float) -> Iterator[None]:
    """What is kept as a pixmap for the screen is drawn at `scale`, and is kept again afterwards."""
    views = [view for view in _within(widget, QGraphicsView) if view.isVisible()]
    modes = [view.cacheMode() for view in views]
    canvases = [*_within(widget, Canvas), *_within(widget, Plot)]
    try:
        for view in views:
            view.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        for canvas in canvases:
            canvas.sharpness = scale
        yield
    finally:
        for view, mode in zip(views, modes, strict=True):
            view.setCacheMode(mode)
        for canvas in canvases:
            canvas.sharpness = None


def _within(widget: QWidget, kind: type) -> list:
    return [*([widget] if isinstance(widget, kind) else []), *widget.findChildren(kind)]
