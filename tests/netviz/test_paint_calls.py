"""What pictures of maps and rows ask of the painter: many things at once, and nothing again that is as it was."""

from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from engine.probes.representation import INPUT
from netviz import theme
from netviz.panels.adversary import AdversaryPanel
from netviz.panels.confusion import ConfusionPanel
from netviz.panels.follow import FollowPanel
from netviz.panels.representation import RepresentationPanel
from netviz.panels.saturation import SaturationPanel
from netviz.panels.worst import WorstPanel
from netviz.widgets.backdrop import Stamps
from netviz.widgets.canvas import Canvas
from netviz.widgets.confusion import ConfusionTable
from netviz.widgets.dots import PlainDots, draw_round_points
from netviz.widgets.example_list import picture_of
from netviz.widgets.kept import Kept
from netviz.widgets.many import draw_lines, lay_tiles
from netviz.widgets.marks import fonts
from netviz.widgets.representation import RepresentationMap
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import layer_view, representation_answer
from tests.netviz.panels.output_answers import confusion_answer, listed, worst_answer
from tests.netviz.panels.test_every_panel import every_panel, filled, open_panel

RATIOS = pytest.mark.parametrize("ratio", [1.0, 2.0])
SIDE = 12  # of a tile


@pytest.fixture(autouse=True)
def dark(qapp: QApplication):
    theme.start(qapp, "dark")
    yield
    theme.look().use(theme.DARK)


class Counting(QPainter):
    """Counts calls by name."""

    def __init__(self, on: QImage) -> None:
        super().__init__(on)
        self.calls: dict[str, int] = {}


def counted(name: str):
    def call(painter: Counting, *given) -> None:
        painter.calls[name] = painter.calls.get(name, 0) + 1
        getattr(QPainter, name)(painter, *given)

    return call


for name in ("drawText", "drawPixmap", "drawPixmapFragments", "drawLines", "drawPolyline"):
    setattr(Counting, name, counted(name))


def sheet(ratio: float) -> QImage:
    made = QImage(round(300 * ratio), round(200 * ratio), QImage.Format.Format_RGB32)
    made.setDevicePixelRatio(ratio)
    made.fill(QColor(theme.theme().card))
    return made


def calls(canvas) -> dict[str, int]:
    """What a picture asks of the painter when it is painted again, as for another answer."""
    for _ in range(2):
        image = QImage(canvas.size(), QImage.Format.Format_RGB32)
        painter = Counting(image)
        canvas.paint(painter, QRectF(canvas.rect()))
        painter.end()
    return painter.calls


# Many at once


def tiles_of(ratio: float) -> QPixmap:
    """A disc of each of three colours, half of it transparent."""
    side = round(SIDE * ratio)
    made = QPixmap(3 * side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for k, colour in enumerate(("#f80", "#08f", "#8f08f0")):
        painter.setBrush(QColor(colour))
        painter.drawEllipse(QRectF(k * side + 1.5, 1.5, side - 3, side - 3))
    painter.end()
    return made


@RATIOS
def test_tiles_lie_where_each_by_itself_would(qapp, ratio) -> None:
    random = np.random.default_rng(3)
    corners, which, tiles = random.uniform(-5, 190, (80, 2)), random.integers(0, 3, 80), tiles_of(ratio)
    side = round(SIDE * ratio)
    found, wanted = sheet(ratio), sheet(ratio)
    painter = QPainter(found)
    lay_tiles(painter, corners, tiles, which, ratio)
    painter.end()
    single = [tiles.copy(k * side, 0, side, side) for k in range(3)]
    painter = QPainter(wanted)
    for one in single:
        one.setDevicePixelRatio(ratio)
    for corner, k in zip(corners.tolist(), which.tolist(), strict=True):
        painter.drawPixmap(QPointF(*corner), single[k])
    painter.end()
    assert found == wanted != sheet(ratio)


def test_of_no_tiles_and_no_lines_nothing_is_painted(qapp) -> None:
    found = sheet(1.0)
    painter = QPainter(found)
    lay_tiles(painter, np.zeros((0, 2)), tiles_of(1.0), np.zeros(0, int), 1.0)
    draw_lines(painter, np.zeros((0, 4)))
    painter.end()
    assert found == sheet(1.0)


def test_lines_lie_where_each_by_itself_would(qapp) -> None:
    ends = np.random.default_rng(4).uniform(0, 190, (40, 4))
    found, wanted = sheet(1.0), sheet(1.0)
    for image, draw in (
        (found, lambda painter: draw_lines(painter, ends)),
        (wanted, lambda painter: [painter.drawLine(QLineF(*one)) for one in ends.tolist()]),
    ):
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor("#fff"))
        draw(painter)
        painter.end()
    assert found == wanted != sheet(1.0)


def test_all_dots_of_a_part_are_one_call(qtbot) -> None:
    panel = open_panel(qtbot, RepresentationPanel, filled("net", "other"))
    asked = calls(panel.map)
    assert asked["drawPixmapFragments"] <= 4, "training and validation, in two columns"
    assert asked.get("drawPixmap", 0) <= 1, "what lies behind"


def test_the_bent_grid_of_a_picture_is_one_call(qtbot) -> None:
    panel = open_panel(qtbot, RepresentationPanel, filled("net"))
    panel.show_layer("a1")
    asked = calls(panel.map)
    assert any(view.lines is not None for view in panel.map.views(panel.history.lanes[0]))
    assert asked["drawLines"] == 1
    assert "drawPolyline" not in asked


# Nothing again


@every_panel
@pytest.mark.parametrize("names", [("net",), ("net", "other")])
def test_what_needs_no_card_below_it_covers_all_its_place(qtbot, kind, names) -> None:
    panel = open_panel(qtbot, kind, filled(*names))
    for canvas in (one for one in panel.findChildren(Canvas) if one.covers and one.isVisible() and not one.note):
        image, bare = QImage(canvas.size(), QImage.Format.Format_RGB32), QColor("#ff00ff")
        image.fill(bare)
        painter = QPainter(image)
        canvas.paint(painter, QRectF(canvas.rect()))
        painter.end()
        pixels = np.array(image.constBits()).view(np.uint32).reshape(image.height(), image.width())
        assert not (pixels == bare.rgb()).any()


@pytest.mark.parametrize(("names", "figures"), [(("net",), 2), (("net", "other"), 1)])
def test_of_shares_over_time_only_the_latest_figures_are_painted_anew(qtbot, names, figures) -> None:
    panel = open_panel(qtbot, SaturationPanel, filled(*names))
    asked = calls(panel.strips)
    assert asked["drawText"] == (figures + 1) * len(names), "of the one activation its shares, and the last step"


def test_of_a_step_that_fools_only_the_two_decisions_are_written_anew(qtbot) -> None:
    panel = open_panel(qtbot, AdversaryPanel, filled("net", "other"))
    assert calls(panel.view)["drawText"] == 2 * 3, "before, after and what becomes of all, of each network"


def test_of_arithmetic_only_the_numbers_are_written_anew(qtbot) -> None:
    panel = open_panel(qtbot, FollowPanel, filled("net"), 420, 600)
    rows = [one.row for one in panel.ledger.placed if one.row is not None]
    assert calls(panel.ledger)["drawText"] == len(rows) + sum(bool(row.text) for row in rows)


def test_what_is_kept_is_made_anew_where_it_would_be_another() -> None:
    kept: Kept[list[int]] = Kept()
    made = [kept.of((one,), lambda: [0]) for one in (1, 1, 2, 2, 1)]
    assert [one is other for one, other in pairwise(made)] == [True, False, True, False]
    kept.forget()
    assert kept.of((1,), lambda: [0]) is not made[-1]


class Words:
    """Paints a line of words in a place, and counts how often."""

    def __init__(self) -> None:
        self.painted = 0

    def __call__(self, painter: QPainter, area: QRectF) -> None:
        self.painted += 1
        painter.setFont(fonts().words)
        painter.setPen(QColor(theme.theme().text))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, "7 → 1")


@RATIOS
def test_a_stamp_looks_as_if_painted_on_the_spot(qapp, ratio) -> None:
    stamps, words, found, wanted = Stamps(), Words(), sheet(ratio), sheet(ratio)
    places = [QRectF(x, y, 50, 17) for x, y in ((3, 4), (80.3, 4), (3, 60), (80.3, 100.6), (200, 4))]
    for image, draw in (
        (found, lambda painter, area: stamps.draw(painter, area, ("7", "1"), words)),
        (wanted, Words()),
    ):
        painter = QPainter(image)
        for place in places:
            draw(painter, place)
        painter.end()
    assert found == wanted != sheet(ratio)


def test_a_stamp_is_painted_anew_only_where_it_would_come_out_otherwise(qapp) -> None:
    stamps, words = Stamps(), Words()

    def painted(x: float = 3.0, made_of: object = "7", wide: float = 50.0, ratio: float = 1.0) -> int:
        before, painter = words.painted, QPainter(image := sheet(ratio))
        stamps.draw(painter, QRectF(x, 5, wide, 17), (made_of,), words)
        painter.end()
        assert image != sheet(ratio)
        return words.painted - before

    assert painted() == 1
    assert [painted(), painted(x=103.0), painted()] == [0, 0, 0]
    assert [painted(x=3.5), painted(made_of="8"), painted(wide=60.0)] == [1, 1, 1]
    assert painted(ratio=2.0) == 1
    assert painted() == 1
    theme.look().use(theme.LIGHT)
    assert painted() == 1
    stamps.forget()
    assert [painted(), painted()] == [1, 0]


def test_a_pair_of_classes_is_painted_once_in_a_list(qtbot) -> None:
    history = opened("A")
    examples = tuple(listed(k, decided=1) for k in range(4))
    take(history.lanes[0], probes=(worst_answer(examples=examples),))
    panel = open_panel(qtbot, WorstPanel, history)
    placed = panel.list.placed(QRectF(panel.list.rect()))
    figures = 1 + len(placed) * 3  # what was looked at; of each example its number, its share and its loss
    asked = calls(panel.list)
    assert len(placed) == 4
    assert asked["drawText"] == figures
    assert asked["drawPixmap"] == 1 + len(placed)


def test_the_picture_of_an_example_is_made_once_for_a_theme(qtbot) -> None:
    pixels = np.linspace(0, 1, 64)
    one, same = (replace(listed(k), x=pixels.copy(), shape=(1, 8, 8)) for k in (3, 4))
    dark = picture_of(one)
    assert dark is not None
    assert picture_of(same) is dark
    assert picture_of(replace(one, x=pixels[::-1].copy())) != dark
    theme.look().use(theme.LIGHT)
    assert picture_of(one) != dark


def test_shortened_words_are_measured_once(qapp) -> None:
    made = fonts()
    asked: list[str] = []
    measure = made.elided._elide
    made.elided._elide = lambda *given: (asked.append(given[0]), measure(*given))[1]
    words = [made.shortened("weights from the layer before", room) for room in (60.0, 60.0, 90.0, 1000.0)]
    assert asked == ["weights from the layer before"] * 2
    assert words[0] == words[1] != words[2] != words[3] == "weights from the layer before"


def test_examples_that_come_in_as_before_are_not_painted_anew(qtbot, monkeypatch) -> None:
    painted: list[RepresentationMap] = []
    paint = RepresentationMap.paint
    monkeypatch.setattr(RepresentationMap, "paint", lambda self, *given: (painted.append(self), paint(self, *given)))
    history = filled("net")
    answer = representation_answer(layer_view(INPUT, exact=True), layer_view("a1"))
    take(history.lanes[0], probes=(answer,))
    panel = open_panel(qtbot, RepresentationPanel, history)

    def after(layer: str, scale: float = 1.0) -> int:
        """How often it is painted because of an answer whose places are so much farther out."""
        panel.show_layer(layer)
        panel.map.repaint()
        painted.clear()
        layers = tuple(replace(view, points=view.points * scale) for view in answer.layers)
        take(history.lanes[0], probes=(replace(answer, layers=layers),))
        panel.refresh()
        panel.map.repaint()
        return len(painted)

    assert [after(INPUT, scale) for scale in (1.0, 1.0, 0.5, 0.5)] == [0, 0, 1, 0]
    assert [after("a1", scale) for scale in (1.0, 1.0)] == [1, 1]
    after(INPUT)
    for change in (panel.map.forget, panel.grid.toggle, lambda: theme.look().use(theme.LIGHT)):
        painted.clear()
        change()
        panel.refresh()
        panel.map.repaint()
        assert painted, change


def test_a_table_with_the_same_counts_is_not_painted_anew(qtbot, monkeypatch) -> None:
    painted: list[ConfusionTable] = []
    paint = ConfusionTable.paint
    monkeypatch.setattr(ConfusionTable, "paint", lambda self, *given: (painted.append(self), paint(self, *given)))
    history = opened("A")
    take(history.lanes[0], probes=(confusion_answer(),))
    panel = open_panel(qtbot, ConfusionPanel, history)

    def after(answer=None) -> int:
        """How often it is painted because of another answer."""
        QApplication.processEvents()
        painted.clear()
        if answer is not None:
            take(history.lanes[0], probes=(answer,))
        panel.refresh()
        panel.squares.repaint()
        return len(painted)

    assert [after(confusion_answer()), after()] == [0, 0]
    assert [after(confusion_answer((8, 1), (4, 6))), after(confusion_answer((8, 1), (4, 6)))] == [1, 0]
    panel.squares.chosen = (0, 1)
    assert [after(), after()] == [1, 0]
    theme.look().use(theme.LIGHT)
    assert after() <= 1
    light = panel.squares.grab().toImage().pixelColor(1, 1)
    assert light.lightness() > 200


# Dots


@RATIOS
def test_plain_dots_lie_where_each_painted_by_itself_does(qapp, ratio) -> None:
    random = np.random.default_rng(4)
    dotted = [(QColor(name), random.uniform(5, 190, (12, 2))) for name in ("#f80", "#08f")]
    found, wanted = sheet(ratio), sheet(ratio)
    kept = PlainDots()
    for image, draw in ((found, lambda p: kept.draw(p, dotted, 2.4, ratio)), (wanted, lambda p: single(p, dotted))):
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw(painter)
    bits = [np.array(image.constBits(), np.uint8).astype(int) for image in (found, wanted, sheet(ratio))]
    dots, off = np.abs(bits[1] - bits[2]).sum(), np.abs(bits[0] - bits[1]).sum()
    assert off < 0.12 * dots  # an eighth of a pixel to either side at the most
    assert abs((bits[0] - bits[1]).sum()) < 0.02 * dots


def single(painter: QPainter, dotted) -> None:
    draw_round_points(painter, dotted, 2.4)
