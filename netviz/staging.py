"""Widgets that are drawn where nobody sees them: pictures of any size, without touching what is on the screen."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QWidget

from netviz.panels.base import Panel
from netviz.runtime.history import History
from netviz.widgets.plot import Plot


def put_offstage(widget: QWidget, size: QSize) -> None:
    """Shows `widget`, a window of its own, to everyone but the person."""
    attributes = Qt.WidgetAttribute
    widget.setAttribute(attributes.WA_DontShowOnScreen)
    widget.setAttribute(attributes.WA_ShowWithoutActivating)
    widget.setAttribute(attributes.WA_QuitOnClose, False)  # the application does not stay open for it
    widget.resize(size)
    widget.show()
    widget.resize(size)  # again: what the window's own layout wanted first is over


def twin(panel: Panel, history: History, size: QSize) -> Panel:
    """A panel like `panel`, with what the person chose and zoomed to, over `history`. It is the caller's to delete."""
    made = type(panel)(history)
    made.restore(panel.state())
    put_offstage(made, size)
    made.refresh()
    for mine, theirs in zip(made.findChildren(Plot), panel.findChildren(Plot), strict=False):
        if theirs.zoomed and len(mine.axes) == len(theirs.axes):
            mine.zoomed = True
            for new, old in zip(mine.axes, theirs.axes, strict=True):
                x, y = old.box.viewRange()
                new.box.setRange(xRange=x, yRange=y, padding=0)
    return made
