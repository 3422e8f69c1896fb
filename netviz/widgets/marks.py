"""Small things painted in many places: lane columns with their names, notes where there is nothing to draw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from netviz import theme

COLUMN_GAP = 14.0
ROOM_FOR_WORDS = 56.0  # pixels of a heading, beside the name
MOST_KNOWN = 500  # widths of texts in a font
DIGITS = str.maketrans("123456789", "000000000")
LIT = 1.6  # pixels of a frame round what is pointed at
# Flags of a text in one line, joined here: to join two takes as long as half a text.
MIDDLE = Qt.AlignmentFlag.AlignVCenter
LEFT, RIGHT = MIDDLE | Qt.AlignmentFlag.AlignLeft, MIDDLE | Qt.AlignmentFlag.AlignRight


class Widths:
    """How wide texts are in a font: most come again and again. With `digits` all digits are as wide as one another."""

    def __init__(self, metrics: QFontMetricsF, digits: bool = False) -> None:
        self._measure, self._digits = metrics.horizontalAdvance, digits
        self._known: dict[str, float] = {}

    def __call__(self, text: str) -> float:
        key = text.translate(DIGITS) if self._digits else text
        width = self._known.get(key)
        if width is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            width = self._known[key] = self._measure(key)
        return width


class Shortenings:
    """Texts with three dots at their end where there is no room for all; most come again, in the same room."""

    def __init__(self, metrics: QFontMetricsF) -> None:
        self._elide = metrics.elidedText
        self._known: dict[tuple[str, float], str] = {}

    def __call__(self, text: str, room: float) -> str:
        short = self._known.get((text, room))
        if short is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            short = self._known[text, room] = self._elide(text, Qt.TextElideMode.ElideRight, room)
        return short


class Heights:
    """How high texts are in a font where they are wrapped at a width: most come again and again."""

    def __init__(self, metrics: QFontMetricsF) -> None:
        self._metrics = metrics
        self._known: dict[tuple[str, float], float] = {}

    def __call__(self, text: str, width: float) -> float:
        height = self._known.get((text, width))
        if height is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            box = self._metrics.boundingRect(QRectF(0, 0, width, 1e4), int(Qt.TextFlag.TextWordWrap), text)
            height = self._known[text, width] = box.height()
        return height


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of pictures with their metrics, made once: each takes longer than a line of text."""

    words: QFont
    figures: QFont
    bold: QFont  # words that stand out
    title: QFont
    word_metrics: QFontMetricsF
    figure_metrics: QFontMetricsF
    bold_metrics: QFontMetricsF
    title_metrics: QFontMetricsF
    line: float  # the height of a line of words or figures
    wide: Widths  # of one text, in words' font
    figures_wide: Widths
    bold_wide: Widths
    elided: Shortenings  # in words' font
    bold_elided: Shortenings
    high: Heights  # of words

    def width(self, texts: Sequence[str]) -> float:
        """Of the widest of `texts`, in words' font."""
        return max(map(self.wide, texts), default=0.0)

    def fitting(self, wordings: Iterable[str], room: float) -> str:
        """The first of several wordings that there is room for, or nothing."""
        return next((text for text in wordings if self.wide(text) <= room), "")

    def shortened(self, text: str, room: float) -> str:
        """Words, with three dots at their end where there is no room for all."""
        return text if self.wide(text) <= room else self.elided(text, room)


def fonts() -> Fonts:
    made = theme.small(), theme.figures(), (bold := theme.small()), theme.title()
    bold.setWeight(QFont.Weight.DemiBold)
    sizes = [QFontMetricsF(font) for font in made]
    wide = Widths(sizes[0]), Widths(sizes[1], digits=True), Widths(sizes[2])
    short = Shortenings(sizes[0]), Shortenings(sizes[2])
    return Fonts(*made, *sizes, max(size.height() for size in sizes[:2]), *wide, *short, Heights(sizes[0]))


@dataclass(frozen=True, slots=True)
class Column:
    """One lane's part of a picture; `head` is empty where there is one lane only."""

    name: str
    head: QRectF
    body: QRectF


def columns(rect: QRectF, names: Sequence[str], head: float) -> list[Column]:
    """`rect` in equal columns, each under a head of the given height."""
    return list(_columns(rect.getRect(), tuple(names), head if len(names) > 1 else 0.0))


@lru_cache(64)  # they stay from picture to picture
def _columns(rect: tuple[float, float, float, float], names: tuple[str, ...], head: float) -> tuple[Column, ...]:
    left, top, room, height = rect
    gap = min(COLUMN_GAP, room * 0.04)
    width = (room - gap * (len(names) - 1)) / max(1, len(names))
    made = []
    for i, name in enumerate(names):
        x = left + i * (width + gap)
        body = QRectF(x, top + head, width, max(0.0, height - head))
        made.append(Column(name, QRectF(x, top, width, head), body))
    return tuple(made)


def draw_head(
    painter: QPainter, made: Fonts, rect: QRectF, name: str, lane: int, figures: str = "", apart: str = ""
) -> None:
    """A lane's name in its colour, then what tells it from the others, and figures at the right end if they fit."""
    taken = room_of_figures(made, rect, name, figures)
    draw_name(painter, made, rect, name, lane, taken, apart)
    if taken:
        draw_figures(painter, made, rect, figures)


def room_of_figures(made: Fonts, rect: QRectF, name: str, figures: str) -> float:
    """The width that figures take in a head; 0 where there are none, or they do not fit beside the name."""
    if rect.height() <= 0 or not figures:
        return 0.0
    taken = made.figures_wide(figures) + 6
    wanted = min(made.bold_wide(name), rect.width() * 0.5) if name else 0.0
    return taken if wanted + taken <= rect.width() else 0.0


def draw_name(
    painter: QPainter, made: Fonts, rect: QRectF, name: str, lane: int, taken: float = 0.0, apart: str = ""
) -> None:
    """The part of a head that seldom changes; its right end is `taken` by figures."""
    if rect.height() <= 0 or not name:
        return
    painter.setFont(made.bold)
    painter.setPen(theme.lane_colour(lane))
    text = made.bold_elided(name, rect.width() - taken)
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    left = made.bold_wide(text) + 8
    room = QRectF(rect.left() + left, rect.top(), rect.width() - taken - left, rect.height())
    if apart and room.width() >= min(ROOM_FOR_WORDS, made.width([apart])):
        painter.setFont(made.words)
        painter.setPen(QColor(theme.theme().faint))
        words = made.shortened(apart, room.width())
        painter.drawText(room, LEFT, words)


def draw_figures(painter: QPainter, made: Fonts, rect: QRectF, figures: str) -> None:
    """The part of a head that changes."""
    painter.setFont(made.figures)
    painter.setPen(QColor(theme.theme().faint))
    painter.drawText(rect, RIGHT, figures)


NO_RUN = "Nothing runs yet: draw a network, or open an experiment; large ones take some seconds."
NO_ACTIVATION = "No hidden activation in this network."


def draw_note(painter: QPainter, made: Fonts, rect: QRectF, text: str) -> None:
    """What would fill an empty picture, faint and in its middle."""
    painter.setFont(made.words)
    painter.setPen(QColor(theme.theme().faint))
    inner = rect.adjusted(8, 4, -8, -4)
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)


def backed(painter: QPainter, rect: QRectF, opacity: float = 0.82) -> None:
    """Card behind a text that may lie on a picture."""
    colour = QColor(theme.theme().card)
    colour.setAlphaF(opacity)
    painter.fillRect(rect, colour)


def draw_lit(painter: QPainter, rect: QRectF) -> None:
    """A frame round what the shared cursor points at: it does not colour what it frames."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.theme().accent), theme.thick(LIT)))
    painter.drawRoundedRect(rect, 3, 3)


def draw_step(painter: QPainter, x: float, top: float, bottom: float, *, pinned: bool) -> None:
    """The step that the shared cursor points at; where the mouse alone holds it, fainter."""
    painter.setPen(QPen(QColor(theme.theme().accent if pinned else theme.theme().faint), 1))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))


def draw_spot(painter: QPainter, centre: QPointF, radius: float) -> None:
    """A ring round the example that the shared cursor points at, on whatever ground."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, wide in ((theme.theme().card, 2 * LIT + 1), (theme.theme().accent, LIT)):
        painter.setPen(QPen(QColor(colour), wide))
        painter.drawEllipse(centre, radius, radius)
