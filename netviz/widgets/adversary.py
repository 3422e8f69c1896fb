"""The small step that fools, in every lane's network: picture + step = what is answered, over sizes, and for all."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.probes.adversary import FARTHEST, AdversaryAnswer, ForAll, Outcome
from netviz import theme
from netviz.runtime.history import History
from netviz.widgets.canvas import Canvas
from netviz.widgets.kept import Kept
from netviz.widgets.marks import columns, draw_head
from netviz.widgets.shades import clipped
from netviz.widgets.ticks import percent, whole
from netviz.widgets.tiles import Span, as_picture, draw_values, reach_of, shown

SPACE = 6.0  # between tiles, and between the parts
LARGEST = 120.0  # pixels of a tile's side
LEAST = 34.0  # pixels of a part's height; what has no room for it is left out
SHARES = {"faces": 0.36, "classes": 0.2, "sizes": 0.24, "all": 0.2}  # of the height
FADED = 0.45  # of a bar's colour, for what was before
SIGNS = ("+", "=")


@dataclass(frozen=True, slots=True)
class Face:
    """A small picture in its place, with the words below it and those that the mouse brings."""

    area: QRectF
    values: np.ndarray
    reach: float
    span: Span | None
    caption: str
    words: str


def name_of(answer: AdversaryAnswer, label: int | None) -> str:
    """What a class is called."""
    if label is None:
        return "nothing"
    return answer.names[label] if label < len(answer.names) else str(label)


def told(answer: AdversaryAnswer, outcome: Outcome | None) -> str:
    """The decision, with its probability where there is one."""
    if outcome is None or outcome.decided is None:
        return "nothing"
    name = name_of(answer, outcome.decided)
    return name if outcome.probabilities is None else f"{name} {percent(float(outcome.probabilities[outcome.decided]))}"


def step_in_words(answer: AdversaryAnswer) -> str:
    return f"ε {answer.epsilon:.3g}, {answer.share:.0%} of the range".replace("%", " %")


def for_all_in_words(found: ForAll) -> str:
    """How many the one step fools."""
    where = f"{whole(found.tried)} {found.part.value} examples that are right without it"
    return f"one step fools {percent(found.fooled).strip()} of {where}; by chance {percent(found.by_chance).strip()}"


class FooledView(Canvas):
    covers: ClassVar[bool] = True

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self._parts: dict[float, Kept[dict[str, QRectF]]] = {}  # of each column

    def sizeHint(self) -> QSize:
        return QSize(360, 360)

    # The places

    def bodies(self, rect: QRectF) -> list[QRectF]:
        names = [lane.info.name for lane in self.history.lanes]
        return [column.body for column in columns(rect, names, self.fonts.line + 2)]

    def parts(self, body: QRectF, answer: AdversaryAnswer) -> dict[str, QRectF]:
        """Faces, the classes' probabilities, what becomes of them with the size, and the step for all: if they fit."""
        shared, told = answer.for_all is not None, answer.before is not None and answer.before.probabilities is not None
        kept = self._parts.setdefault(body.left(), Kept())
        made_of = body.getRect(), self.fonts, shared, told
        return kept.of(made_of, lambda: self._laid_out(body, shared, told))

    def _laid_out(self, body: QRectF, shared: bool, told: bool) -> dict[str, QRectF]:
        wanted = [
            part
            for part in SHARES
            if part == "faces" or (part == "all" and shared) or (part in ("classes", "sizes") and told)
        ]
        while len(wanted) > 1 and any(height < LEAST for height in self._heights(body, wanted)[1:]):
            wanted.pop()
        made, top = {}, body.top()
        for part, height in zip(wanted, self._heights(body, wanted), strict=True):
            made[part] = QRectF(body.left(), top, body.width(), height - SPACE)
            top += height
        return made

    def _heights(self, body: QRectF, wanted: list[str]) -> list[float]:
        """By their shares; what faces in a narrow column do not need goes to the others."""
        whole_ = sum(SHARES[part] for part in wanted)
        faces = body.height() * SHARES["faces"] / whole_
        if len(wanted) > 1:
            faces = min(faces, self._side(body.width()) + self.fonts.line + SPACE)
        rest = (body.height() - faces) / max(whole_ - SHARES["faces"], 1e-9)
        return [faces, *(rest * SHARES[part] for part in wanted[1:])]

    @property
    def _gap(self) -> float:
        return max(SPACE, self.fonts.width(SIGNS) + 4)

    def _side(self, width: float) -> float:
        """Of the faces, as far as the width goes."""
        return min((width - 3 * self._gap) / 4, LARGEST)

    def faces(self, area: QRectF, answer: AdversaryAnswer) -> list[Face]:
        """The picture + the step = the sum, and beside them where the score looks."""
        low, high = answer.reach
        pictures = [as_picture(np.asarray(flat, np.float64), answer.shape, low) for flat in _flats(answer)]
        picture, step, fooled, saliency = map(shown, pictures)
        made = (
            (picture, 0.0, (low, high), told(answer, answer.before), f"class {name_of(answer, answer.label)}"),
            (step, answer.epsilon or 1.0, None, f"ε {answer.epsilon:.3g}", step_in_words(answer)),
            (fooled, 0.0, (low, high), told(answer, answer.after), "with the step"),
            (saliency, reach_of(saliency), None, "|∂z/∂x|", "what each number changes of the score decided for"),
        )
        return [Face(place, *face) for place, face in zip(self.face_areas(area), made, strict=True)]

    def face_areas(self, area: QRectF) -> list[QRectF]:
        gap, side = self._gap, max(4.0, min(area.height() - self.fonts.line, self._side(area.width())))
        return [QRectF(area.left() + n * (side + gap), area.top(), side, side) for n in range(4)]

    # The picture

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes = self.history.lanes
        places = columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)
        answers = [lane.adversary for lane in lanes]
        told = [
            (column.body, answer, self.parts(column.body, answer))
            for column, answer in zip(places, answers, strict=True)
            if answer is not None and not answer.reason
        ]

        def behind(inner: QPainter) -> None:
            for number, (column, answer) in enumerate(zip(places, answers, strict=True)):
                draw_head(inner, self.fonts, column.head, column.name, number, apart=lanes[number].apart)
                if answer is not None and answer.reason:
                    inner.setPen(QColor(theme.theme().faint))
                    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
                    inner.drawText(column.body, flags, answer.reason)
            for _, answer, areas in told:
                self._draw_still(inner, areas, answer)

        heads = [
            (lane.info.name, lane.apart, answer and answer.reason) for lane, answer in zip(lanes, answers, strict=True)
        ]
        still = [(answer.label, answer.names, answer.share, answer.epsilon, areas) for _, answer, areas in told]
        self.paint_behind(painter, rect, (heads, still), behind)
        for _, answer, areas in told:
            self._draw_faces(painter, areas["faces"], answer)
            if "classes" in areas:
                self._draw_classes(painter, areas["classes"], answer)
            if "sizes" in areas:
                self._draw_sizes(painter, areas["sizes"], answer)
            if "all" in areas and answer.for_all is not None:
                self._draw_for_all(painter, areas["all"], answer, answer.for_all)

    def _words(self, painter: QPainter, area: QRectF, text: str, colour: str, flags: int = 0) -> None:
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(colour))
        words = text if flags else self.fonts.shortened(text, area.width())
        painter.drawText(area, flags or int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    def _draw_still(self, painter: QPainter, areas: dict[str, QRectF], answer: AdversaryAnswer) -> None:
        """What stays from answer to answer: signs between faces, words below two of them, names, words of an axis."""
        colours, line, centre = theme.theme(), self.fonts.line, int(Qt.AlignmentFlag.AlignCenter)
        first, second, third, _ = self.face_areas(areas["faces"])
        for sign, one, other in zip(SIGNS, (first, second), (second, third), strict=True):
            between = QRectF(one.right(), one.top(), other.left() - one.right(), one.height())
            self._words(painter, between, sign, colours.faint, centre)
        for face in self.faces(areas["faces"], answer)[1::2]:
            self._draw_caption(painter, face, colours.faint)
        if "classes" in areas:
            area, slot = areas["classes"], areas["classes"].width() / _classes(answer)
            for k in range(_classes(answer)):
                name = name_of(answer, k)
                if self.fonts.wide(name) < slot:
                    under = QRectF(area.left() + k * slot, area.bottom() - line, slot, line)
                    self._words(painter, under, name, colours.faint, centre)
        if "sizes" in areas:
            area = areas["sizes"]
            top = QRectF(area.left(), area.top(), area.width(), line)
            words = f"probability of {name_of(answer, answer.label)} (grey: by chance)"
            self._words(painter, top, words, colours.faint)
            bottom = QRectF(area.left(), area.bottom() - line, area.width(), line)
            self._words(painter, bottom, "ε 0", colours.faint)
            end, flags = (
                f"{FARTHEST:.0%} of the range",
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
            )
            self._words(painter, bottom, end.replace("%", " %"), colours.faint, flags)

    def _draw_faces(self, painter: QPainter, area: QRectF, answer: AdversaryAnswer) -> None:
        colours = theme.theme()
        faces = self.faces(area, answer)
        right = [one is not None and one.decided == answer.label for one in (answer.before, answer.after)]
        for face in faces:
            draw_values(painter, face.area, face.values, face.reach, face.span)
        for face, good in zip(faces[::2], right, strict=True):
            self._draw_caption(painter, face, colours.faint if good else colours.red)

    def _draw_caption(self, painter: QPainter, face: Face, colour: str) -> None:
        below = QRectF(face.area.left(), face.area.bottom(), face.area.width() + SPACE, self.fonts.line)
        self._words(painter, below, face.caption, colour)

    def _draw_classes(self, painter: QPainter, area: QRectF, answer: AdversaryAnswer) -> None:
        """Before (pale) and after, a pair of bars for each class; the class that is true in blue."""
        assert answer.before is not None
        assert answer.after is not None
        before, after = (clipped(one.probabilities) for one in (answer.before, answer.after))
        line, colours, slot = self.fonts.line, theme.theme(), area.width() / len(before)
        floor, height, wide = area.bottom() - line, area.height() - line, max(1.0, slot * 0.4)
        true, false = (
            (theme.mix(colours.card, colour, FADED), QColor(colour)) for colour in (colours.blue, colours.orange)
        )
        for k, shares in enumerate(zip(before.tolist(), after.tolist(), strict=True)):
            for half, share in enumerate(shares):
                bar = QRectF(area.left() + (k + 0.1 + 0.4 * half) * slot, floor - share * height, wide, share * height)
                painter.fillRect(bar, (true if k == answer.label else false)[half])
        painter.fillRect(QRectF(area.left(), floor, area.width(), 1), QColor(colours.line))

    def _draw_sizes(self, painter: QPainter, area: QRectF, answer: AdversaryAnswer) -> None:
        """The probability of the true class against ε: along the sign, and by chance."""
        colours, line = theme.theme(), self.fonts.line
        plot = QRectF(area.left(), area.top() + line, area.width(), max(1.0, area.height() - 2 * line))
        shares = np.asarray(answer.shares)
        painter.fillRect(QRectF(plot.left(), plot.bottom(), plot.width(), 1), QColor(colours.line))
        across = plot.left() + answer.share / FARTHEST * plot.width()
        painter.fillRect(QRectF(across, plot.top(), 1, plot.height()), QColor(colours.accent))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for values, colour in ((answer.rightly_by_chance, colours.faint), (answer.rightly, colours.orange)):
            points = [
                QPointF(plot.left() + share / FARTHEST * plot.width(), plot.bottom() - value * plot.height())
                for share, value in zip(shares.tolist(), np.asarray(values).tolist(), strict=True)
                if np.isfinite(value)
            ]
            painter.setPen(QPen(QColor(colour), theme.thick(1.5)))
            painter.drawPolyline(points)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_for_all(self, painter: QPainter, area: QRectF, answer: AdversaryAnswer, found: ForAll) -> None:
        step = shown(as_picture(np.asarray(found.step, np.float64), answer.shape, answer.reach[0]))
        side = min(area.height(), area.width() / 3, LARGEST)
        draw_values(painter, QRectF(area.left(), area.top(), side, side), step, answer.epsilon or 1.0)
        words = QRectF(area.left() + side + SPACE, area.top(), area.width() - side - SPACE, area.height())
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap)
        self._words(painter, words, for_all_in_words(found), theme.theme().faint, flags)

    def tip(self, place: QPointF) -> str:
        for body, lane in zip(self.bodies(QRectF(self.rect())), self.history.lanes, strict=True):
            answer = lane.adversary
            if answer is None or answer.reason or not body.contains(place):
                continue
            areas = self.parts(body, answer)
            for face in self.faces(areas["faces"], answer):
                if face.area.contains(place):
                    return f"{face.caption}: {face.words}"
            if "classes" in areas and areas["classes"].contains(place):
                return _of_class(answer, int((place.x() - body.left()) / body.width() * _classes(answer)))
            if "all" in areas and areas["all"].contains(place) and answer.for_all is not None:
                return for_all_in_words(answer.for_all)
        return ""


def _classes(answer: AdversaryAnswer) -> int:
    assert answer.before is not None
    return len(answer.before.probabilities)


def _of_class(answer: AdversaryAnswer, label: int) -> str:
    """Before, after and by chance."""
    outcomes = (answer.before, answer.after, answer.by_chance)
    shares = [float(one.probabilities[min(label, _classes(answer) - 1)]) for one in outcomes if one is not None]
    before, after, by_chance = (percent(share).strip() for share in shares)
    return f"{name_of(answer, label)}: {before} → {after}; by chance {by_chance}"


def _flats(answer: AdversaryAnswer) -> tuple[np.ndarray, ...]:
    return answer.x, np.asarray(answer.sign) * answer.epsilon, answer.fooled, answer.saliency
