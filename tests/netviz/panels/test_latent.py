"""The latent plane: dots where the code puts examples, pictures where the decoder puts them, and a place by hand."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor

from engine.probes.example import Part
from engine.probes.latent import Decoded, Latent
from netviz import theme
from netviz.panels.latent import LatentPanel
from netviz.runtime.cursor import Mark
from netviz.widgets.grey import grey_picture
from netviz.widgets.latent_parts import as_picture, picture_sides, place_under, sheet_image, tile_under
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import decoded_answer, latent_answer
from tests.netviz.panels.test_every_panel import open_panel, picture


def shown(qtbot, *names: str, width: int = 640, height: int = 480, **changes: object) -> LatentPanel:
    history = opened(*names)
    for lane in history.lanes:
        take(lane, probes=(latent_answer(**changes), decoded_answer()))
    return open_panel(qtbot, LatentPanel, history, width, height)


def parts(panel: LatentPanel, lane: int = 0):
    return panel.map.placed(QRectF(panel.map.rect()))[lane][3]


def pixel(panel: LatentPanel, at) -> QColor:
    place = panel.map.mapTo(panel, QPoint(round(at[0]), round(at[1])))
    return picture(panel).pixelColor(place)


def on(square: QRectF, x1: float, x2: float) -> tuple[float, float]:
    """Where a place of the plane from −2 to 2 lies, written otherwise than the panel does it."""
    return square.x() + (x1 + 2) / 4 * square.width(), square.y() + (2 - x2) / 4 * square.height()


def test_examples_are_dots_in_their_class_colour_where_the_code_puts_them(qtbot) -> None:
    panel = shown(qtbot)
    square, answer = parts(panel).examples, latent_answer()
    for number, label in ((5, 0), (25, 1)):
        at = on(square, *answer.points[number].tolist())
        assert pixel(panel, at) == theme.class_colour(label)
    assert pixel(panel, on(square, -1.5, 1.5)) == QColor(theme.theme().raised)


def test_the_decoder_draws_a_picture_at_each_place_brighter_to_the_right_and_up(qtbot) -> None:
    panel = shown(qtbot)
    square = parts(panel).decoder
    greys = {}
    for row in range(5):
        for column in range(5):
            # Off the middle, where a place that is chosen would be marked.
            x1, x2 = (-2 + 4 * (i + 0.3) / 5 for i in (column, row))
            greys[row, column] = pixel(panel, on(square, x1, x2)).value() / 255
    for (row, column), grey in greys.items():
        assert grey == pytest.approx((row + column) / 8, abs=0.01)


def test_originals_stand_over_reconstructions(qtbot) -> None:
    panel = shown(qtbot)
    made, answer = parts(panel), latent_answer()
    for boxes, values in ((made.originals, answer.originals), (made.rebuilt, answer.rebuilt)):
        for box, one in zip(boxes, values, strict=True):
            for row, column in ((1, 1), (6, 6)):
                at = box.x() + (column + 0.5) / 8 * box.width(), box.y() + (row + 0.5) / 8 * box.height()
                assert pixel(panel, at).value() / 255 == pytest.approx(one.reshape(8, 8)[row, column], abs=0.03)
    assert all(o.bottom() < r.top() for o, r in zip(made.originals, made.rebuilt, strict=True))


def test_in_the_light_theme_it_is_ink_on_paper(qtbot) -> None:
    theme.look().use(theme.LIGHT)
    panel = shown(qtbot)
    square = parts(panel).decoder
    assert pixel(panel, on(square, -1.7, -1.7)).value() > 250
    assert pixel(panel, on(square, 1.7, 1.7)).value() < 5


@pytest.mark.parametrize("which", ["examples", "decoder"])
def test_a_drag_asks_what_is_decoded_there_and_holds_on_beyond_the_sides(qtbot, which) -> None:
    panel = shown(qtbot)
    assert panel.probes == (Latent(""),)
    square = getattr(parts(panel), which)
    asked = []
    panel.wishes_changed.connect(lambda: asked.append(panel.probes[1]))
    start, to = (QPoint(*(round(v) for v in on(square, *at))) for at in ((0.5, -0.5), (1.0, 1.5)))
    qtbot.mousePress(panel.map, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(panel.map, to)
    qtbot.mouseMove(panel.map, QPoint(to.x(), 0))
    qtbot.mouseRelease(panel.map, Qt.MouseButton.LeftButton, pos=QPoint(to.x(), 0))
    for probe, at in zip(asked, ((0.5, -0.5), (1.0, 1.5), (1.0, 2.0)), strict=True):
        assert isinstance(probe, Decoded)
        np.testing.assert_allclose(probe.at, at, atol=4 / square.width())


def test_what_is_decoded_is_drawn_large(qtbot) -> None:
    panel = shown(qtbot)
    box = parts(panel).point
    panel.map.move_to((0.5, -0.5))
    panel.refresh()
    for row, column in ((0, 1), (7, 6)):
        at = box.x() + (column + 0.5) / 8 * box.width(), box.y() + (row + 0.5) / 8 * box.height()
        assert pixel(panel, at).value() / 255 == pytest.approx((8 * row + column) / 63, abs=0.03)
    assert "(0.5, −0.5)" in panel.says.text()
    take(panel.history.lanes[0], probes=(decoded_answer(node="h1"),))  # of another code: it came too late
    panel.refresh()
    assert pixel(panel, at) != QColor(255, 255, 255)


def test_keys_move_the_place_and_choose_the_code(qtbot) -> None:
    panel = shown(qtbot)
    qtbot.keyClick(panel.map, Qt.Key.Key_Right)
    assert panel.map.at == pytest.approx((0.1, 0.0))  # a 40th of the side, from the middle on
    qtbot.keyClick(panel.map, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert panel.map.at == pytest.approx((0.1, 0.02))
    for _ in range(60):
        qtbot.keyClick(panel.map, Qt.Key.Key_Left)
    assert panel.map.at == pytest.approx((-2.0, 0.02))
    qtbot.keyClick(panel.map, Qt.Key.Key_N)
    assert panel.probes == (Latent("h1"),)  # whose plane is another: no place is chosen in it
    qtbot.keyClick(panel.map, Qt.Key.Key_P)
    qtbot.keyClick(panel.map, Qt.Key.Key_P)
    assert panel.probes == (Latent("a1"),)


def test_an_example_is_told_and_lit_in_the_plane_and_below(qtbot) -> None:
    panel = shown(qtbot)
    made, canvas = parts(panel), panel.map
    (x, y), middle = on(made.examples, *latent_answer().points[25].tolist()), made.rebuilt[1].center()
    assert canvas.mark_at(QRectF(x, y, 0, 0).topLeft()) == Mark(example=(Part.TRAINING, 25))
    assert "class one" in canvas.tip(QRectF(x, y, 0, 0).topLeft())
    assert canvas.mark_at(middle) == Mark(example=(Part.VALIDATION, 1))
    assert "error 0.250" in canvas.tip(middle)
    before = picture(panel)
    panel.history.cursor.hover(Mark(example=(Part.VALIDATION, 1)))
    assert picture(panel) != before


def test_every_lane_has_its_own_plane_and_a_classifier_a_word(qtbot) -> None:
    panel = shown(qtbot, "A", "B")
    take(panel.history.lanes[1], probes=(type(latent_answer())("Drawn of autoencoders."),))
    panel.refresh()
    assert len(panel.map.told()) == 1
    assert panel.map.note == ""
    take(panel.history.lanes[0], probes=(type(latent_answer())("Drawn of autoencoders."),))
    panel.refresh()
    assert panel.map.note == "Drawn of autoencoders."


def test_the_words_have_the_errors_and_the_table_the_places(qtbot) -> None:
    panel = shown(qtbot)
    assert all(word in panel.summary() for word in ("0.030", "0.040", "0.050", "a1"))
    header, rows = panel.table()
    assert header[-1] == "error"
    assert len(rows) == 42
    assert rows[-1] == ("A", "a1", "validation", 2, *latent_answer().points_val[1].tolist(), 1.0, 0.25)
    assert rows[0][-1] is None


def test_nothing_finite_and_tiny_panels_do_not_harm(qtbot) -> None:
    nan = np.full((40, 2), np.nan, np.float32)
    bad = np.full((5, 5, 64), np.nan, np.float32)
    panel = shown(qtbot, points=nan, pictures=bad, error=float("nan"), bounds=(-1.0, 1.0, -1.0, 1.0))
    assert picture(panel).width() == 640
    assert parts(shown(qtbot, width=160, height=120)).point.isEmpty()


@pytest.mark.parametrize(
    ("shape", "low", "sides"),
    [((64,), 0.0, (8, 8)), ((64,), -1.0, (1, 64)), ((13,), 0.0, (1, 13)), ((1, 28, 20), 0.0, (28, 20)),
     ((3, 4, 6), 0.0, (4, 6))],
)  # fmt: skip
def test_pictures_have_the_sides_of_the_data(shape, low, sides) -> None:
    count = int(np.prod(shape))
    values = np.linspace(0, 1, 4 * count).reshape(2, 2, count).astype(np.float32)
    answer = latent_answer(shape=shape, low=low, pictures=values)
    assert picture_sides(answer) == sides
    image = sheet_image(answer)
    assert (image.height(), image.width()) == (2 * sides[0], 2 * sides[1])
    one = as_picture(answer, values[1, 0])
    if shape[0] == 3:
        np.testing.assert_array_equal(one, values[1, 0].reshape(shape))
        assert grey_picture(one, 0, 1).isGrayscale() is False
    else:
        np.testing.assert_array_equal(one.ravel(), values[1, 0])
        assert image.pixelColor(0, 0).value() == int((values[1, 0, 0] - low) / (1 - low) * 255)


def test_pixels_and_places_are_each_other() -> None:
    square, bounds = QRectF(10, 20, 100, 100), (-1.0, 3.0, 0.0, 2.0)
    assert place_under(QRectF(10, 120, 0, 0).topLeft(), square, bounds) == (-1.0, 0.0)
    assert place_under(QRectF(85, 70, 0, 0).topLeft(), square, bounds) == (2.0, 1.0)
    assert tile_under(QRectF(11, 119, 0, 0).topLeft(), square, 5) == (0, 0)
    assert tile_under(QRectF(109, 45, 0, 0).topLeft(), square, 5) == (3, 4)


@pytest.mark.parametrize("size", [(640, 480), (620, 220), (300, 500), (420, 280)], ids=str)
def test_the_parts_do_not_lie_on_one_another(qtbot, size) -> None:
    panel = shown(qtbot, width=size[0], height=size[1])
    made = parts(panel)
    assert not made.point.isEmpty()
    boxes = [made.examples, made.decoder, made.point, *made.originals, *made.rebuilt]
    for i, box in enumerate(boxes):
        assert QRectF(panel.map.rect()).contains(box)
        assert not any(box.intersects(other) for other in boxes[:i])
