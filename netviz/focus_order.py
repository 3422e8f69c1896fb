"""The order in which the Tab key goes through a window: part after part, each in the order that it has within."""

from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def in_focus_order(area: QWidget) -> Iterator[QWidget]:
    """What the Tab key comes to inside `area`, and `area` itself."""
    widget = area
    while True:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            yield widget
        widget = widget.nextInFocusChain()
        while widget is not area and not area.isAncestorOf(widget):
            widget = widget.nextInFocusChain()
        if widget is area:
            return


def chain(parts: Iterable[QWidget]) -> None:
    """Leads the Tab key from part to part, and within each as its widgets were made.

    By `findChildren`, not along the chain there is: of what Python meets on that way it forgets what it held before.
    """
    last = None
    for part in parts:
        inside = (widget for widget in part.findChildren(QWidget) if part.isAncestorOf(widget))  # no lists that pop up
        for widget in (part, *inside):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
                if last is not None:
                    QWidget.setTabOrder(last, widget)
                last = widget
