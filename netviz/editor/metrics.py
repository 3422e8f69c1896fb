"""How large things are drawn: boxes shrink with the room there is, before the view has to zoom out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication

from netviz.document.layered import COLUMN, ROW
from netviz.editor.boxes import LanePicture
from netviz.theme import scaled

WIDEST, NARROWEST = 212.0, 76.0  # from box to box, in pixels; wider only where words need it
PADDING, BAR, PORT = 7.0, 3.0, 3.5
BAR_LEFT = 4.5  # clear of the port
MARGIN = 16.0
BETWEEN = 22.0  # from a box to the one below it
LEAST_BETWEEN, MOST_BETWEEN = 12.0, 40.0  # from lane to lane
LEAST_PICTURE, MOST_PICTURE = 34.0, 96.0  # how high a box's picture is
ABOVE, BELOW = 3.0, 1.0  # a picture, to the words and to the padding
LEAST_ZOOM, MOST_ZOOM = 0.08, 4.0
LEAST_FIT = 0.5  # smaller letters are not readable: rather pan


class Detail(IntEnum):
    """How much of a box can be read from afar."""

    BOXES = 0
    TITLES = 1
    ALL = 2

    @classmethod
    def at(cls, zoom: float) -> "Detail":
        return cls.BOXES if zoom < 0.35 else cls.TITLES if zoom < 0.6 else cls.ALL


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in scene units, which are pixels at zoom 1."""

    pitch: float  # from a box to the next one in the row
    width: float  # of a box
    title: QFont
    small: QFont
    title_height: float
    line_height: float
    picture: float = 0.0  # the height of the picture that a box holds in place of its third line; 0 for none

    @property
    def height(self) -> float:
        return self.words + (ABOVE + self.picture + BELOW if self.picture else self.line_height)

    @property
    def words(self) -> float:
        """The height of a box with two lines, and nothing below them."""
        return 2 * PADDING + self.title_height + self.line_height

    @property
    def header(self) -> float:
        return self.title_height + 7

    def place(self, at: tuple[float, float]) -> tuple[float, float]:
        """Scene coordinates of a place in a project's layout, relative to its lane."""
        return at[0] * self.pitch / COLUMN, at[1] * (self.height + BETWEEN) / ROW

    def unplace(self, x: float, y: float) -> tuple[float, float]:
        return round(x * COLUMN / self.pitch, 1), round(y * ROW / (self.height + BETWEEN), 1)


def fonts(roomy: bool) -> tuple[QFont, QFont]:
    """The title's and the small font."""
    title, small = QFont(QApplication.font()), QFont(QApplication.font())
    title.setPointSizeF(scaled(10.0 if roomy else 9.0))
    title.setWeight(QFont.Weight.DemiBold)
    small.setPointSizeF(scaled(8.5 if roomy else 8.0))
    return title, small


def metrics(
    lanes: Iterable[LanePicture], width: float, old: Metrics | None = None, tall: float | None = None
) -> Metrics:
    """Boxes as wide as `width` allows, but wide enough for the words in them; with `tall`, pictures as high as it does.

    After an edit they stay as `old` has them, where the words allow it: under the hand nothing else should move.
    """
    lanes = list(lanes)
    gap, box = _needed(lanes, roomy=False)
    same = old is not None and (old.picture == 0) == (tall is None)
    if old is not None and same and box <= old.width and gap <= old.pitch - old.width:
        return old
    columns = spread(lanes) / COLUMN + 1
    pitch = max(NARROWEST, gap + box, min(scaled(WIDEST), (width - 2 * MARGIN + gap) / columns))
    gap = min(pitch - box, max(gap, 0.3 * pitch))  # where there is room, the wires get their share
    roomy = pitch - gap >= _needed(lanes, roomy=True)[1]
    title, small = fonts(roomy)
    heights = QFontMetricsF(title).height() + 1, QFontMetricsF(small).height() + 1
    made = Metrics(pitch, pitch - gap, title, small, *heights)
    if tall is None:
        return made
    zoom = max(LEAST_FIT, min(1.0, (width - 2 * MARGIN) / ((columns - 1) * pitch + made.width)))
    return replace(made, picture=_picture(lanes, (tall - 2 * MARGIN) / zoom, made))


def spread(lanes: Iterable[LanePicture]) -> float:
    """From the leftmost box to the rightmost one, in the units of a project's layout."""
    corners = [lane.corners for lane in lanes if lane.places]
    return max((right for _, (right, _) in corners), default=0.0) - min((left for (left, _), _ in corners), default=0.0)


def _picture(lanes: list[LanePicture], tall: float, made: Metrics) -> float:
    """How high pictures are, where all lanes are to stand in `tall`; never higher than boxes are wide."""
    rows = [(bottom - top) / ROW + 1 for (_, top), (_, bottom) in (lane.corners for lane in lanes)] or [1.0]
    between = sum(count - 1 for count in rows) * BETWEEN + (len(rows) - 1) * LEAST_BETWEEN + len(rows) * made.header
    room = (tall - between) / sum(rows) - made.words - ABOVE - BELOW
    return float(int(max(LEAST_PICTURE, min(room, MOST_PICTURE, made.width - 2 * PADDING))))


def _needed(lanes: list[LanePicture], roomy: bool) -> tuple[float, float]:
    """The narrowest gap that shows every wire's shape, and the narrowest box that shows its first two lines."""
    title, small = (QFontMetricsF(font) for font in fonts(roomy))
    gaps = {text for lane in lanes for text in lane.wires.values()}
    titles = {box.title for lane in lanes for box in lane.boxes.values()}
    seconds = {box.second for lane in lanes for box in lane.boxes.values()}
    widths = [*map(title.horizontalAdvance, titles), *map(small.horizontalAdvance, seconds)]
    gap = max([14.0, *map(small.horizontalAdvance, gaps)]) + 4
    return gap, max(widths, default=40.0) + BAR_LEFT + BAR + 4 + PADDING - 1
