"""The picture of the plane: colours of the decision, x₂ upwards, examples where they are."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.run.messages import Points
from netviz import theme
from netviz.panels.boundary import BoundaryPanel
from netviz.widgets.decision_squares import APART
from netviz.widgets.plane import Palette, decision_image, place
from tests.netviz.panels.histories import opened, score, take
from tests.netviz.panels.output_answers import xor_answer
from tests.netviz.panels.test_every_panel import open_panel, picture

PLANE = (-1.0, 1.0, -1.0, 1.0)


def squares(panel):
    return [square for _, square in panel.squares.squares(QRectF(panel.squares.rect()))]


def colour_at(panel, lane: int, x1: float, x2: float) -> QColor:
    square = squares(panel)[lane]
    (spot,) = place(PLANE, square, np.array([[x1, x2]]))
    return picture(panel).pixelColor(panel.squares.mapTo(panel, QPointF(*spot).toPoint()))


def without_points(*names: str):
    history = opened(*names)
    nothing = np.zeros((0, 2), np.float32)
    history.points = Points(nothing, nothing[:, 0], nothing, nothing[:, 0], 2)
    return history


def near(found: QColor, wanted: str | QColor) -> bool:
    wanted = QColor(wanted)
    return max(abs(a - b) for a, b in zip(found.getRgb(), wanted.getRgb(), strict=True)) <= 3


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_the_corners_of_xor_have_their_classes_colours(qtbot, look) -> None:
    theme.look().use(look)
    history = without_points("A", "B")
    for lane in history.lanes:
        take(lane, probes=(xor_answer(),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    for lane in (0, 1):
        assert near(colour_at(panel, lane, 0.7, 0.7), look.blue)
        assert near(colour_at(panel, lane, -0.7, -0.7), look.blue)
        assert near(colour_at(panel, lane, -0.7, 0.7), look.orange)
        assert near(colour_at(panel, lane, 0.7, -0.7), look.orange)


def test_upper_rows_of_the_answer_lie_above(qtbot) -> None:
    history = without_points()
    values = np.tile(np.linspace(0, 1, 20, dtype=np.float32)[:, None], 20)
    take(history.lanes[0], probes=(BoundaryAnswer(values, None, True, PLANE),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    assert near(colour_at(panel, 0, 0, 0.97), theme.DARK.orange)
    assert near(colour_at(panel, 0, 0, -0.97), theme.DARK.blue)
    middle = colour_at(panel, 0, 0, 0)
    assert max(middle.getRgb()[:3]) < 60


def test_several_classes_fade_with_confidence() -> None:
    winners = np.array([[0, 1], [2, 2]], np.uint8)
    values = np.array([[1.0, 1.0], [1.0, 1 / 3]], np.float32)
    image = decision_image(BoundaryAnswer(values, winners, True, PLANE), Palette.of_theme(3), 1.0, 3)
    found = [image.pixelColor(x, y) for x, y in ((0, 1), (1, 1), (0, 0), (1, 0))]
    for colour, wanted in zip(found, [*map(theme.class_colour, range(3)), theme.DARK.neutral], strict=True):
        assert near(colour, wanted)


def test_plain_numbers_share_one_symmetric_range(qtbot) -> None:
    history = without_points("A", "B")
    for lane, size in zip(history.lanes, (1.0, 2.0), strict=True):
        values = np.full((10, 10), size, np.float32)
        take(lane, probes=(BoundaryAnswer(values, None, False, PLANE),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    assert near(colour_at(panel, 1, 0, 0), theme.DARK.orange)
    half = theme.mix(theme.DARK.neutral, theme.DARK.orange, 0.5)
    assert near(colour_at(panel, 0, 0, 0), half)


def test_examples_lie_where_they_are_in_their_colours(qtbot) -> None:
    history = opened()
    history.points = Points(
        np.array([[0.5, 0.5], [-0.5, 0.5]], np.float32),
        np.array([1, 0], np.float32),
        np.zeros((0, 2), np.float32),
        np.zeros(0, np.float32),
        2,
    )
    flat = BoundaryAnswer(np.full((10, 10), 0.5, np.float32), None, True, PLANE)
    take(history.lanes[0], probes=(flat,))
    panel = open_panel(qtbot, BoundaryPanel, history, 600, 500)
    assert near(colour_at(panel, 0, 0.5, 0.5), theme.DARK.orange)
    assert near(colour_at(panel, 0, -0.5, 0.5), theme.DARK.blue)
    assert not near(colour_at(panel, 0, 0.5, -0.5), theme.DARK.orange)


def test_examples_are_painted_once_for_a_size(qtbot, monkeypatch) -> None:
    from netviz.widgets import decision_squares as boundary

    calls = []
    real = boundary.points_layer
    monkeypatch.setattr(boundary, "points_layer", lambda *a: calls.append(a) or real(*a))
    history = opened("A", "B")
    for lane in history.lanes:
        take(lane, probes=(xor_answer(),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    for _ in range(5):
        panel.refresh()
        picture(panel)
    assert len(calls) == 1
    panel.resize(500, 400)
    picture(panel)
    assert len(calls) == 2
    panel.reopened()
    picture(panel)
    assert len(calls) == 3


def test_one_input_has_no_picture(qtbot) -> None:
    history = opened(plane=False)
    history.lanes[0].info = replace(history.lanes[0].info, inputs=(1,))
    panel = open_panel(qtbot, BoundaryPanel, history)
    assert panel.squares.note.startswith("A network on one input has no plane")
    assert panel.probes == (Boundary(),)


@pytest.mark.parametrize(("size", "lanes"), [((240, 160), 3), ((900, 300), 3), ((260, 700), 3), ((300, 300), 1)])
def test_squares_are_square_inside_and_apart(qtbot, size, lanes) -> None:
    history = opened(*"ABC"[:lanes])
    for lane in history.lanes:
        take(lane, scores=[score(10, 0.1, 0.5, 0.1, 0.75)], probes=(xor_answer(),))
    panel = open_panel(qtbot, BoundaryPanel, history, *size)
    found = squares(panel)
    inside = QRectF(panel.squares.rect())
    assert all(square.width() == square.height() >= 40 for square in found)
    assert all(inside.contains(square) for square in found)
    assert not any(a.intersects(b) for i, a in enumerate(found) for b in found[:i])


@pytest.mark.parametrize("width", range(330, 640, 30))
def test_a_short_name_is_not_cut_for_its_figures(qtbot, width) -> None:
    names = "ReLU", "leaky", "tanh"
    plain, scored = opened(*names), opened(*names)
    for history in (plain, scored):
        for lane in history.lanes:
            take(lane, probes=(xor_answer(),))
    for lane in scored.lanes:
        take(lane, scores=[score(10, 0.1, 0.84)])
    panels = [open_panel(qtbot, BoundaryPanel, history, width, 200) for history in (plain, scored)]
    images = [panel.squares.grab().toImage() for panel in panels]
    assert images[0] != images[1], "there are no figures"
    for (head, _), name in zip(panels[0].squares.squares(QRectF(panels[0].squares.rect())), names, strict=True):
        area = QRectF(head.left(), head.top(), panels[0].squares.fonts.bold_wide(name), head.height()).toRect()
        assert images[0].copy(area) == images[1].copy(area), name


def test_a_name_has_the_room_beside_a_small_square(qtbot) -> None:
    history = opened("4 hidden units", "no hidden layer")
    for lane in history.lanes:
        take(lane, scores=[score(10, 0.1, 0.49)], probes=(xor_answer(),))
    shown = open_panel(qtbot, BoundaryPanel, history, 480, 190).squares
    (first, left), (second, right) = shown.squares(QRectF(shown.rect()))
    for head, lane in zip((first, second), history.lanes, strict=True):
        assert shown.fonts.bold_wide(lane.info.name) + APART + shown.fonts.figures_wide("49.0 %") <= head.width()
    assert first.right() + APART <= right.left()
    assert second.right() <= shown.width()
    assert left.width() < first.width()


def test_tall_and_narrow_puts_lanes_below_one_another(qtbot) -> None:
    history = opened("A", "B")
    panel = open_panel(qtbot, BoundaryPanel, history, 260, 600)
    first, second = squares(panel)
    assert first.left() == second.left()
    assert first.bottom() < second.top()


def test_the_tip_reads_the_plane(qtbot) -> None:
    history = opened()
    take(history.lanes[0], probes=(xor_answer(),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    square = squares(panel)[0]
    (spot,) = place(PLANE, square, np.array([[-0.5, 0.5]]))
    text = panel.squares.tip(QPointF(*spot))
    assert text.endswith("class 1, 1.000")
    assert panel.squares.tip(QPointF(QPoint(1, 1))) == ""


class Painted(QObject):
    """Counts how often widgets are painted."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.counts = dict.fromkeys(widgets, 0)
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, widget, event) -> bool:
        self.counts[widget] += event.type() == QEvent.Type.Paint
        return False


def test_a_new_answer_paints_the_squares_and_not_the_buttons_over_the_margin(qtbot):
    history = opened("A")
    take(history.lanes[0], probes=[xor_answer()])
    panel = open_panel(qtbot, BoundaryPanel, history, 420, 280)
    painted = Painted(panel.squares, panel.toggle, panel.sharp)
    qtbot.wait(50)
    for answer in range(3):
        painted.counts = dict.fromkeys(painted.counts, 0)
        panel.refresh()
        qtbot.waitUntil(lambda: painted.counts[panel.squares] == 1)
        assert painted.counts[panel.toggle] == painted.counts[panel.sharp] == 0, answer
    panel.squares.show_note("Another picture")  # all over
    qtbot.waitUntil(lambda: painted.counts[panel.toggle] == 1)
    panel.refresh()
    qtbot.waitUntil(lambda: painted.counts[panel.toggle] == 2)
