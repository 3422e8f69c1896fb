"""The loss over a plane of weights, a square for each lane: logarithmic colours, contour lines, and the path on it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPen

from engine.probes.landscape import LandscapeAnswer, PlaneOf
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import heights, on_heights, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.contours import contours, log_levels
from netviz.widgets.kept import Kept
from netviz.widgets.landscape_path import Path, path_pixels
from netviz.widgets.many import draw_lines
from netviz.widgets.marks import draw_head, draw_note, draw_spot
from netviz.widgets.plane import draw_ticks
from netviz.widgets.ticks import figure, percent, signed, whole

ROOM_FOR_TICKS = 110.0  # pixels of a square's side
ROWS_PAY = 0.75  # lanes stand side by side unless rows make squares larger by a third
DECADES = 8.0  # at most that colours tell apart
KEY_HEIGHT = 6.0
NARROWEST = 12.0  # pixels of the key's bar
KEY_COLOURS = 9
FEW = 40  # points that are waited for before a picture is made anew
NEAR = 9.0  # pixels
BESIDE = 150.0  # pixels of words beside a square
FINER = 4  # pixels of the picture from one point to the next


@dataclass(frozen=True, slots=True)
class Placed:
    """A lane's square, the line above it and the lines below."""

    lane: int
    head: QRectF
    square: QRectF
    foot: QRectF


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The picture of an answer: what its colours run between, none where there is no loss, and its contour lines."""

    answer: LandscapeAnswer
    ends: tuple[float, float] | None
    image: QImage
    lines: np.ndarray


class LandscapeMap(Canvas):
    covers: ClassVar[bool] = True

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self._drawn: dict[int, Drawn] = {}
        self._paths: dict[int, Path] = {}
        self._placed: Kept[list[Placed]] = Kept()
        self.follow(history.cursor, "step")

    def sizeHint(self) -> QSize:
        return QSize(280, 300)

    def forget(self) -> None:
        """Pictures are made anew."""
        self._drawn.clear()
        self.update()

    # Where things lie

    def placed(self, rect: QRectF) -> list[Placed]:
        count = len(self.history.lanes)
        return self._placed.of((rect.getRect(), self.fonts, count), lambda: self._best_grid(rect, count))

    def _best_grid(self, rect: QRectF, count: int) -> list[Placed]:
        grids = [self._grid(rect, count, rows) for rows in range(1, count + 1)]
        if not grids:
            return []
        return max(grids, key=lambda grid: grid[0].square.width() * (1.0 if grid is grids[0] else ROWS_PAY))

    def _grid(self, rect: QRectF, count: int, rows: int) -> list[Placed]:
        line, across = self.fonts.line, -(-count // rows)
        width, height = rect.width() / across, rect.height() / rows
        head = line + 2 if count > 1 else line / 2 + 1
        foot = 3 * line + 4 if height > 9 * line else 0.0
        left = below = 0.0
        if min(width, height - head - foot) >= ROOM_FOR_TICKS:
            left, below = self.fonts.figure_metrics.horizontalAdvance("−0.00") + 6, line + 1
        room, high = width - left - 8, height - head - below - 3
        stacked, beside = min(room, high - foot), min(room - BESIDE, high)
        aside = foot > 0 and beside > stacked  # words stand at the right of a square in a wide place
        side = max(4.0, float(int(beside if aside else stacked)))
        made = []
        for i in range(count):
            column, y = rect.left() + (i % across) * width, float(int(rect.top() + (i // across) * height + head))
            x = float(int(column + left + (0.0 if aside else max(0.0, room - side) / 2)))
            words = QRectF(column + 2, y + side + below + 2, width - 8, foot)
            if aside:
                words = QRectF(x + side + 10, y, column + width - 8 - x - side - 10, side)
            made.append(Placed(i, QRectF(column + 2, y - head, width - 8, line), QRectF(x, y, side, side), words))
        return made

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        placed, lanes = self.placed(rect), self.history.lanes
        heads = tuple((lane.info.name, lane.apart) for lane in lanes)
        found = [self._picture_of(lane) for lane in range(len(lanes))]

        def behind(inner: QPainter) -> None:
            for one, drawn in zip(placed, found, strict=True):
                if len(lanes) > 1:
                    draw_head(inner, self.fonts, one.head, heads[one.lane][0], one.lane, apart=heads[one.lane][1])
                if isinstance(drawn, str):
                    draw_note(inner, self.fonts, one.square, drawn)
                else:
                    self._draw_picture(inner, one, drawn)

        self.paint_behind(painter, rect, (heads, *found), behind)
        frame = QPen(QColor(theme().line), 1)
        for one in placed:
            answer = lanes[one.lane].landscape
            if answer is None or answer.values is None:
                continue
            self._paths.setdefault(one.lane, Path()).draw(painter, one.square, answer, keep=self.sharpness is None)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(frame)
            painter.drawRect(one.square)
            if one.foot.height() > 0:
                self._draw_words(painter, one.foot, answer)

    def _picture_of(self, lane: int) -> Drawn | str:
        """Made anew only where it would look otherwise; words where there is none."""
        answer, known = self.history.lanes[lane].landscape, self._drawn.get(lane)
        if answer is None or answer.values is None:
            return waiting(answer)
        if known is None or not much_the_same(answer, known.answer):
            values, ends = np.asarray(answer.values), reach(answer)
            lines = contours(values, [] if ends is None else log_levels(*ends))
            image = QImage() if ends is None else picture(values, *ends)
            known = self._drawn[lane] = Drawn(answer, ends, image, lines)
        return known

    def _draw_picture(self, painter: QPainter, one: Placed, drawn: Drawn) -> None:
        """The losses, and what their colours and places mean."""
        if drawn.ends is None:
            painter.fillRect(one.square, QColor(theme().red))
        else:
            self._draw_losses(painter, one.square, drawn)
        if one.square.width() >= ROOM_FOR_TICKS:
            draw_ticks(painter, self.fonts, one.square, drawn.answer.bounds)
        if one.foot.height() > 0 and drawn.ends is not None:
            top = QRectF(one.foot.left(), one.foot.top(), one.foot.width(), self.fonts.line)
            self._draw_key(painter, top, drawn.ends)

    def _draw_losses(self, painter: QPainter, square: QRectF, drawn: Drawn) -> None:
        image, n = drawn.image, len(drawn.answer.values)
        painter.save()
        painter.setClipRect(square)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        half = square.width() / (image.width() - 1) / 2  # the outermost points lie on the border
        painter.drawImage(square.adjusted(-half, -half, half, half), image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(square.left(), square.bottom())
        painter.scale(square.width() / (n - 1), -square.height() / (n - 1))
        _, ink = on_heights()
        ink.setAlphaF(0.4)
        painter.setPen(QPen(ink, 0))
        draw_lines(painter, drawn.lines)
        painter.restore()

    def _draw_words(self, painter: QPainter, foot: QRectF, answer: LandscapeAnswer) -> None:
        line, middle = self.fonts.line, Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        if foot.height() > 5 * line:  # beside the square, in as many lines as it takes
            text = f"{plane_in_words(answer)[0]}\n{path_in_words(answer)[0]}"
            below = foot.adjusted(0, line + 4, 0, 0)
            painter.drawText(below, int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop), text)
            return
        for k, options in enumerate((plane_in_words(answer), path_in_words(answer))):
            text = self.fonts.fitting(options, foot.width()) or self.fonts.shortened(options[-1], foot.width())
            painter.drawText(QRectF(foot.left(), foot.top() + (k + 1) * (line + 1), foot.width(), line), middle, text)

    def _draw_key(self, painter: QPainter, row: QRectF, ends: tuple[float, float]) -> None:
        """What the colours mean."""
        texts = [figure(end).strip() for end in ends]
        wide = [self.fonts.figure_metrics.horizontalAdvance(text) + 6 for text in texts]
        name = "loss" if row.width() > 160 else ""
        room = self.fonts.width([name]) + 8 if name else 0.0
        bar = QRectF(0, 0, row.width() - sum(wide) - room, KEY_HEIGHT)
        bar.moveTopLeft(QPointF(row.left() + room + wide[0], row.center().y() - KEY_HEIGHT / 2))
        if bar.width() < NARROWEST:
            return
        middle, ramp = Qt.AlignmentFlag.AlignVCenter, QLinearGradient(bar.topLeft(), bar.topRight())
        for k, pixel in enumerate(colours := heights(KEY_COLOURS).tolist()):
            ramp.setColorAt(k / (len(colours) - 1), QColor(pixel))
        painter.fillRect(bar, ramp)
        painter.setPen(QColor(theme().faint))
        painter.setFont(self.fonts.words)
        painter.drawText(QRectF(row.left(), row.top(), room, row.height()), middle, name)
        painter.setFont(self.fonts.figures)
        painter.drawText(QRectF(row.left() + room, row.top(), wide[0], row.height()), middle, texts[0])
        painter.drawText(QRectF(bar.right() + 6, row.top(), wide[1], row.height()), middle, texts[1])

    # The mouse, and the shared cursor

    def tip(self, at: QPointF) -> str:
        for one in self.placed(QRectF(self.rect())):
            answer = self.history.lanes[one.lane].landscape
            if answer is None or answer.values is None or not one.square.contains(at):
                continue
            across = (at.x() - one.square.left()) / one.square.width()
            up = (one.square.bottom() - at.y()) / one.square.height()
            values = np.asarray(answer.values)
            row, column = (round(share * (len(values) - 1)) for share in (up, across))
            left, right, low, high = answer.bounds
            x, y = left + across * (right - left), low + up * (high - low)
            text = f"loss {figure(float(values[row, column])).strip()} about {signed(f'{x:.3g}, {y:.3g}')}"
            step = self._step_at(one.square, answer, at)
            if step is None:
                return text
            k = int(np.flatnonzero(np.asarray(answer.steps) == step)[0])
            return f"{text}\nstep {whole(step)}: {figure(float(answer.off[k])).strip()} off the plane"
        return ""

    def _step_at(self, square: QRectF, answer: LandscapeAnswer, at: QPointF) -> int | None:
        steps, pixels = path_pixels(answer, square)
        if not len(pixels):
            return None
        far = np.hypot(pixels[:, 0] - at.x(), pixels[:, 1] - at.y())
        nearest = int(far.argmin())
        return int(steps[nearest]) if far[nearest] <= NEAR else None

    def mark_at(self, place: QPointF) -> Mark:
        for one in self.placed(QRectF(self.rect())):
            answer = self.history.lanes[one.lane].landscape
            if answer is not None and answer.values is not None and one.square.contains(place):
                step = self._step_at(one.square, answer, place)
                return NOTHING if step is None else Mark(step=step, lane=one.lane)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """A ring about the place of the path where the step that is pointed at lies."""
        step = cursor.mark.step
        for one in self.placed(rect) if step is not None else ():
            answer = self.history.lanes[one.lane].landscape
            if answer is None or answer.values is None:
                continue
            steps, pixels = path_pixels(answer, one.square)
            if not len(steps):
                continue
            x, y = pixels[np.abs(steps - step).argmin()]
            if one.square.contains(QPointF(x, y)):
                draw_spot(painter, QPointF(x, y), 6.0)


def has_picture(lane: LaneHistory) -> bool:
    return lane.landscape is not None and lane.landscape.values is not None


def reach(answer: LandscapeAnswer) -> tuple[float, float] | None:
    """The losses from the lowest colour to the highest; None without any."""
    known = np.ravel(answer.values)
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    low = max(low, high / 10**DECADES)
    return (low, high) if high > low * (1 + 1e-9) else (low / 1.01, low * 1.01)


def much_the_same(answer: LandscapeAnswer, drawn: LandscapeAnswer) -> bool:
    """Whether the picture of an answer need not be made anew: the path is drawn each time."""
    if answer is drawn or np.asarray(answer.values).tobytes() == np.asarray(drawn.values).tobytes():
        return answer.bounds == drawn.bounds
    alike = (answer.step, answer.bounds, answer.names) == (drawn.step, drawn.bounds, drawn.names)
    few = 0 <= answer.points - drawn.points < FEW and answer.points < answer.wanted
    return alike and few and len(answer.values) == len(drawn.values)


def picture(values: np.ndarray, low: float, high: float) -> QImage:
    """Logarithmic colours, the first row at the bottom, finer by straight lines between; red for what is no number."""
    with np.errstate(all="ignore"):
        shares = (np.log(np.maximum(values, low)) - np.log(low)) / (np.log(high) - np.log(low))
    n = len(values)
    fine = np.linspace(0, n - 1, FINER * (n - 1) + 1)
    below = np.minimum(fine.astype(int), n - 2)
    part = fine - below
    rows = shares[below] * (1 - part[:, None]) + shares[below + 1] * part[:, None]
    whole_picture = rows[:, below] * (1 - part) + rows[:, below + 1] * part
    level = np.rint(np.clip(np.nan_to_num(whole_picture, nan=0.0, posinf=0.0), 0, 1) * 255).astype(int)
    pixels = heights()[level]
    pixels[~np.isfinite(whole_picture)] = QColor(theme().red).rgb()
    pixels = np.ascontiguousarray(pixels[::-1])
    size = len(pixels)
    return QImage(pixels.data, size, size, 4 * size, QImage.Format.Format_RGB32).copy()


def waiting(answer: LandscapeAnswer | None) -> str:
    if answer is None:
        return "The landscape is computed."
    return answer.reason or f"{whole(answer.points)} of {whole(answer.wanted)} points are computed."


def plane_in_words(answer: LandscapeAnswer) -> tuple[str, ...]:
    """What the plane is and how far it is computed, in several lengths."""
    done = "" if answer.points >= answer.wanted else f", {percent(answer.points / answer.wanted, 0).strip()} computed"
    some = f"{whole(answer.examples)} of {whole(answer.count)} examples"
    if answer.plane is PlaneOf.WEIGHTS:
        across, up = answer.names
        return f"{across} → {up} ↑; {some}{done}", f"{across} → {up} ↑{done}", f"{across} →{done}", f"weights{done}"
    if answer.plane is PlaneOf.PATH:
        shares = " + ".join(percent(share, 0).strip() for share in answer.shares)
        return (
            f"path's principal directions ({shares}), step {whole(answer.step)}; {some}{done}",
            f"path ({shares}) about step {whole(answer.step)}{done}",
            f"step {whole(answer.step)}{done}",
        )
    return (
        f"two random directions about step {whole(answer.step)}; {some}{done}",
        f"random, about step {whole(answer.step)}{done}",
        f"step {whole(answer.step)}{done}",
    )


def path_in_words(answer: LandscapeAnswer) -> tuple[str, ...]:
    """Which steps the path has, and how far it is off the plane."""
    if answer.reason:
        return (answer.reason,)
    steps, off = np.asarray(answer.steps), np.asarray(answer.off)
    if len(steps) < 2:
        return (f"step {whole(steps[-1])}",) if len(steps) else ("",)
    text = f"path of steps {whole(steps[0])} to {whole(steps[-1])}"
    if answer.plane is PlaneOf.WEIGHTS:
        return text, f"to step {whole(steps[-1])}"
    most = figure(float(np.fmax.reduce(off))).strip()
    return f"{text}, up to {most} off the plane", f"to step {whole(steps[-1])}, {most} off", f"{most} off"
