"""One box of the drawn network: a layer, its docked activation, its parameters. All painting of a box is here."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from netviz.editor.bounded import Bounded
from netviz.editor.box_picture import BoxPicture
from netviz.editor.boxes import OUT
from netviz.editor.followed_pictures import Cells
from netviz.editor.health import Mark
from netviz.editor.kit import Kit, dot
from netviz.editor.levels import Levels, share
from netviz.editor.live_pixels import LivePixels, clear, too_sharp
from netviz.editor.metrics import ABOVE, BAR, BAR_LEFT, PADDING, PORT, Detail, Metrics
from netviz.editor.pictures import Maps, Picture, Tiled, alike
from netviz.theme import RADIUS
from netviz.widgets.backdrop import Backdrop
from netviz.widgets.health import paint_mark

ROOM = 3.5  # between a box and the ring round it
INSET = 9.0  # from the right edge to the middle of the mark of health
STRIP = 13.0  # for the numbers of inputs whose order counts


class NodeItem(Bounded):
    """Draws a BoxPicture; knows which of its two nodes lies under a point. Its place is the box's top left."""

    def __init__(self, lane: int, picture: BoxPicture, metrics: Metrics, kit: Kit) -> None:
        super().__init__()
        self.lane = lane
        self.picture = picture
        self.metrics = metrics
        self.taken: frozenset[int] = frozenset()  # the ports on which wires end
        self._kit = kit
        self._chosen: frozenset[str] = frozenset()
        self._primary = False
        self._focused = False
        self._hovered: str | None = None
        self._hot: int | None = None
        self._ringed = False
        self._unit: int | None = None  # whose map has a ring of its own
        self._levels: Levels | None = None
        self._mark: Mark | None = None
        self._live: Picture | None = None
        self._followed: Picture | None = None
        self.pixels = LivePixels()  # of that picture
        self._still = Backdrop()  # of all the rest, while there is such a picture
        self._still_hovered: Backdrop | None = None  # the same, while the pointer is over it
        self._last: str | None = None  # the third line, once it was painted
        self._shape = QPainterPath()
        self._layout()
        self._said = False  # whether the words beside the pointer are those of what is drawn
        self.left = self.top = 0.0  # where it stands, to be asked of hundreds at a move of the mouse
        self.setZValue(1)

    def setPos(self, *at: QPointF | float) -> None:  # noqa: N802 - Qt's name
        super().setPos(*at)
        self.left, self.top = self.pos().toTuple()

    def show(self, picture: BoxPicture, metrics: Metrics, taken: frozenset[int]) -> None:
        """Repaints only where something differs."""
        resized, old = metrics is not self.metrics, self.picture
        if not resized and (picture is old or picture == old) and taken == self.taken:
            return
        self.metrics, self.picture, self.taken = metrics, picture, taken
        self._last = None
        if resized or (picture.depth is None, picture.numbered) != (old.depth is None, old.numbered):
            self._layout()
        if picture.words != old.words:
            self._say()
        self.update()

    def choose(self, nodes: frozenset[str], primary: bool, focused: bool) -> None:
        """Outlines the box where one of its nodes is among `nodes`, thicker while the keys go to the canvas."""
        chosen = nodes.intersection(self.picture.box.nodes)
        focused = focused and primary
        if (chosen, primary, focused) != (self._chosen, self._primary, self._focused):
            self._chosen, self._primary, self._focused = chosen, primary, focused
            self.update()

    def hover(self, node: str | None, port: int | None = None) -> None:
        """The pointer is over one of its nodes, or over a port."""
        if (node, port) != (self._hovered, self._hot):
            self._hovered, self._hot = node, port
            if node is None and port is None:  # it looks as before
                self._still_hovered = None
            self.update()

    def ring(self, ringed: bool, unit: int | None) -> None:
        """The shared cursor points at it, and perhaps at one of the units whose maps it shows."""
        old, self._ringed, self._unit = (self._ringed, self._unit), ringed, unit if ringed else None
        scene = self.scene()
        if ringed != old[0] and scene is not None:
            scene.redraw(self.boundingRect().translated(self.pos()), self._frame.translated(self.pos()))
        for number in {old[1], self._unit} if self._unit != old[1] else ():
            for tile in self._pointed(number):
                self.update(tile.adjusted(-1, -1, 1, 1))

    def show_levels(self, levels: Levels | None) -> None:
        """The signal's scale, as two thin bars at the lower edge: forward, and below it backward."""
        if levels != self._levels:
            self._levels = levels
            self._say()
            self.update()

    def show_live(self, live: Picture | None) -> None:
        """What the run shows in the box, where boxes hold pictures."""
        if not alike(live, self._live):
            old, self._live = self._live, live
            if (old and old.words) != (live and live.words):
                self._say()
            self.update(self._area)

    def show_followed(self, followed: Picture | None) -> None:
        """The followed example's values, in place of the live picture."""
        if followed is not self._followed:
            self._followed = followed
            self._say()
            self.update(self._area)

    def show_mark(self, mark: Mark | None) -> None:
        """How its layers fare, at the right upper corner."""
        old, self._mark = self._mark, mark
        if mark != old:
            self._say()
            if (mark and mark.health) is not (old and old.health):
                self.update(self._corner)

    def _say(self) -> None:
        """Other words are to stand beside the pointer: put together when they are wanted."""
        self._said = False

    def toolTip(self) -> str:  # noqa: N802 - Qt's name
        """Beside the pointer: what is drawn, line by line."""
        if not self._said:
            words = self.picture.words + (f"; {self._levels.words}" if self._levels is not None else "")
            more = [said.words for said in (self._mark, self._followed or self._live) if said is not None]
            self.setToolTip("\n".join([words, *more]))
            self._said = True
        return super().toolTip()

    @property
    def mark(self) -> Mark | None:
        return self._mark

    @property
    def live(self) -> Picture | None:
        return self._live

    @property
    def followed(self) -> Picture | None:
        return self._followed

    @property
    def live_rect(self) -> QRectF:
        """Where the live picture is painted; empty where boxes hold none."""
        return self._area

    def tiles(self) -> Sequence[QRectF]:
        """Where the maps of units are drawn in the box; none where it shows another picture."""
        if isinstance(self._followed, Cells):
            return self._followed.tiles(self._area)
        if not isinstance(self._live, Maps) or self._area.isEmpty():
            return ()
        return self._live.placed(self._area)[0]

    def _pointed(self, unit: int | None) -> Sequence[QRectF]:
        return () if unit is None else self.tiles()[unit : unit + 1]

    @property
    def levels(self) -> Levels | None:
        return self._levels

    @property
    def chosen(self) -> frozenset[str]:
        return self._chosen

    def rect(self) -> QRectF:
        return self._frame

    def second_rect(self) -> QRectF:
        """The second line, where a docked activation is clicked."""
        top = PADDING + self.metrics.title_height
        return QRectF(self._left - 3, top - 0.5, self.metrics.width - self._left - 1, self.metrics.line_height + 1)

    def port(self, number: int) -> QPointF:
        """Where wires end, in the scene: at an input by number, or at OUT."""
        return self.pos() + self._port(number)

    def ports(self) -> list[int]:
        return [OUT, *range(self.picture.inputs)]

    def _port(self, number: int) -> QPointF:
        if number == OUT:
            return QPointF(self.metrics.width, self.metrics.height / 2)
        count = max(self.picture.inputs, number + 1)
        return QPointF(0, self.metrics.height * (number + 1) / (count + 1))

    def node_at(self, point: QPointF) -> str:
        box = self.picture.box
        return box.activation if box.activation and self.second_rect().contains(point) else box.node

    def shape(self) -> QPainterPath:
        return self._shape

    def _layout(self) -> None:
        """Where things are in the box; asked for at every repaint, so it is known beforehand."""
        self._frame = rect = QRectF(0, 0, self.metrics.width, self.metrics.height)
        self.bound(rect.adjusted(-6, -6, 6, 6))
        self._shape = QPainterPath()
        self._shape.addRect(rect)
        bar = self.picture.depth is not None
        self._left = BAR_LEFT + BAR + 4 if bar else PADDING + (STRIP if self.picture.numbered else 2)
        room, m = self.metrics.width - self._left - PADDING + 1, self.metrics
        first = QRectF(self._left, PADDING, room, m.title_height)
        second = QRectF(self._left, first.bottom(), room, m.line_height)
        self._lines = first, second, QRectF(self._left, second.bottom(), room, m.line_height)
        self._large = QRectF(self._left, 0, room, m.words if m.picture else m.height)
        self._area = QRectF(self._left, second.bottom() + ABOVE, room, m.picture) if m.picture else QRectF()
        self._corner = QRectF(rect.right() - INSET - 6, rect.top() - 6, 12, 12)
        self._bar = QRectF(BAR_LEFT, PADDING, BAR, m.height - 2 * PADDING)
        self._last = None

    # Painting

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        shown = (self._followed or self._live) if not self._area.isEmpty() else None
        if widget is None or shown is None:
            self._paint_still(painter)
        elif isinstance(shown, Tiled) and not too_sharp(painter):  # what is round its squares lies over them
            if self._is_exposed(painter):
                self.pixels.fill(painter, self._area, shown)
            looks = *self._looks(), type(shown), shown.still
            self._kept_still().draw(painter, self.boundingRect(), looks, lambda inner: self._paint_round(inner, shown))
        else:  # it changes many times a second, and what is round it seldom does
            self._kept_still().draw(painter, self.boundingRect(), self._looks(), self._paint_still)
            self.pixels.draw(painter, self._area, shown)
        if widget is None and shown is not None:
            self.pixels.draw(painter, self._area, shown, once=True)  # as in a picture of the network
        if self._ringed and widget is not None:  # a light, and no part of a picture of the network
            self._paint_ring(painter, self._frame)
            painter.drawRects(list(self._pointed(self._unit)))

    def _is_exposed(self, painter: QPainter) -> bool:
        """Whether any of the live picture is to be painted: where a wire changes its ports are, and it is not."""
        exposed, onto = self.scene().exposed, painter.worldTransform().mapRect(self._area).toAlignedRect()
        return exposed is None or exposed.intersects(onto.adjusted(-1, -1, 1, 1))

    def _kept_still(self) -> Backdrop:
        if self._hovered is None and self._hot is None:
            return self._still
        if self._still_hovered is None:
            self._still_hovered = Backdrop()
        return self._still_hovered

    def _looks(self) -> tuple[object, ...]:
        """All that what stands still is painted from."""
        chosen = self._chosen, self._focused, self._hovered, self._hot
        mark = self._mark and self._mark.health
        return self.picture, self.metrics, self.taken, self._levels, mark, self._kit.detail, *chosen

    def _paint_round(self, painter: QPainter, shown: Tiled) -> None:
        """All but the squares of the live picture, in whose places nothing is left."""
        self._paint_still(painter)
        clear(painter, self._area, shown)

    def _paint_still(self, painter: QPainter) -> None:
        """All but the live picture."""
        detail = self._kit.detail
        self._paint_frame(painter)
        if detail is Detail.ALL:
            self._paint_second_mark(painter)
            self._paint_levels(painter)
        self._paint_words(painter, detail)
        self._paint_ports(painter, detail)
        if self._mark is not None:
            paint_mark(painter, self._mark.health, self._corner.center())

    def paint_afar(self, painter: QPainter, frame: QRectF) -> None:
        """For the overview, in the scene's coordinates."""
        kit, picture = self._kit, self.picture
        painter.fillRect(frame, kit.box_afar(picture.depth, picture.loose))
        if self._chosen or picture.problem:
            painter.setPen(kit.mark_afar if self._chosen else kit.wrong_afar)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame)
        if self._ringed:
            self._paint_ring(painter, frame)

    def _paint_ring(self, painter: QPainter, frame: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._kit.edge_chosen)
        painter.drawRoundedRect(frame.adjusted(-ROOM, -ROOM, ROOM, ROOM), RADIUS + ROOM, RADIUS + ROOM)

    def _paint_frame(self, painter: QPainter) -> None:
        kit, picture, rect = self._kit, self.picture, self._frame
        chosen = bool(self._chosen)
        if self._focused:
            painter.setPen(kit.glow)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-2.2, -2.2, 2.2, 2.2), RADIUS + 2, RADIUS + 2)
        hovered = self._hovered is not None
        edge = kit.edge_hover if hovered else kit.edge_faded if picture.loose else kit.edge
        painter.setPen(kit.edge_chosen if chosen else kit.edge_wrong if picture.problem else edge)
        painter.setBrush(kit.raised if hovered else kit.faded if picture.loose else kit.card)
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        if picture.problem and chosen:
            painter.setPen(kit.inner_wrong)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(2.5, 2.5, -2.5, -2.5), RADIUS - 2, RADIUS - 2)
        if picture.depth is None:
            return
        colour = kit.depth(*picture.depth)
        if picture.loose:
            colour = QColor(colour)
            colour.setAlphaF(0.45)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(self._bar, BAR / 2, BAR / 2)

    def _paint_second_mark(self, painter: QPainter) -> None:
        """The activation's line, where it is chosen or about to be."""
        activation = self.picture.box.activation
        if activation is None or not (activation in self._chosen or activation == self._hovered):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._kit.mark_chosen if activation in self._chosen else self._kit.mark_hover)
        painter.drawRoundedRect(self.second_rect(), 3, 3)

    def _paint_levels(self, painter: QPainter) -> None:
        if self._levels is None:
            return
        kit, length = self._kit, self.metrics.width - self._left - PADDING
        painter.setPen(Qt.PenStyle.NoPen)
        for row, (value, brush) in enumerate(
            ((self._levels.signal, kit.signal), (self._levels.gradient, kit.gradient))
        ):
            line = QRectF(self._left, self.metrics.height - 6.2 + row * 2.6, length, 1.6)
            painter.setBrush(kit.level_track)
            painter.drawRect(line)
            line.setWidth(length * share(value))
            painter.setBrush(brush)
            painter.drawRect(line)

    def _paint_words(self, painter: QPainter, detail: Detail) -> None:
        kit, m, picture = self._kit, self.metrics, self.picture
        text, faint = (kit.text_faded, kit.faint_faded) if picture.loose else (kit.text, kit.faint)
        if detail is Detail.TITLES:
            kit.write(painter, self._large, picture.title, m.title, text)
            return
        first, second, third = self._lines
        kit.write(painter, first, picture.title, m.title, text)
        kit.write(painter, second, picture.second, m.small, text if picture.box.activation in self._chosen else faint)
        if self._last is None:
            self._last = self._beside_title(first.width()) if m.picture else self._last_line(third.width())
        if not m.picture:
            kit.write(painter, third, self._last, m.small, faint)
        elif self._last:
            painter.setFont(m.small)
            painter.setPen(faint)
            painter.drawText(first, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._last)

    def _beside_title(self, room: float) -> str:
        """The id, where a picture has taken its line, if there is room."""
        node, m = self.picture.box.node, self.metrics
        taken = QFontMetricsF(m.title).horizontalAdvance(self.picture.title) + 8
        return node if taken + QFontMetricsF(m.small).horizontalAdvance(node) <= room else ""

    def _last_line(self, room: float) -> str:
        """The id and the count of parameters, as long as there is room."""
        node, count = self.picture.box.node, self.picture.count
        if not count:
            return node
        number = count.split(" param")[0]
        measure = QFontMetricsF(self.metrics.small)
        for text in (f"{node} · {count}", f"{node} · {number} param.", f"{node} · {number}", count, number):
            if measure.horizontalAdvance(text) <= room:
                return text
        return number

    def _paint_ports(self, painter: QPainter, detail: Detail) -> None:
        kit = self._kit
        if self.picture.numbered and detail is Detail.ALL:
            painter.setPen(kit.edge)
            painter.drawLine(QPointF(STRIP + 3, 1), QPointF(STRIP + 3, self.metrics.height - 1))
        for number in self.ports():
            at, hot = self._port(number), number == self._hot
            painter.setPen(kit.port_hot if hot else kit.port_edge)
            painter.setBrush(kit.port_taken if number in self.taken else kit.port)
            dot(painter, at.x(), at.y(), PORT + 1.5 if hot else PORT)
            if number != OUT and self.picture.numbered and detail is Detail.ALL:
                painter.setFont(self.metrics.small)
                painter.setPen(kit.faint)
                painter.drawText(QRectF(4, at.y() - 7, STRIP - 1, 14), Qt.AlignmentFlag.AlignCenter, str(number))
