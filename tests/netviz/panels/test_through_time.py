"""Through time: a curve where each step's gradient lies, cells of the colour that their number has, all in words."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.probes.through_time import BINS, ThroughTimeAnswer
from netviz.panels.through_time import ThroughTimePanel
from netviz.theme import depth_colour, mix, theme
from netviz.widgets.plane import Palette
from netviz.widgets.time_curves import called
from tests.netviz.panels.histories import NAN, opened, take
from tests.netviz.panels.layer_answers import sweep_in_time, through_time_answer, time_map


def shown(qtbot, history, width=520, height=320):
    panel = ThroughTimePanel(history)
    qtbot.addWidget(panel)
    panel.resize(width, height)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def image_of(widget) -> QImage:
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    widget.render(image)
    return image


def like(image: QImage, place: QPointF, colour: QColor, within: int = 0, off: int = 12) -> bool:
    x0, y0 = int(place.x()), int(place.y())
    return any(
        max(abs(a - b) for a, b in zip(image.pixelColor(x, y).getRgb()[:3], colour.getRgb()[:3], strict=True)) < off
        for x in range(x0 - within, x0 + within + 1)
        for y in range(y0 - within, y0 + within + 1)
    )


def two_layers() -> ThroughTimeAnswer:
    return through_time_answer(
        *(
            sweep_in_time("h1", 10.0**-layer * (0.5 if back else 1), layer=layer, backwards=back)
            for layer in (0, 1)
            for back in (False, True)
        )
    )


def test_every_curve_goes_through_its_numbers(qtbot):
    history = opened("A", "B")
    for lane, answer in zip(history.lanes, (through_time_answer(), two_layers()), strict=True):
        take(lane, probes=[answer])
    panel = shown(qtbot, history, 700)
    image = image_of(panel)
    corner = QPointF(panel.curves.mapTo(panel, QPoint(0, 0)))
    for axes, answer, count in zip(panel.curves.axes, (through_time_answer(), two_layers()), (2, 4), strict=True):
        view = axes.view()
        for i, sweep in enumerate(answer.sweeps):
            heights = [float(view.y(value)) for value in sweep.gradient]
            assert np.diff(heights) == pytest.approx(np.diff(heights)[0])  # a decade a step, upwards
            assert heights[0] > heights[-1]
            if not sweep.backwards:  # dashes leave gaps
                for step in (1, 2):
                    place = QPointF(float(view.x(step)), heights[step])
                    assert like(image, corner + place, depth_colour(i, count), within=2, off=60)
    first, second = (axes.box.viewRange() for axes in panel.curves.axes)
    assert first == second  # the same for all lanes
    assert panel.says.text() == "10 training examples"


def test_curves_are_called_by_layer_and_direction():
    plain, stack = through_time_answer(), two_layers()
    assert [called(plain, s) for s in plain.sweeps] == ["h1"]
    assert [called(stack, s) for s in stack.sweeps] == ["h1.1 →", "h1.1 ←", "h1.2 →", "h1.2 ←"]
    both = through_time_answer(
        sweep_in_time("a"), sweep_in_time("b", backwards=False), sweep_in_time("b", backwards=True)
    )
    assert [called(both, s) for s in both.sweeps] == ["a", "b →", "b ←"]


def test_the_range_only_grows_and_leaves_out_what_no_digit_tells(qtbot):
    history = opened()
    take(history.lanes[0], probes=[through_time_answer()])
    panel = shown(qtbot, history)
    (axes,) = panel.curves.axes
    before = axes.box.viewRange()[1]
    take(history.lanes[0], probes=[through_time_answer(sweep_in_time(scale=0.5))])
    panel.refresh()
    assert axes.box.viewRange()[1] == before
    take(history.lanes[0], probes=[through_time_answer(sweep_in_time(scale=50.0))])
    panel.refresh()
    assert axes.box.viewRange()[1] == [before[0], 2.0]
    take(history.lanes[0], probes=[through_time_answer(sweep_in_time(steps=40))])
    panel.refresh()
    low, high = axes.box.viewRange()[1]
    assert high - low == 16
    assert axes.box.viewRange()[0] == [0, 39]


def test_cells_have_the_colour_of_their_numbers(qtbot):
    history = opened("A", "B")
    maps = (time_map("f"), time_map("g", -0.5), time_map("c", 4.0))
    take(history.lanes[0], probes=[through_time_answer(sweep_in_time(maps=maps))])
    take(history.lanes[1], probes=[through_time_answer(sweep_in_time("other"))])
    panel = shown(qtbot, history)
    panel.show_view("gates")
    widget, signs = panel.maps, Palette.of_theme(0).signs
    image, placed = image_of(widget), list(widget.placed(QRectF(widget.rect())))
    assert [one.map.name for one in placed] == ["f", "g", "c"]  # of the second lane nothing is called h1
    assert widget.reach("c") == 4.0
    assert widget.reach("g") == 1.0
    for one in placed:
        units, across = one.map.values.shape
        for (unit, column), value in np.ndenumerate(one.map.values):
            place = QPointF(
                one.area.left() + (column + 0.5) * one.area.width() / across,
                one.area.top() + (unit + 0.5) * one.area.height() / units,
            )
            if one.map.is_gate:
                expected = mix(theme().neutral, theme().amber, float(value))
            else:
                level = round((float(value) / (2 * widget.reach(one.map.name)) + 0.5) * 255)
                expected = QColor(int(signs[level]))
            assert like(image, place, expected), (one.map.name, unit, column)
            assert one.cell(place) == (unit, column)
    words = widget.tip(placed[0].area.center() + QPointF(2, 2))
    assert words.startswith("f of unit 2, step 2: ")


def test_what_is_no_number_is_red(qtbot):
    history = opened()
    take(history.lanes[0], probes=[through_time_answer(sweep_in_time(maps=(time_map("f", NAN), time_map("c", NAN))))])
    panel = shown(qtbot, history)
    panel.show_view("gates")
    image = image_of(panel.maps)
    for one in panel.maps.placed(QRectF(panel.maps.rect())):
        assert like(image, one.area.center(), QColor(theme().red))


def test_a_column_of_several_steps_says_so(qtbot):
    history = opened()
    sweep = sweep_in_time(steps=10, maps=(time_map(columns=4),), units=50)
    take(history.lanes[0], probes=[through_time_answer(sweep, steps=10, block=3)])
    panel = shown(qtbot, history)
    panel.show_view("gates")
    (one,) = panel.maps.placed(QRectF(panel.maps.rect()))
    assert "steps 0 to 2, mean" in panel.maps.tip(one.area.topLeft() + QPointF(2, 2))
    assert "step 9:" in panel.maps.tip(one.area.topRight() + QPointF(-2, 2))
    _, rows = panel.table()
    assert [row[4:6] for row in rows[:4]] == [(0, 2), (3, 5), (6, 8), (9, 9)]


def test_by_keys(qtbot):
    history = opened()
    take(history.lanes[0], probes=[two_layers()])
    panel = shown(qtbot, history)
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_N)
    assert panel.maps.name == "h1.1 →"  # there is no choice while the gradient is shown
    QTest.keyClick(panel, Qt.Key.Key_2)
    assert panel.stack.currentWidget() is panel.maps
    QTest.keyClick(panel, Qt.Key.Key_N)
    assert panel.maps.name == panel.layer.currentText() == "h1.1 ←"
    QTest.keyClick(panel, Qt.Key.Key_P)
    QTest.keyClick(panel, Qt.Key.Key_P)
    assert panel.maps.name == "h1.2 ←"
    QTest.keyClick(panel, Qt.Key.Key_1)
    assert panel.stack.currentWidget() is panel.curves
    assert not panel.layer.isVisible()


def test_what_was_chosen_is_there_again(qtbot):
    history = opened()
    panel = shown(qtbot, history)
    panel.restore({"view": "gates", "layer": "h1.2 →"})  # before there is any answer
    take(history.lanes[0], probes=[two_layers()])
    panel.refresh()
    assert (panel.view, panel.maps.name) == ("gates", "h1.2 →")
    assert panel.state() == {"view": "gates", "layer": "h1.2 →"}
    panel.restore({"view": 3, "layer": None})
    assert panel.state() == {"view": "gates", "layer": "h1.2 →"}


def test_in_words_and_in_numbers(qtbot):
    history = opened("A", "B")
    for lane in history.lanes:
        take(lane, probes=[through_time_answer()])
    panel = shown(qtbot, history)
    assert panel.summary() == (
        "A: gradient norm of h1 from 0.001 at step 0 to 1.000 at step 3. "
        "B: gradient norm of h1 from 0.001 at step 0 to 1.000 at step 3"
    )
    header, rows = panel.table()
    assert header == ("network", "layer", "time_step", "gradient_norm")
    assert rows[:2] == [("A", "h1", 0, 0.001), ("A", "h1", 1, 0.01)]
    assert len(rows) == 8
    panel.show_view("gates")
    assert panel.summary().startswith("A: means of h1: forget gate 0.500, state −0.500. B: ")
    assert len(panel.table()[1]) == 2 * 2 * 2 * 4


def test_what_would_fill_it(qtbot):
    history = opened()
    panel = shown(qtbot, history)
    for view in ("gradient", "gates"):
        panel.show_view(view)
        assert panel.stack.currentWidget().note.startswith("Press play")
    take(history.lanes[0], probes=[ThroughTimeAnswer((), 0, 1, 0)])
    panel.refresh()
    assert "no recurrent layer" in panel.maps.note
    assert panel.curves.note == ""  # behind it
    take(history.lanes[0], probes=[through_time_answer()])
    panel.refresh()
    assert panel.curves.note == panel.maps.note == ""


def spread_of(qtbot, *answers: ThroughTimeAnswer, **size):
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=[answer])
    panel = shown(qtbot, history, **size)
    QTest.keyClick(panel, Qt.Key.Key_3)
    return panel, list(panel.spreads.placed(QRectF(panel.spreads.rect())))


def test_bins_are_coloured_by_their_share_of_each_step(qtbot):
    """In the history 30 of 30 values are in the lowest bin, at the last step 10 of 40 in the highest one."""
    panel, (gate, _) = spread_of(qtbot, through_time_answer())
    image, corner = image_of(panel), QPointF(panel.spreads.mapTo(panel, QPoint(0, 0)))
    full, most, quarter = (QColor(*_pixel(share)) for share in (1.0, 0.75, 0.25))

    def at(column: int, level: int) -> QPointF:
        wide, high = gate.area.width() / 4, gate.area.height() / BINS
        return corner + QPointF(gate.area.left() + (column + 0.5) * wide, gate.area.bottom() - (level + 0.5) * high)

    assert like(image, at(1, 0), full)
    assert like(image, at(3, 0), most)
    assert like(image, at(3, BINS - 1), quarter)
    assert like(image, at(0, BINS - 1), QColor(theme().card))
    assert "75.0 %" in plain(panel.spreads.tip(at(3, 0) - corner))
    assert "step 3" in panel.spreads.tip(at(3, 0) - corner)


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def _pixel(share: float) -> tuple[int, int, int]:
    """The ramp written otherwise: its cube root, from card through accent to text."""
    root = share ** (1 / 3)
    ends = (theme().card, theme().accent, root * 2) if root < 0.5 else (theme().accent, theme().text, root * 2 - 1)
    colour = mix(*ends)
    return colour.red(), colour.green(), colour.blue()


def test_units_are_dots_by_how_often_they_are_saturated(qtbot):
    panel, (gate, state) = spread_of(qtbot, through_time_answer(), height=420)
    square = panel.spreads.square(gate)
    assert square.left() >= gate.area.right()
    image, corner = image_of(panel), QPointF(panel.spreads.mapTo(panel, QPoint(0, 0)))
    expected = ((0.0, 0.5), (0.5, 0.125))  # left and right of the two units
    for number, (left, right) in enumerate(expected):
        dot = QPointF(square.left() + left * square.width(), square.bottom() - right * square.height())
        assert like(image, corner + dot, QColor(theme().amber), within=1)
        assert panel.spreads.mark_at(dot).unit == number
        assert panel.spreads.mark_at(dot).layer == "h1"
    assert "50.0 % of its time below 0.1, 12.5 % above 0.9" in plain(panel.spreads.tip(dot))
    assert panel.spreads.mark_at(state.area.center()).unit is None
    before = image_of(panel)
    panel.history.cursor.hover(panel.spreads.mark_at(dot))
    assert image_of(panel) != before


def test_what_has_no_ends_has_no_dots_and_narrow_columns_have_none_at_all(qtbot):
    answer = through_time_answer(sweep_in_time(maps=(time_map("c"), time_map("f"))))
    panel, (cell, gate) = spread_of(qtbot, answer)
    assert panel.spreads.square(cell).isEmpty()
    assert not panel.spreads.square(gate).isEmpty()
    assert cell.area.right() == gate.area.right()
    narrow, placed = spread_of(qtbot, answer, answer, answer, width=300)
    assert all(narrow.spreads.square(one).isEmpty() for one in placed)
    assert coloured_somewhere(narrow)


def coloured_somewhere(panel) -> bool:
    image = image_of(panel)
    return any(image.pixelColor(x, 100).saturation() > 60 for x in range(image.width()))


def test_the_spread_in_words_and_as_a_table(qtbot):
    panel, _ = spread_of(qtbot, through_time_answer())
    assert "forget gate 25 % below 0.1, 31 % above 0.9" in plain(panel.summary())
    header, rows = panel.table()
    assert header == ("network", "layer", "of", "time_step", "to_time_step", "low", "high", "count")
    assert len(rows) == 2 * BINS * 4
    assert sum(row[-1] for row in rows if row[2] == "f") == 130
    assert [row[5:] for row in rows if row[2] == "f" and row[3] == 3 and row[-1] == 10] == [
        (pytest.approx(1 - 1 / BINS), 1.0, 10)
    ]
    assert panel.state()["view"] == "spread"
    other = shown(qtbot, panel.history)
    other.restore(panel.state())
    assert other.stack.currentWidget() is other.spreads
