"""What can be pictured: a panel, the drawn networks, the window."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter

from netviz.editor.canvas import Canvas
from netviz.editor.portrait import natural_size, paint_portrait
from netviz.panels.base import Panel
from netviz.staging import twin
from netviz.widgets.picture import drawn_svg, picture, svg

if TYPE_CHECKING:
    from netviz.main_window import MainWindow


Made = TypeVar("Made")


class Subject(Protocol):
    """`ident` names it in files and among what is remembered."""

    ident: str
    title: str
    resizable: bool  # can be drawn in another size than it has; as SVG, too

    def natural_size(self) -> QSize: ...

    def image(self, size: QSize, scale: float) -> QImage: ...

    def drawing(self, size: QSize) -> bytes: ...


class PanelSubject:
    """In its own size the panel itself; in another one a twin of it, so that the window stays as it is."""

    resizable = True

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.ident, self.title = panel.ident, panel.title

    def natural_size(self) -> QSize:
        return self._panel.size()

    def image(self, size: QSize, scale: float) -> QImage:
        return self._with(size, lambda panel: picture(panel, scale))

    def drawing(self, size: QSize) -> bytes:
        return self._with(size, lambda panel: svg(panel, self.title))

    def _with(self, size: QSize, draw: Callable[[Panel], Made]) -> Made:
        if size == self._panel.size():
            self._panel.refresh()
            return draw(self._panel)
        other = twin(self._panel, self._panel.history, size)
        try:
            return draw(other)
        finally:
            other.close()
            other.deleteLater()


class NetworkSubject:
    ident, title, resizable = "network", "The Network", True

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def natural_size(self) -> QSize:
        return natural_size(self._canvas)

    def image(self, size: QSize, scale: float) -> QImage:
        made = QImage(size * scale, QImage.Format.Format_RGB32)
        made.setDevicePixelRatio(scale)
        painter = QPainter(made)
        paint_portrait(self._canvas, painter, size)
        painter.end()
        return made

    def drawing(self, size: QSize) -> bytes:
        logical = self._canvas.logicalDpiY()
        return drawn_svg(size, logical, self.title, lambda painter: paint_portrait(self._canvas, painter, size))


class WindowSubject:
    """As it stands: another size would move everything in it."""

    ident, title, resizable = "window", "The Window", False

    def __init__(self, window: "MainWindow") -> None:
        self._window = window

    def natural_size(self) -> QSize:
        return self._window.size()

    def image(self, size: QSize, scale: float) -> QImage:
        for panel in self._window.panels:
            if panel.isVisible():
                panel.refresh()
        return picture(self._window, scale)

    def drawing(self, size: QSize) -> bytes:
        raise NotImplementedError("a window is no drawing")  # each kind has its own
