"""Every colour, font and distance of the window, dark and light."""

import os
import re
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from netviz import text_size
from netviz.colours import (
    DARK,
    DEPTH_DARK,
    DEPTH_LIGHT,
    FLOW_DARK,
    FLOW_LIGHT,
    HEIGHTS,
    HIGH_DARK,
    HIGH_LIGHT,
    LANES_DARK,
    LANES_LIGHT,
    LIGHT,
    MORE_CLASSES,
    ON_HEIGHTS,
    Theme,
)

GAP = 8  # between cards, and inside them
RADIUS = 6
SLIDER = 15  # the height in which a slider's handle is whole
FONT_SIZE = 9.5  # points
SMALL = 8.5
TITLE = 10.0
PRESENTED = 1.5  # times as large is text that is shown to a room
THICKER = 2.0  # times as wide are the lines that matter there


class Look(QObject):
    """The theme in use. Widgets that paint take their colours from `theme()` and repaint on `changed`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.current = DARK
        self.size = 1.0  # of text, as the person wants it
        self.presenting = False  # to people who sit far away

    @property
    def scale(self) -> float:
        """How much larger than usual letters are, and what has to do with them."""
        return self.size * (PRESENTED if self.presenting else 1.0)

    def use(self, theme: Theme) -> None:
        """Switches the whole application, live."""
        self.current = theme
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(palette(theme))
            app.setStyleSheet(style_sheet(theme))
        self.changed.emit()

    def resize(self, size: float | None = None, presenting: bool | None = None) -> None:
        """Another size of text, or to be seen from afar: all windows follow, live."""
        old = self.scale
        self.size = self.size if size is None else min(max(size, text_size.LEAST), text_size.MOST)
        self.presenting = self.presenting if presenting is None else presenting
        app = QApplication.instance()
        if self.scale != old and isinstance(app, QApplication):
            _set_font(app, self.scale)
            app.setStyleSheet(style_sheet(self.current))
            text_size.rescale(old, self.scale)
            self.changed.emit()


_look: Look | None = None


def look() -> Look:
    """The one Look of the application."""
    global _look
    if _look is None:
        _look = Look()
    return _look


def theme() -> Theme:
    return look().current


def on_change(call: Callable[[], object]) -> None:
    """Calls `call`, a widget's method, now and whenever the theme changes, while the widget lives."""
    call()
    look().changed.connect(call)


def start(app: QApplication, choice: str = "system") -> None:
    """Fusion, the font, and the theme: `dark`, `light`, or what the system prefers.

    Qt paints in this thread alone. It would share every larger picture with a pool (qdrawhelper.cpp), piece by piece,
    and wait for it: dozens of switches a picture, and the other cores are busy with training.
    """
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")  # read when first painted
    app.setStyle(QStyleFactory.create("Fusion"))
    _set_font(app, look().scale)
    look().use(choose(app, choice))


def _set_font(app: QApplication, scale: float) -> None:
    font = QFont(app.font().family())
    font.setPointSizeF(FONT_SIZE * scale)
    app.setFont(font)


def scaled(length: float) -> float:
    """A length that goes with the letters: points of a font, pixels beside one."""
    return length * look().scale


def thick(width: float) -> float:
    """The width of a line that matters: wider for those who look from afar."""
    return width * THICKER if look().presenting else width


CHOICES = {
    "system": "As the System",
    "dark": "Dark",
    "light": "Light",
    "high dark": "Dark, High Contrast",
    "high light": "Light, High Contrast",
}
_THEMES = {"dark": DARK, "light": LIGHT, "high dark": HIGH_DARK, "high light": HIGH_LIGHT}


def choose(app: QApplication, choice: str) -> Theme:
    return system_theme(app) if choice == "system" else _THEMES.get(choice, DARK)


def system_theme(app: QApplication) -> Theme:
    """What the system prefers; dark where it does not say."""
    hints = app.styleHints()
    light = hints.colorScheme() == Qt.ColorScheme.Light
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return HIGH_LIGHT if light else HIGH_DARK
    return LIGHT if light else DARK


def figures() -> QFont:
    """The fixed-width font for numbers that change, so that they do not jitter."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(scaled(SMALL))
    return font


def small() -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(scaled(SMALL))
    return font


def title() -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(scaled(TITLE))
    font.setWeight(QFont.Weight.DemiBold)
    return font


def depth_colour(index: int, count: int) -> QColor:
    """The colour of layer `index` of `count`, from input to output."""
    ramp = DEPTH_DARK if theme().name == "dark" else DEPTH_LIGHT
    return _along(ramp, 0.0 if count < 2 else index / (count - 1))


def flow_colour(share: float) -> QColor:
    """The colour of what runs along a wire, from the least (0) to the most (1) that is told apart."""
    return _along(FLOW_DARK if theme().name == "dark" else FLOW_LIGHT, share)


def _along(ramp: tuple[str, ...], share: float) -> QColor:
    return QColor(_place_along(ramp, share))  # its own: who asks may change it


@lru_cache(4096)
def _place_along(ramp: tuple[str, ...], share: float) -> QColor:
    place = share * (len(ramp) - 1)
    low = min(int(place), len(ramp) - 2)
    return mix(ramp[low], ramp[low + 1], place - low)


def lane_colour(index: int) -> QColor:
    lanes = LANES_DARK if theme().name == "dark" else LANES_LIGHT
    return QColor(lanes[index % len(lanes)])


def class_colour(index: int) -> QColor:
    """Class 0 is blue, class 1 orange."""
    colours = (theme().blue, theme().orange, *MORE_CLASSES)
    return QColor(colours[index % len(colours)])


def mix(a: str | QColor, b: str | QColor, share: float) -> QColor:
    """`share` of the way from `a` to `b`."""
    first, second = QColor(a).getRgbF(), QColor(b).getRgbF()
    return QColor.fromRgbF(*(one + (other - one) * share for one, other in zip(first[:3], second[:3], strict=True)))


def ink_on(ground: QColor) -> QColor:
    """Near black or near white, whichever has the greater contrast on `ground` (WCAG's relative luminance)."""
    parts = (ground.redF(), ground.greenF(), ground.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return QColor(LIGHT.text if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else DARK.text)


def diverging(steps: int = 256) -> np.ndarray:
    """(steps, 4) uint8 RGBA from blue through neutral to orange: the two signs or classes."""
    return _diverging(theme(), steps)


@lru_cache(8)
def _diverging(t: Theme, steps: int) -> np.ndarray:
    half = np.linspace(0, 1, steps // 2)
    rows = [mix(t.blue, t.neutral, s) for s in half] + [mix(t.neutral, t.orange, s) for s in half]
    made = np.array([c.getRgb() for c in rows], np.uint8)
    made.flags.writeable = False
    return made


@lru_cache(4)
def heights(steps: int = 256) -> np.ndarray:
    """(steps,) uint32 pixels from the lowest place of a landscape to the highest."""
    made = np.array([_along(HEIGHTS, share).rgb() for share in np.linspace(0, 1, steps)], np.uint32)
    made.flags.writeable = False
    return made


def on_heights() -> tuple[QColor, QColor]:
    """The colour of what is drawn on a landscape, and of its rim."""
    return QColor(ON_HEIGHTS[0]), QColor(ON_HEIGHTS[1])


def palette(t: Theme) -> QPalette:
    made = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: t.window,
        role.WindowText: t.text,
        role.Base: t.raised,
        role.AlternateBase: t.card,
        role.Text: t.text,
        role.Button: t.raised,
        role.ButtonText: t.text,
        role.BrightText: t.red,
        role.ToolTipBase: t.card,
        role.ToolTipText: t.text,
        role.Highlight: t.accent,
        role.HighlightedText: t.on_accent,
        role.Link: t.accent,
        role.Accent: t.accent,
        role.PlaceholderText: t.faint,
        role.Light: t.raised,
        role.Midlight: t.raised,
        role.Mid: t.line,
        role.Dark: t.line,
        role.Shadow: t.window,
    }
    for key, colour in pairs.items():
        made.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, mix(t.faint, t.card, 0.4))
    return made


def style_sheet(t: Theme) -> str:
    """What a palette cannot say: cards, flat docks, quiet buttons."""
    values = {field.name: getattr(t, field.name) for field in fields(t)}
    return _PIXELS.sub(_scaled_pixels, _STYLE.format(**values, radius=RADIUS, gap=GAP))


_PIXELS = re.compile(r"(?<!min-height: )(?<!\d)(-?\d+)px")  # fields are at least as high as their letters


def _scaled_pixels(found: re.Match[str]) -> str:
    """Hairlines stay hairlines."""
    length = int(found[1])
    return found[0] if abs(length) < 2 else f"{round(scaled(length))}px"


_STYLE = """
QMainWindow::separator {{ background: {window}; width: {gap}px; height: {gap}px; }}
QMainWindow::separator:hover {{ background: {line}; }}
QToolBar {{ background: {card}; border: none; border-bottom: 1px solid {line}; spacing: 6px; padding: 6px 10px; }}
QToolButton {{ background: {raised}; border: 1px solid {line}; border-radius: {radius}px; padding: 4px 9px; }}
QToolButton:hover, QPushButton:hover {{ border-color: {accent}; }}
QToolButton:checked {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QToolButton:focus, QPushButton:focus, QComboBox:focus, QLineEdit:focus
  {{ border: 1px solid {accent}; }}
QToolButton#quiet {{ background: transparent; border: 1px solid transparent; padding: 2px; }}
QToolButton#quiet:hover {{ border-color: {line}; background: {raised}; }}
QToolButton#quiet:focus {{ border-color: {accent}; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton {{ background: {raised}; border: 1px solid {line}; border-radius: {radius}px; padding: 4px 12px; }}
QPushButton:default {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
QPushButton:disabled {{ background: {raised}; color: {faint}; border-color: {line}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QComboBox, QLineEdit
  {{ background: {raised}; border: 1px solid {line}; border-radius: 4px; padding: 2px 6px; min-height: 20px; }}
QComboBox::drop-down {{ border: none; width: 16px; }}
QSlider::groove:horizontal {{ background: {line}; height: 3px; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: {accent}; height: 3px; border-radius: 1px; }}
QSlider::handle:horizontal
  {{ background: {card}; border: 2px solid {accent}; width: 8px; margin: -5px 0; border-radius: 6px; }}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {accent}; }}
QMenuBar {{ background: {card}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu {{ background: {card}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 4px 22px 4px 22px; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QStatusBar {{ background: {card}; border-top: 1px solid {line}; color: {faint}; }}
QStatusBar::item {{ border: none; }}
QToolTip {{ background: {card}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit
  {{ background: transparent; border: none; padding: 0; min-height: 0; }}
QWidget#cardTitle {{ background: {card}; border: 1px solid {line}; border-bottom: none;
  border-top-left-radius: {radius}px; border-top-right-radius: {radius}px; }}
QWidget#cardBody {{ background: {card}; border: 1px solid {line}; border-top: none;
  border-bottom-left-radius: {radius}px; border-bottom-right-radius: {radius}px; }}
QWidget#card {{ background: {card}; border: 1px solid {line}; border-radius: {radius}px; }}
QLabel#faint {{ color: {faint}; }}
QLabel#trouble {{ color: {red}; }}
"""
