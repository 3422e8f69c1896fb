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
    """Leads the Tab key from part to part of one window; what is in none of them comes before or after."""
    parts = list(parts)
    within: dict[QWidget, list[QWidget]] = {part: [] for part in parts}
    for widget in in_focus_order(parts[0].window()):
        part: QWidget | None = widget
        while part is not None and part not in within:
            part = part.parentWidget()
        if part is not None:
            within[part].append(widget)
    last = None
    for widget in [widget for part in parts for widget in within[part]]:
        if last is not None:
            QWidget.setTabOrder(last, widget)
        last = widget
