"""Everything in a window made larger or smaller with its letters: fonts, gaps, margins, icons and fixed sizes."""

from collections.abc import Iterator

from PySide6.QtCore import QMargins, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QComboBox,
    QDockWidget,
    QGridLayout,
    QLayout,
    QLineEdit,
    QScrollBar,
    QToolBar,
    QWidget,
)

LEAST, USUAL, MOST = 0.8, 1.0, 2.0
SIZES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
KEPT = "netviz sizes"  # the property that holds what a size was before it was scaled, and after
KEPT_LETTERS = "netviz letters"
LETTERED = "netviz lettered"  # set on what takes its sizes from its letters: they are right when it is made
ICONS = 1.5  # times as large is an icon at most: rows of them must find room
UNBOUNDED = 16_777_215  # Qt's QWIDGETSIZE_MAX


def nearest(size: float) -> float:
    """The size of the menu that comes next to a number."""
    return min(SIZES, key=lambda each: abs(each - size))


def next_size(size: float, by: int) -> float:
    """One size up or down, as far as there are any."""
    at = SIZES.index(nearest(size)) + by
    return SIZES[min(max(at, 0), len(SIZES) - 1)]


def rescale(old: float, new: float) -> None:
    """Takes all open windows from one scale to another; what they made themselves meanwhile counts as made at `old`."""
    for window in QApplication.topLevelWidgets():
        _rescale(window, old, new, letters=True)


def adopt(window: QWidget, scale: float) -> None:
    """A window that was just made, with fonts that are right already."""
    if scale != USUAL:
        _rescale(window, USUAL, scale, letters=False)


def _rescale(window: QWidget, old: float, new: float, *, letters: bool) -> None:
    widgets = [window, *window.findChildren(QWidget)]
    for widget in widgets:
        if letters:
            _letters(widget, old, new)
        _scale(widget, _sizes_of(widget), new if widget.property(LETTERED) and not letters else old, new)
        for layout in _layouts(widget):
            _scale(layout, _gaps_of(layout), old, new)
    for widget in widgets:
        if not widget.isWindow():  # who places by hand what is in it does so when it is resized
            QApplication.postEvent(widget, QResizeEvent(widget.size(), widget.size()))


def _letters(widget: QWidget, old: float, new: float) -> None:
    """A font of the widget's own; others follow the application's, and a list that pops up the box that it is of."""
    font = widget.font()
    now = font.pointSizeF()
    if widget.isWindow() or not widget.testAttribute(Qt.WidgetAttribute.WA_SetFont) or now <= 0:
        return
    base, given = widget.property(KEPT_LETTERS) or (now / old, now)
    if now not in (base, given):  # a style sheet that is taken anew gives back the first font that a widget had
        base = now / old
    widget.setProperty(KEPT_LETTERS, (base, base * new))
    font.setPointSizeF(base * new)
    widget.setFont(font)


def _layouts(widget: QWidget) -> Iterator[QLayout]:
    """The layouts that somebody has filled; Qt's own are left alone."""
    waiting = [widget.layout()]
    while waiting:
        layout = waiting.pop()
        if isinstance(layout, QBoxLayout | QGridLayout):
            yield layout
            waiting += [layout.itemAt(i).layout() for i in range(layout.count())]


def _sizes_of(widget: QWidget) -> dict[str, int]:
    found = {}
    qts = isinstance(widget, QScrollBar | QDockWidget) or widget.objectName().startswith("qt_")
    if not widget.isWindow() and not qts:  # which Qt sizes itself
        least, most = widget.minimumSize(), widget.maximumSize()
        fixed = isinstance(widget, QComboBox | QLineEdit)  # to which the style sheet gives a least height
        if least.width() > 0:
            found["minimumWidth"] = least.width()
        if most.width() < UNBOUNDED:
            found["maximumWidth"] = most.width()
        if least.height() > 0 and (not fixed or least.height() == most.height()):
            found["minimumHeight"] = least.height()
        if most.height() < UNBOUNDED:
            found["maximumHeight"] = most.height()
    if isinstance(widget, QAbstractButton | QToolBar):
        found["icon"] = widget.iconSize().width()
    return found


def _gaps_of(layout: QLayout) -> dict[str, int]:
    margins = layout.contentsMargins()
    found = {"left": margins.left(), "top": margins.top(), "right": margins.right(), "bottom": margins.bottom()}
    if isinstance(layout, QGridLayout):
        return found | {"across": layout.horizontalSpacing(), "down": layout.verticalSpacing()}
    return found | {"spacing": layout.spacing()}


def _scale(owner: QObject, now: dict[str, int], old: float, new: float) -> None:
    """From what each size was at scale 1: sizes that are rounded again and again would drift."""
    kept, after = owner.property(KEPT) or {}, {}
    for name, size in now.items():
        base, given = kept.get(name, (size / old, size))
        if given != size:
            base = size / old  # somebody has set it anew
        grown = base * (min(new, ICONS) if name == "icon" else new)
        after[name] = (base, max(round(grown), 1 if size > 0 else 0))
    owner.setProperty(KEPT, after)
    _take(owner, {name: given for name, (_, given) in after.items() if given != now[name]})


_SPACINGS = {"across": "setHorizontalSpacing", "down": "setVerticalSpacing", "spacing": "setSpacing"}


def _take(owner: QObject, sizes: dict[str, int]) -> None:
    if isinstance(owner, QLayout):
        m = owner.contentsMargins()
        sides = [sizes.get(name, side) for name, side in (("left", m.left()), ("top", m.top()))]
        sides += [sizes.get(name, side) for name, side in (("right", m.right()), ("bottom", m.bottom()))]
        owner.setContentsMargins(QMargins(*sides))
        for name, call in (
            ("across", "setHorizontalSpacing"),
            ("down", "setVerticalSpacing"),
            ("spacing", "setSpacing"),
        ):
            if name in sizes:
                getattr(owner, call)(sizes[name])
        return
    assert isinstance(owner, QWidget)
    for name in ("minimumWidth", "minimumHeight", "maximumWidth", "maximumHeight"):
        if name in sizes:
            getattr(owner, f"set{name[0].upper()}{name[1:]}")(sizes[name])
    if "icon" in sizes and isinstance(owner, QAbstractButton | QToolBar):
        owner.setIconSize(QSize(sizes["icon"], sizes["icon"]))
