"""The loss landscape: colours, contour lines and path lie where the numbers say; what is chosen is asked for."""

from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor

from engine.probes.landscape import Landscape, PlaneOf
from netviz.panels.landscape import LandscapePanel
from netviz.runtime.cursor import Mark
from netviz.theme import heights, on_heights, theme
from netviz.widgets import landscape_path
from netviz.widgets.contours import contours, log_levels
from netviz.widgets.landscape import LandscapeMap, much_the_same, path_in_words, plane_in_words, reach
from netviz.widgets.landscape_path import line_through, path_pixels
from tests.netviz.panels.histories import NAN, opened, take
from tests.netviz.panels.layer_answers import landscape_answer
from tests.netviz.panels.test_every_panel import picture
from tests.netviz.panels.test_spectrum import near


def shown(qtbot, *names, width=700, **changes):
    history = opened(*names)
    for i, lane in enumerate(history.lanes):
        take(lane, probes=[landscape_answer(10.0**i, **changes)])
    panel = LandscapePanel(history)
    qtbot.addWidget(panel)
    panel.resize(width, 460)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def squares(panel) -> list[QRectF]:
    return [one.square for one in panel.map.placed(QRectF(panel.map.rect()))]


def close(a: QColor, b: QColor, within: int) -> bool:
    return max(abs(x - y) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3], strict=True)) <= within


def test_every_place_has_the_colour_of_its_loss(qtbot):
    panel = shown(qtbot, "A", "B", size=33, steps=np.array([7]), places=np.array([[0.5, 0.0]]), off=np.zeros(1))
    image, ramp, hits = picture(panel.map), heights(), 0
    for lane, square in zip(panel.history.lanes, squares(panel), strict=True):
        low, high = reach(lane.landscape)
        for x, y in np.random.default_rng(0).uniform(-0.95, 0.95, (60, 2)):
            loss = np.asarray(lane.landscape.values).min() / 0.1 * (0.1 + (x - 0.5) ** 2 + y**2)
            level = round(255 * np.log(loss / low) / np.log(high / low))
            at = image.pixelColor(
                round(square.left() + (x + 1) / 2 * square.width()),
                round(square.bottom() - (y + 1) / 2 * square.height()),
            )
            hits += close(at, QColor(int(ramp[min(max(level, 0), 255)])), 22)
    assert hits > 90  # the others lie under a contour line


def test_the_first_row_is_at_the_bottom_and_what_is_no_number_is_red(qtbot):
    values = np.ones((5, 5))
    values[0] = 1e-3
    values[:, -1] = np.nan
    panel = shown(qtbot, "A", values=values, steps=np.zeros(0, int), places=np.zeros((0, 2)), off=np.zeros(0))
    image, (square,) = picture(panel.map), squares(panel)
    assert close(image.pixelColor(round(square.left()) + 9, round(square.bottom()) - 3), QColor(int(heights()[0])), 20)
    assert close(image.pixelColor(round(square.left()) + 9, round(square.top()) + 9), QColor(int(heights()[-1])), 20)
    assert close(image.pixelColor(round(square.right()) - 4, round(square.center().y())), QColor(theme().red), 20)


def lined(image, x: float, y: float) -> bool:
    """Whether the path runs there: white on a dark rim, wherever between pixels it lies."""
    return brightest(image, x, y) > 165 and min(_around(image, x, y)) < 90


def brightest(image, x: float, y: float) -> int:
    return max(_around(image, x, y))


def _around(image, x: float, y: float) -> list[int]:
    near = range(-3, 4)
    return [image.pixelColor(int(x) + i, int(y) + k).lightness() for i in near for k in near]


def test_the_path_lies_on_its_places_and_is_hovered_by_step(qtbot):
    panel = shown(qtbot, "A")
    image, (square,) = picture(panel.map), squares(panel)
    answer = panel.history.lanes[0].landscape
    steps, pixels = path_pixels(answer, square)
    assert steps.tolist() == [0, 2, 4, 7]
    for (x, y), at in zip(answer.places, pixels, strict=True):
        expected = square.left() + (x + 1) / 2 * square.width(), square.bottom() - (y + 1) / 2 * square.height()
        np.testing.assert_allclose(at, expected)
    assert near(image, QPointF(*pixels[-1]), on_heights()[0], 1)  # a full dot: now
    for k in range(3):
        assert lined(image, *(pixels[k] + pixels[k + 1]) / 2)
    assert panel.map.mark_at(QPointF(*pixels[2]) + QPointF(3, 3)) == Mark(step=4, lane=0)
    assert panel.map.mark_at(QPointF(square.left() + 2, square.bottom() - 2)) == Mark()
    tip = panel.map.tip(QPointF(*pixels[1]))
    assert "step 2: 0.250 off the plane" in tip
    assert tip.startswith("loss 0.")
    panel.history.cursor.hover(Mark(step=3.9))
    assert near(picture(panel.map), QPointF(*pixels[2]) + QPointF(6, 0), QColor(theme().accent))
    assert not near(image, QPointF(*pixels[2]) + QPointF(6, 0), QColor(theme().accent))


def test_a_picture_is_made_anew_for_what_is_seen_to_have_changed():
    drawn = landscape_answer(points=500)
    moved = {"steps": np.arange(3), "places": np.zeros((3, 2)), "off": np.zeros(3)}
    assert much_the_same(landscape_answer(points=500, **moved), drawn)  # the path is drawn each time
    other = np.ones((9, 9))
    assert much_the_same(landscape_answer(points=520, values=other), drawn)
    for changes in ({"points": 560}, {"points": 1089}, {"points": 300}, {"points": 510, "step": 8}):
        assert not much_the_same(landscape_answer(values=other, **changes), drawn), changes
    assert not much_the_same(landscape_answer(points=510, values=np.ones((17, 17))), drawn)
    assert not much_the_same(landscape_answer(points=500, bounds=(0.0, 1.0, 0.0, 1.0)), drawn)


def test_the_losses_are_painted_once_while_the_path_goes_on(qtbot, monkeypatch):
    painted, losses = [], LandscapeMap._draw_losses
    monkeypatch.setattr(LandscapeMap, "_draw_losses", lambda *args: (painted.append(args), losses(*args)))
    panel = shown(qtbot, "A", "B")
    first = picture(panel.map)
    assert len(painted) == 2
    for step in range(8, 12):
        path = {"steps": np.array([0, step]), "places": np.array([[-0.75, 0.75], [0.9, -0.1 * step]])}
        for i, lane in enumerate(panel.history.lanes):
            take(lane, probes=[landscape_answer(10.0**i, off=np.zeros(2), **path)])
        panel.refresh()
        last = picture(panel.map)
    assert len(painted) == 2
    assert last != first
    take(panel.history.lanes[0], probes=[landscape_answer(2.0, step=12)])
    panel.refresh()
    assert picture(panel.map) != last
    assert len(painted) == 4


def test_while_the_present_place_alone_is_new_the_path_behind_it_is_not_painted_again(qtbot, monkeypatch):
    painted, through = [], landscape_path.line_through
    monkeypatch.setattr(
        landscape_path, "line_through", lambda painter, at, long: (painted.append(at), through(painter, at, long))[1]
    )
    places = np.array([[-0.75, 0.75], [-0.25, 0.75], [-0.25, 0.0], [0.5, 0.0]])
    panel = shown(qtbot, "A", steps=np.arange(4), places=places, off=np.zeros(4))
    for moved in (0.0, -0.5):
        places[-1, 1] = moved
        take(
            panel.history.lanes[0],
            probes=[landscape_answer(steps=np.arange(4), places=places.copy(), off=np.zeros(4))],
        )
        panel.refresh()
        image, (square,) = picture(panel.map), squares(panel)
        _, pixels = path_pixels(panel.history.lanes[0].landscape, square)
        pieces = [(pixels[k] + pixels[k + 1]) / 2 for k in range(3)]
        assert all(lined(image, *at) for at in pieces)
        assert all(brightest(image, *at) > 165 for at in pixels[1:])
    assert [len(at) for at in painted] == [3]
    moved_on = landscape_answer(steps=np.arange(5), places=np.vstack([places, [[0.9, 0.9]]]), off=np.zeros(5))
    take(panel.history.lanes[0], probes=[moved_on])
    panel.refresh()
    picture(panel.map)
    assert [len(at) for at in painted] == [3, 4]


def test_a_path_to_and_fro_is_drawn_piece_by_piece(qtbot):
    steps = np.arange(50)
    places = np.stack([0.8 * (-1.0) ** steps, np.linspace(-0.9, 0.9, 50)], 1)
    panel = shown(qtbot, "A", steps=steps, places=places, off=np.zeros(50))
    image, (square,) = picture(panel.map), squares(panel)
    _, pixels = path_pixels(panel.history.lanes[0].landscape, square)
    for k in range(0, 49, 5):
        x, y = map(int, (pixels[k] + pixels[k + 1]) / 2)
        assert max(image.pixelColor(x, y + by).lightness() for by in (-1, 0, 1)) > 150  # white on a dark rim

    for long, calls in ((8.0, ["drawLines"]), (1e9, ["drawPolyline"])):
        painter = Mock()
        line_through(painter, pixels, long)()
        assert [name for name, *_ in painter.method_calls] == calls


def test_contour_lines_are_where_a_function_passes_their_levels():
    along = np.linspace(-1, 1, 65)
    x, y = np.meshgrid(along, along)
    pieces = contours(np.hypot(x, y), [0.5])
    ends = pieces.reshape(-1, 2) / 32 - 1
    np.testing.assert_allclose(np.hypot(*ends.T), 0.5, atol=1e-3)
    lengths = np.hypot(*(pieces[:, :2] - pieces[:, 2:]).T) / 32
    assert lengths.sum() == pytest.approx(np.pi, rel=1e-3)
    saddle = contours(np.array([[0.0, 1.0], [1.0, 0.0]]), [0.5])
    assert len(saddle) == 2
    broken = np.hypot(x, y)
    broken[32, :] = np.nan
    assert 0 < len(contours(broken, [0.5])) < len(pieces)
    assert not len(contours(np.zeros((4, 4)), [0.5]))
    both = contours(np.hypot(x, y), [0.25, 0.5])
    assert len(both) == len(pieces) + len(contours(np.hypot(x, y), [0.25]))


def test_levels_are_round_and_not_too_many():
    assert log_levels(0.1, 30.0) == pytest.approx([0.2, 0.5, 1, 2, 5, 10, 20])
    some = log_levels(1e-3, 1e3)
    assert len(some) <= 12
    assert all(f"{level:.0e}"[0] in "125" for level in some)
    narrow = log_levels(1.0, 1.2)
    np.testing.assert_allclose(np.diff(np.log(narrow)), np.log(narrow[1] / narrow[0]))
    assert log_levels(1.0, 1.0) == []


def test_keys_and_buttons_ask_for_what_they_say(qtbot):
    panel = shown(qtbot, "A")
    wishes = []
    panel.wishes_changed.connect(lambda: wishes.append(panel.probes[0]))
    assert panel.probes == (Landscape(),)
    for key, expected in (
        (Qt.Key.Key_2, Landscape(PlaneOf.PATH)),
        (Qt.Key.Key_1, Landscape()),
        (Qt.Key.Key_Plus, Landscape(reach=2.0)),
        (Qt.Key.Key_Minus, Landscape(reach=1.0)),
        (Qt.Key.Key_F, Landscape(follows=False)),
        (Qt.Key.Key_S, Landscape(follows=False, stopped=True)),
        (Qt.Key.Key_C, Landscape(follows=False, number=1)),
        (Qt.Key.Key_R, Landscape(follows=False, number=1, seed=1)),
    ):
        qtbot.keyClick(panel, key)
        assert wishes[-1] == expected
    assert panel.planes[PlaneOf.RANDOM].isChecked()
    assert not panel.follow.isChecked()
    panel.follow.click()
    panel.centre.click()
    panel.planes[PlaneOf.PATH].click()
    assert panel.wish == Landscape(PlaneOf.PATH, number=2, seed=1)
    for _ in range(9):
        panel.stretch(1)
    assert panel.wish.reach == 5.0


def test_of_two_weights_there_is_nothing_to_choose(qtbot):
    panel = shown(qtbot, "A", plane=PlaneOf.WEIGHTS, names=("out.weight[0, 0]", "out.weight[0, 1]"))
    assert not panel.planes[PlaneOf.PATH].isVisible()
    assert "out.weight[0, 0] → out.weight[0, 1] ↑" in panel.summary()
    assert "off the plane" not in panel.summary()


def test_networks_on_the_same_two_weights_are_drawn_over_one_plane(qtbot):
    own = {"plane": PlaneOf.WEIGHTS, "names": ("w[0]", "w[1]")}
    panel = shown(qtbot, "A", "B", **own)
    asked = []
    panel.wishes_changed.connect(lambda: asked.append(panel.wish.bounds))
    panel.refresh()
    assert asked == []  # they are
    take(panel.history.lanes[1], probes=[landscape_answer(bounds=(0.0, 4.0, -2.0, 2.0), **own)])
    for _ in range(3):
        panel.refresh()
    assert asked == [(-1.0, 4.0, -2.5, 2.5)]  # once, and a square
    for lane in panel.history.lanes:
        take(lane, probes=[landscape_answer(bounds=(-1.0, 4.0, -2.5, 2.5), **own)])
    panel.refresh()
    assert len(asked) == 1
    panel.reopened()
    assert panel.wish.bounds is None
    random = shown(qtbot, "A", "B")
    take(random.history.lanes[1], probes=[landscape_answer(bounds=(-2.0, 2.0, -2.0, 2.0))])
    random.refresh()
    assert random.wish.bounds is None


def test_what_is_not_there_yet_is_said(qtbot):
    panel = shown(qtbot, "A", values=None, points=12, reason="")
    assert panel.map.note == "The landscape is computed."
    take(panel.history.lanes[0], probes=[landscape_answer(values=None, reason="Press play: because.")])
    panel.refresh()
    assert panel.map.note == "Press play: because."
    both = shown(qtbot, "A", "B")
    take(both.history.lanes[1], probes=[landscape_answer(values=None, points=12)])
    both.refresh()
    assert both.map.note == ""


def test_the_lines_below_say_what_it_is():
    answer = landscape_answer(points=545)
    told = plane_in_words(answer)[0].replace("\N{NO-BREAK SPACE}", " ")
    assert told == "two random directions about step 7; 16 of 40 examples, 50 % computed"
    assert path_in_words(answer)[0] == "path of steps 0 to 7, up to 0.500 off the plane"
    path = landscape_answer(plane=PlaneOf.PATH, shares=(0.9, 0.05))
    told = plane_in_words(path)[0].replace("\N{NO-BREAK SPACE}", " ")
    assert told == "path's principal directions (90 % + 5 %), step 7; 16 of 40 examples"
    assert path_in_words(landscape_answer(reason="too long")) == ("too long",)
    assert path_in_words(landscape_answer(off=np.full(4, NAN)))[0].endswith("up to – off the plane")


def test_table_has_every_point_and_the_path(qtbot):
    header, rows = shown(qtbot, "A").table()
    assert header == ("network", "what", "step", "x", "y", "loss", "off_the_plane")
    assert len(rows) == 81 + 4
    assert rows[0] == ("A", "loss", 7, -1.0, -1.0, pytest.approx(0.1 + 1.5**2 + 1), None)
    assert rows[-1] == ("A", "path", 7, 0.5, 0.0, None, 0.0)
