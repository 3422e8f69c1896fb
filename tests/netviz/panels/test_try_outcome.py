"""What is drawn of one example: the bars, what does not fit, the verdict, the cells of each layer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from engine.probes.example import DataRange, Meaning, NodeValues, Origin, Part
from netviz import theme
from netviz.widgets.cells import arrange, draw_cells, pixels, reading, strongest
from netviz.widgets.outcome import Outcome
from netviz.widgets.outputs import bars, captions, chance, shown, verdict
from netviz.widgets.plane import Palette
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import classes_answer, corner, example_answer

NAN = float("nan")


def numbers(output: list[float], target: list[float] | None = None, outputs: int = 0):
    """Of regression."""
    data = DataRange(np.zeros(2), np.ones(2), 4, 2, None)
    origin = None if target is None else Origin(Part.TRAINING, 0, np.zeros(2), None, np.array(target))
    return example_answer(
        units=np.arange(len(output)),
        output=np.array(output),
        outputs=outputs or len(output),
        meaning=Meaning.NUMBERS,
        probabilities=None,
        chosen=None,
        origin=origin,
        data=data,
    )


def outcome(qtbot, *answers, origin: Origin | None = None, size=(300, 260)) -> Outcome:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    made = Outcome(history)
    made.origin = origin
    qtbot.addWidget(made)
    made.resize(*size)
    return made


def image(made: Outcome) -> QImage:
    drawn = QImage(made.size(), QImage.Format.Format_RGB32)
    made.render(drawn)
    return drawn


def parts(made: Outcome):
    return [part for *_, part in made.parts(QRectF(made.rect()))]


# Bars


def test_a_logit_is_called_so_and_stands_beside_both_classes() -> None:
    answer = example_answer()
    found = bars(answer, answer.origin)
    assert [(bar.label, bar.figures) for bar in found] == [
        ("logit", "1.500"),
        ("class 0", "18.2\N{NO-BREAK SPACE}%"),
        ("class 1", "81.8\N{NO-BREAK SPACE}%"),
    ]
    assert [(bar.chosen, bar.true) for bar in found] == [(False, False), (False, False), (True, True)]
    assert captions(answer, None) == ("logit, and the probabilities that the loss makes of it",)
    drawn = example_answer(meaning=Meaning.PROBABILITIES, output=np.array([0.75]), probabilities=np.array([0.75]))
    assert [bar.label for bar in bars(drawn, None)] == ["class 0", "class 1"]


def test_logits_of_several_classes_show_both_numbers() -> None:
    answer = classes_answer([0.25, 0.75], output=np.array([-1.0, 2.0]), meaning=Meaning.LOGITS)
    found = bars(answer, None)
    assert [bar.share for bar in found] == [None, None]
    assert found[1].figures == "2.000  75.0\N{NO-BREAK SPACE}%"
    assert captions(answer, None)[-1] == "logits"


def test_numbers_have_the_mark_where_they_should_be() -> None:
    answer = numbers([0.5, -2.0], [1.0, -2.5])
    found = bars(answer, answer.origin)
    assert [(bar.label, bar.figures, bar.wanted) for bar in found] == [("y₁", "0.500", 1.0), ("y₂", "−2.000", -2.5)]
    assert [bar.wanted for bar in bars(answer, None)] == [None, None]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0"),
        (1, "100"),
        (1e-9, "<0.1"),
        (0.0005, "0.1"),
        (0.9994, "99.9"),
        (0.5, "50.0"),
        (0.9996, ">99.9"),
        (0.9995, ">99.9"),
        (NAN, "NaN"),
    ],
)
def test_chances_say_all_and_none_only_where_it_is_so(share, text) -> None:
    assert chance(share).removesuffix("\N{NO-BREAK SPACE}%") == text


def test_of_many_outputs_the_greatest_and_the_true_one_stay_in_order() -> None:
    shares = [0.02, 0.3, 0.01, 0.5, 0.1, 0.07]
    answer = classes_answer(shares, label=2)
    kept, rest = shown(bars(answer, answer.origin), 4, 6)
    assert [bar.label for bar in kept] == ["class 1", "class 2", "class 3"]
    assert rest == "3 more, none above 10.0\N{NO-BREAK SPACE}%"
    everything, nothing = shown(bars(answer, answer.origin), 6, 6)
    assert (len(everything), nothing) == (6, "")


def test_outputs_that_were_not_told_are_counted() -> None:
    answer = classes_answer([0.4, 0.3, 0.2], outputs=1000)
    assert shown(bars(answer, None), 10, 1000)[1] == "997 more, none above 20.0\N{NO-BREAK SPACE}%"
    assert shown(bars(answer, None), 3, 1000)[1] == "998 more, none above 20.0\N{NO-BREAK SPACE}%"


def test_without_room_the_logit_gives_way_to_the_classes() -> None:
    kept, rest = shown(bars(example_answer(), None), 2, 1)
    assert ([bar.label for bar in kept], rest) == (["class 0", "class 1"], "")


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(1, 30), st.integers(0, 5))
def test_what_fits_and_what_is_counted_is_all(shares, room, untold) -> None:
    answer = classes_answer(shares, outputs=len(shares) + untold)
    kept, rest = shown(bars(answer, None), room, answer.outputs)
    assert len(kept) + bool(rest) <= max(2, room)
    assert len(kept) + (int(rest.split()[0]) if rest else 0) == answer.outputs
    assert any(bar.chosen for bar in kept)


# The verdict


def test_right_and_wrong_are_told_only_of_the_data_s_examples() -> None:
    answer = classes_answer([0.1, 0.9], label=1)
    assert verdict(answer, answer.origin) == ("class 1  90.0\N{NO-BREAK SPACE}%", "right", True)
    assert verdict(answer, corner(0)) == ("class 1  90.0\N{NO-BREAK SPACE}%", "should be 0", False)
    assert verdict(answer, None)[1:] == ("", None)
    single = example_answer(chosen=0, output=np.array([-1.5]), probabilities=np.array([0.18]))
    assert verdict(single, None)[0] == "class 0  82.0\N{NO-BREAK SPACE}%"
    assert verdict(numbers([0.5], [0.25]), numbers([0.5], [0.25]).origin) == ("0.500", "should be 0.250", None)
    assert verdict(numbers([0.5, 1.0]), None) == ("", "", None)


# Cells


@given(st.integers(1, 5000), st.floats(4, 600), st.floats(2, 40))
def test_every_value_has_one_cell_inside_the_strip(values, width, height) -> None:
    grid = arrange(values, width, height)
    assert grid.rows * grid.columns >= grid.count
    assert (grid.rows - 1) * grid.columns < grid.count
    assert (grid.count - 1) * grid.each < values <= grid.count * grid.each
    assert grid.columns <= max(1, int(width))
    area = QRectF(10, 20, width, height)
    found = []
    for row in range(grid.rows):
        for column in range(grid.columns):
            x = area.left() + (column + 0.5) * width / grid.columns
            y = area.top() + (row + 0.5) * height / grid.rows
            found.append(reading(np.zeros(values), area, QPointF(x, y)))
    units = [unit for ends in found if ends is not None for unit in range(ends[0], ends[1] + 1)]
    assert units == list(range(values))


def test_a_cell_of_several_units_shows_the_strongest() -> None:
    values = np.array([0.1, -3.0, 0.2, 0.0, 1.0, NAN, 0.5], np.float32)
    grid = arrange(len(values), 3.0, 3.0)
    assert (grid.rows, grid.each) == (1, 3)
    np.testing.assert_array_equal(strongest(values, grid), np.array([-3.0, NAN, 0.5], np.float32))


def test_the_colour_of_a_cell_is_its_share_of_the_scale() -> None:
    ramp = Palette.of_theme(0).signs
    grid = arrange(4, 100, 10)
    row = pixels(np.array([-2.0, 0.0, 1.0, NAN]), grid, 2.0, ramp)[0]
    colours = [QColor.fromRgb(int(pixel)).name() for pixel in row]
    assert colours[0] == theme.DARK.blue
    assert colours[1] == theme.DARK.neutral
    half = theme.mix(theme.DARK.neutral, theme.DARK.orange, 0.5)
    assert max(abs(a - b) for a, b in zip(QColor(colours[2]).getRgb(), half.getRgb(), strict=True)) <= 3
    assert colours[3] == theme.DARK.red


def test_the_last_row_ends_where_the_units_do() -> None:
    drawn = QImage(60, 20, QImage.Format.Format_RGB32)
    drawn.fill(QColor("#123456"))
    painter = QPainter(drawn)
    draw_cells(painter, QRectF(0, 0, 60, 20), np.ones(23), 1.0, Palette.of_theme(0).signs)
    painter.end()
    grid = arrange(23, 60, 20)
    assert (grid.rows, grid.columns) == (2, 12)
    assert drawn.pixelColor(57, 5).name() == theme.DARK.orange
    assert drawn.pixelColor(57, 15).name() == "#123456"


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_cells_lie_where_the_tip_says(qtbot, look) -> None:
    theme.look().use(look)
    made = outcome(qtbot, example_answer())
    (part,) = parts(made)
    drawn = image(made)
    row = part.cells[0]
    reach = made.layer_reach(made.history.lanes[0], row.node)
    for unit, value in enumerate(row.node.values):
        place = QPointF(row.area.left() + (unit + 0.5) * row.area.width() / 4, row.area.center().y())
        assert made.tip(place) == f"h1, unit {unit + 1} of 4: {value:g}".replace("-", "−")
        wanted = theme.mix(look.neutral, look.orange if value > 0 else look.blue, abs(value) / reach)
        found = drawn.pixelColor(place.toPoint())
        assert max(abs(a - b) for a, b in zip(found.getRgb(), wanted.getRgb(), strict=True)) <= 4


def test_the_tip_tells_what_is_left_out_and_where_in_a_picture_a_unit_is(qtbot) -> None:
    wide = NodeValues("h1", (5, 4, 3), np.arange(20, dtype=np.float32), 40, -7.0, 99.0)
    made = outcome(qtbot, example_answer(nodes=(wide,)))
    (row,) = parts(made)[0].cells
    place = QPointF(row.area.left() + 13.5 * row.area.width() / 20, row.area.center().y())
    assert made.tip(place) == "h1, unit 2, 1, 2 of 5×4×3: 13\n40 more are not shown; all lie from −7 to 99"


# Places


@pytest.mark.parametrize("size", [(90, 90), (150, 120), (300, 260), (700, 500)], ids=str)
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize(
    "answer", [example_answer(), classes_answer([0.1] * 10), numbers([1.0] * 3)], ids=["one", "ten", "three"]
)
def test_everything_lies_inside_and_apart(qtbot, size, lanes, answer) -> None:
    made = outcome(qtbot, *[answer] * lanes, size=size)
    inside = QRectF(made.rect()).adjusted(-0.5, -0.5, 0.5, 0.5)
    for part in parts(made):
        areas = [bar.area for bar in part.bars] + [row.area for row in part.cells]
        assert part.bars
        assert all(inside.contains(area) for area in areas)
        assert all(
            part.column.body.left() <= area.left() < area.right() <= part.column.body.right() + 0.5 for area in areas
        )
        assert not any(a.intersects(b) for i, a in enumerate(areas) for b in areas[:i])
        if size[1] >= 260:
            assert [row.node.node for row in part.cells] == ["h1", "a1", "out"]
            assert len(part.bars) + bool(part.rest) > 1


def test_a_bar_is_as_long_as_its_probability(qtbot) -> None:
    made = outcome(qtbot, classes_answer([0.25, 0.75]))
    drawn, (part,) = image(made), parts(made)
    for row in part.bars:
        y = round(row.area.center().y())
        filled = [x for x in range(int(row.area.left()), int(row.area.right())) if _coloured(drawn.pixelColor(x, y))]
        assert len(filled) == pytest.approx(row.bar.share * row.area.width(), abs=2)


def test_a_number_goes_to_its_side(qtbot) -> None:
    made = outcome(qtbot, numbers([2.0, -1.0]))
    drawn, (part,) = image(made), parts(made)
    for row, colour, side in zip(part.bars, (theme.DARK.orange, theme.DARK.blue), (0.2, -0.2), strict=True):
        place = QPointF(row.area.center().x() + side * row.area.width(), row.area.center().y()).toPoint()
        assert drawn.pixelColor(place).name() == colour


def _coloured(colour: QColor) -> bool:
    rgb = colour.getRgb()[:3]
    return max(rgb) - min(rgb) > 40


def test_where_words_do_not_fit_the_mark_of_right_or_wrong_stays(qtbot) -> None:
    """In narrow columns the figure goes first, then the word; the tick never."""
    answer = classes_answer([0.1, 0.9], label=0)
    for width in (300, 140, 90):
        made = outcome(qtbot, answer, origin=answer.origin, size=(width, 260))
        drawn, (part,) = image(made), parts(made)
        box = part.verdict.toRect()
        red = QColor(theme.DARK.red)
        seen = [
            (x, y)
            for x in range(box.left(), box.right())
            for y in range(box.top(), box.bottom())
            if _near(drawn.pixelColor(x, y), red)
        ]
        assert seen, width


def _near(found: QColor, wanted: QColor) -> bool:
    return max(abs(a - b) for a, b in zip(found.getRgb(), wanted.getRgb(), strict=True)) <= 30


def test_another_scale_paints_no_name_and_no_frame_anew(qtbot, monkeypatch) -> None:
    """The room for figures is that of the widest there have been."""
    painted: list[str] = []
    for name in ("_draw_still", "_draw_over"):
        draw = getattr(Outcome, name)
        monkeypatch.setattr(Outcome, name, lambda *args, name=name, draw=draw: (painted.append(name), draw(*args)))
    pictures, areas = [], []
    made = outcome(qtbot, example_answer())
    for size in (0.35, 12.0, 0.0, 3.0):  # ±0.35 is the longest
        values = np.array([size, -size, size / 2, 0.0], np.float32)
        node = NodeValues("h1", (4,), values, 0, -size, size)
        take(made.history.lanes[0], probes=(example_answer(nodes=(node,)),))
        made.update()
        pictures.append(bytes(image(made).constBits()))
        ((row,),) = (part.cells for part in parts(made))
        areas.append(row.area)
    assert painted.count("_draw_still") == painted.count("_draw_over") == 1
    assert len(set(pictures)) == 4
    assert areas == [areas[0]] * 4
    made.forget()
    image(made)
    assert parts(made)[0].cells[0].area.width() > areas[0].width()  # ±3 needs less


def test_names_and_scales_are_painted_once_while_the_numbers_change(qtbot, monkeypatch) -> None:
    made, painted = outcome(qtbot, classes_answer([0.1, 0.9])), []
    still = Outcome._draw_still
    monkeypatch.setattr(Outcome, "_draw_still", lambda *args: (painted.append(args), still(*args)))
    pictures = [image(made)]
    for share in (0.2, 0.3, 0.4):
        take(made.history.lanes[0], probes=(classes_answer([share, 1 - share]),))
        made.update()
        pictures.append(image(made))
    assert len(painted) == 1
    assert len({bytes(picture.constBits()) for picture in pictures}) == 4
    take(made.history.lanes[0], probes=(classes_answer([0.6, 0.4]),))  # another name stands out
    made.update()
    image(made)
    assert len(painted) == 2
    theme.look().use(theme.LIGHT)
    image(made)
    assert len(painted) == 3
