"""One unit from all sides: the map, the weights, the outputs by class, and what was seen of it before."""

from unittest.mock import Mock

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtTest import QTest

from engine.probes.example import Part
from engine.probes.neuron import Neuron, NeuronAnswer
from netviz import theme
from netviz.panels.neuron import NeuronPanel
from netviz.runtime.cursor import NOTHING, Mark
from netviz.widgets import neuron_parts as parts
from netviz.widgets.neuron import ANSWERS, DRIVEN, FACE, FIGURES, INTO, ONWARD, PAST, Placed, stacked
from netviz.widgets.neuron_past import MOST, Past
from netviz.widgets.neuron_words import figures_of, lines_of
from netviz.widgets.plane import GRASP, place
from tests.netviz.panels.histories import NAN, opened, take
from tests.netviz.panels.layer_answers import answers, driven, links, neuron_answer
from tests.netviz.panels.test_every_panel import notes, open_panel, picture

PLANE = (-1.0, 1.0, -1.0, 1.0)


def panel_with(qtbot, *told: NeuronAnswer, size: tuple[int, int] = (420, 640)) -> NeuronPanel:
    history = opened(*"ABC"[: len(told)])
    for lane, answer in zip(history.lanes, told, strict=True):
        take(lane, probes=(answer,))
    return open_panel(qtbot, NeuronPanel, history, *size)


def placed(panel: NeuronPanel) -> list[Placed]:
    return panel.view.placed(QRectF(panel.view.rect()))


def part(panel: NeuronPanel, kind: str, lane: int = 0) -> Placed:
    return next(one for one in placed(panel) if one.part.kind == kind and one.lane == lane)


def colour_at(panel: NeuronPanel, x: float, y: float) -> str:
    return picture(panel).pixelColor(panel.view.mapTo(panel, QPointF(x, y).toPoint())).name()


def near(found: str, wanted: str, within: int = 4) -> bool:
    pairs = zip(QColor(found).getRgb(), QColor(wanted).getRgb(), strict=True)
    return max(abs(a - b) for a, b in pairs) <= within


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_the_map_is_blue_where_the_unit_is_low_in_every_lane(qtbot, look) -> None:
    theme.look().use(look)
    plain = {"highest": (), "lowest": ()}
    panel = panel_with(qtbot, neuron_answer(**plain), neuron_answer(**plain), size=(760, 700))
    for lane in (0, 1):
        one = part(panel, FACE, lane)
        square = panel.view.square(one)
        for x1, wanted in ((-0.97, look.blue), (0.97, look.orange)):
            ((x, y),) = place(PLANE, square, np.array([[x1, 0.5]]))
            assert near(colour_at(panel, x, y), wanted, 8)


def test_upper_rows_of_the_map_lie_above(qtbot) -> None:
    rows = np.tile(np.linspace(-1, 1, 20, dtype=np.float32)[:, None], 20)
    panel = panel_with(qtbot, neuron_answer(map=rows, highest=(), lowest=()))
    square = panel.view.square(part(panel, FACE))
    assert near(colour_at(panel, square.center().x(), square.top() + 4), theme.DARK.orange, 12)
    assert near(colour_at(panel, square.center().x(), square.bottom() - 4), theme.DARK.blue, 12)


def test_a_sigmoid_is_faint_at_a_half(qtbot) -> None:
    history = opened("A", kinds=("dense", "sigmoid", "dense"))
    half = neuron_answer(map=np.full((9, 9), 0.5, np.float32), answers=answers(low=0.0), highest=(), lowest=())
    take(history.lanes[0], probes=(half,))
    panel = open_panel(qtbot, NeuronPanel, history, 420, 640)
    square = panel.view.square(part(panel, FACE))
    assert near(colour_at(panel, square.center().x(), square.center().y()), theme.DARK.neutral)
    assert panel.view.scale_of(part(panel, FACE)) == (0.5, 0.5)


def test_triangles_stand_where_the_driving_examples_are(qtbot) -> None:
    told = neuron_answer(highest=(driven(x=(0.5, 0.5)),), lowest=(driven(x=(-0.5, -0.5)),))
    panel = panel_with(qtbot, told)
    square = panel.view.square(part(panel, FACE))
    for at in ((0.5, 0.5), (-0.5, -0.5)):
        ((x, y),) = place(PLANE, square, np.array([at]))
        assert colour_at(panel, x, y) == theme.DARK.text


def test_all_triangles_are_one_call_and_lie_where_each_by_itself_would(qtbot) -> None:
    at = np.array([[20.0, 20.0], [52.0, 24.0], [33.0, 50.0]])
    for ratio in (1.0, 2.0):
        images = []
        for laid in (True, False):
            image = QImage(round(80 * ratio), round(80 * ratio), QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            image.fill(QColor(theme.DARK.orange))
            with QPainter(image) as painter:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                if laid:
                    parts.Triangles().draw(painter, at, 2, ratio)
                painter.setBrush(QColor(theme.DARK.text))
                for mark, (x, y) in zip((parts.UP, parts.UP, parts.DOWN), at if not laid else (), strict=False):
                    for pen in (QPen(QColor(theme.DARK.rim), 2.4), QPen(Qt.PenStyle.NoPen)):
                        painter.setPen(pen)
                        painter.drawPolygon(mark.translated(x, y))
            images.append(np.array(image.constBits()).reshape(image.height(), -1).astype(int))
        assert np.abs(images[0] - images[1]).max() <= 3, "as near as blending twice comes"
        assert (images[0] != images[0][0, 0]).any()
    painter = Mock()
    parts.Triangles().draw(painter, at, 2, 1.0)
    assert [name for name, *_ in painter.method_calls] == ["drawPixmapFragments"]


@pytest.mark.parametrize("changes", [{}, {"incoming": None}, {"delta": np.nan}, {"saturated": np.nan}])
def test_its_figures_have_as_many_lines_as_there_is_room_for(changes) -> None:
    for lost in (0, 3):
        told = neuron_answer(answers=answers(lost=lost), **changes)
        assert lines_of(told) == len(figures_of(told))
        both = neuron_answer(answers=answers(lost=lost), incoming=None, delta=np.nan)
        assert lines_of(both) == len(figures_of(both))


def test_bars_of_weights_rise_and_hang_by_their_signs(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    upper, lower = parts.split_links(part(panel, INTO).area)
    left, right = (upper.left() + share * upper.width() for share in (0.25, 0.75))
    assert colour_at(panel, left, upper.top() + 2) == theme.DARK.orange  # 1, the largest
    assert colour_at(panel, right, upper.center().y() + 0.2 * upper.height()) == theme.DARK.blue  # −½
    assert colour_at(panel, right, upper.bottom() - 2) == theme.DARK.card
    # Of the gradients the second is the largest, on a scale of its own.
    assert colour_at(panel, right, lower.top() + 1) == theme.DARK.orange
    assert colour_at(panel, left, lower.top() + 1) == theme.DARK.card


def test_many_weights_are_cells_and_a_zero_gradient_says_so(qtbot) -> None:
    many = np.linspace(-1, 1, 2000)
    told = neuron_answer(incoming=links(total=5000, values=many, gradient=0 * many))
    panel = panel_with(qtbot, told)
    one = part(panel, INTO)
    lead, end = panel.view._caption(one)
    assert lead.replace("\N{NARROW NO-BREAK SPACE}", " ") == "weights from x (2 000 of 5 000) and ∂L/∂w"
    assert end == "±1, 0"
    upper, _ = parts.split_links(one.area)
    assert near(colour_at(panel, upper.left() + 2, upper.top() + 1), theme.DARK.blue, 12)


def test_features_with_names_have_a_line_each(qtbot) -> None:
    named = links(names=("length", "width"))
    panel = panel_with(qtbot, neuron_answer(map=None, bounds=None, incoming=named))
    area = part(panel, INTO).area
    assert parts.weight_at(area, named, area.topLeft() + QPointF(5, 3), panel.view.fonts) == 0
    low = area.topLeft() + QPointF(5, panel.view.fonts.line * 2)
    assert panel.view.tip(low) == "width: weight −0.5, ∂L/∂w 0.1"


def test_weights_on_pixels_are_a_picture(qtbot) -> None:
    weights = np.zeros(64)
    weights[0], weights[63] = 2.0, -2.0
    pixels = links(total=64, values=weights, gradient=weights[::-1] / 10)
    told = neuron_answer(map=None, bounds=None, incoming=pixels, highest=(driven(x=[1.0] * 64),), lowest=())
    panel = panel_with(qtbot, told, size=(560, 640))
    one = part(panel, FACE)
    first, second = panel.view.pictures(one)
    cell = first.width() / 16
    assert colour_at(panel, first.left() + cell, first.top() + cell) == theme.DARK.orange
    assert colour_at(panel, first.right() - cell, first.bottom() - cell) == theme.DARK.blue
    assert colour_at(panel, second.left() + cell, second.top() + cell) == theme.DARK.blue
    assert panel.view.tip(QPointF(first.left() + cell, first.top() + cell)) == "number 1: weight 2, ∂L/∂w −0.2"
    assert not any(one.part.kind == INTO for one in placed(panel))
    hidden = neuron_answer(
        map=None, bounds=None, incoming=links(other="h1", total=64, values=weights), highest=told.highest
    )
    assert panel.view.sides_of(hidden) is None  # of another layer's units
    turned = replace(told, incoming=replace(pixels, mixed=True))
    assert (panel.view.sides_of(told), panel.view.sides_of(turned)) == ((8, 8), None)  # of main axes, not of pixels


def test_the_histogram_has_the_classes_where_they_answer(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    area = part(panel, ANSWERS).area
    foot = area.bottom() - panel.view.fonts.line - 3
    assert colour_at(panel, area.left() + 0.253 * area.width(), foot) == theme.DARK.blue
    assert colour_at(panel, area.left() + 0.753 * area.width(), foot) == theme.DARK.orange
    # Half as many of class 1: half as high.
    body = area.height() - panel.view.fonts.line
    assert colour_at(panel, area.left() + 0.253 * area.width(), area.top() + 0.2 * body) == theme.DARK.blue
    assert colour_at(panel, area.left() + 0.753 * area.width(), area.top() + 0.2 * body) == theme.DARK.card
    assert panel.view.tip(QPointF(area.left() + 1, area.center().y())) == "−1 to −0.95: class 0 2"


def test_exact_zeros_are_a_bar_of_their_own(qtbot) -> None:
    none = np.zeros((2, 40), int)
    panel = panel_with(qtbot, neuron_answer(answers=answers(counts=none, zeros=np.array([30, 10]))))
    area = part(panel, ANSWERS).area
    body = area.height() - panel.view.fonts.line
    x = area.center().x()
    assert colour_at(panel, x, area.top() + 0.9 * body) == theme.DARK.blue
    assert colour_at(panel, x, area.top() + 0.1 * body) == theme.DARK.orange


def test_figures_say_what_is_wrong() -> None:
    words = figures_of(neuron_answer())
    assert [text for text, _ in words] == [
        "mean 0.100 ± 0.500, from −0.900 to 0.950",
        "saturated at 25.0\N{NO-BREAK SPACE}% of them",
        "bias 0.250",
        "comes back: ∂ℓ/∂h 0.125, ‖∂L/∂w‖ 0.112",
    ]
    assert not any(bad for _, bad in words)
    gone = figures_of(neuron_answer(dead=True, saturated=1.0, answers=answers(lost=3)))
    assert ("dead: its slope is 0 at every example", True) in gone
    assert ("3 outputs are no numbers", True) in gone
    assert not any("saturated" in text for text, _ in figures_of(neuron_answer(saturated=NAN)))


def test_keys_and_fields_choose_the_unit(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    assert panel.probes == (Neuron("a1", 0),)
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_Right)
    assert (panel.probes, panel.number.value()) == ((Neuron("a1", 1),), 2)
    QTest.keyClick(panel, Qt.Key.Key_PageDown)
    assert panel.probes == (Neuron("a1", 3),)  # the last of four
    QTest.keyClick(panel, Qt.Key.Key_Right)
    assert panel.probes == (Neuron("a1", 3),)
    QTest.keyClick(panel, "n")
    assert (panel.probes, panel.layer.currentText()) == ((Neuron("out", 0),), "out")
    QTest.keyClick(panel, "n")
    assert panel.probes == (Neuron("h1", 0),)
    QTest.keyClick(panel, "p")
    panel.number.setValue(3)
    assert panel.probes == (Neuron("out", 2),)


def test_what_is_of_another_unit_is_not_shown(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    panel.choose("a1", 2)
    assert notes(panel) == ["Press play: one unit is shown here from all sides."]
    take(panel.history.lanes[0], probes=(neuron_answer(unit=2),))
    panel.refresh()
    assert notes(panel) == []


def test_a_narrower_network_shows_its_last_unit(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer(unit=3), neuron_answer(unit=1, units=2), size=(700, 640))
    panel.choose("a1", 3)
    assert {one.lane for one in placed(panel)} == {0, 1}
    panel.choose("a1", 2)
    assert {one.lane for one in placed(panel)} == {1}


def test_a_number_beyond_the_last_unit_becomes_the_last(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer(unit=3))
    panel.restore({"layer": "a1", "unit": 900})
    panel.refresh()
    assert (panel.state(), panel.number.value(), panel.number.maximum()) == ({"layer": "a1", "unit": 4}, 4, 4)


def test_what_was_seen_before_is_a_strip(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer(saturated=0.0, step=0))
    for step, share in ((10, 0.0), (20, 1.0), (30, 1.0)):
        take(panel.history.lanes[0], probes=(neuron_answer(saturated=share, dead=share == 1, step=step),))
        panel.refresh()
    one = part(panel, PAST)
    assert panel.view.past.of(("A", "a1", 0)).in_words()[0].replace("\N{NO-BREAK SPACE}", " ") == (
        "50 % on average, dead at 2 of 4 looks since step 0"
    )
    assert panel.summary().endswith("50 % on average, dead at 2 of 4 looks since step 0")
    assert panel.view._caption(one)[1].endswith("4 looks")
    row = one.area.top() + 3
    assert colour_at(panel, one.area.left() + 4, row) == theme.DARK.raised
    assert near(colour_at(panel, one.area.right() - 4, row), theme.DARK.amber)
    assert near(colour_at(panel, one.area.right() - 4, one.area.bottom() - 2), theme.DARK.red)
    panel.reopened()
    assert panel.view.past.of(("A", "a1", 0)).steps.tolist() == [30]


def test_the_past_is_cut_where_the_run_goes_back_and_never_grows_for_good() -> None:
    past = Past()
    for step in (0, 5, 10, 15, 8):
        past.take("A", neuron_answer(step=step))
    known = past.of(("A", "a1", 0))
    assert known.steps.tolist() == [0, 5, 8]
    same = neuron_answer(step=9)
    for _ in range(3):
        past.take("A", same)
    assert past.of(("A", "a1", 0)).steps.tolist() == [0, 5, 8, 9]
    for step in range(10, 10 + 2 * MOST):
        past.take("A", neuron_answer(step=step))
    assert len(past.of(("A", "a1", 0)).steps) <= MOST
    assert past.of(("A", "a1", 0)).steps[0] == 0
    assert past.of(("B", "a1", 0)) is None


@pytest.mark.parametrize("size", [(240, 160), (300, 400), (420, 900), (900, 400)], ids=str)
def test_parts_keep_apart_and_inside(qtbot, size) -> None:
    panel = panel_with(qtbot, neuron_answer(), size=size)
    found, rect = placed(panel), QRectF(panel.view.rect()).adjusted(-1, -1, 1, 1)
    boxes = [one.caption.united(one.area) for one in found]
    assert boxes
    assert all(rect.contains(box) for box in boxes)
    assert not any(a.adjusted(0, 1, 0, -1).intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    kinds = {one.part.kind for one in found}
    assert FACE in kinds
    assert size[1] < 900 or kinds == {FACE, FIGURES, ANSWERS, DRIVEN, INTO, ONWARD, PAST}
    assert [part.kind for part, _ in stacked(QRectF(0, 0, 100, 50), [one.part for one in found])][:1] == [
        found[0].part.kind
    ]


def test_the_tip_reads_map_and_examples(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    square = panel.view.square(part(panel, FACE))
    ((x, y),) = place(PLANE, square, np.array([[0.82, -0.5]]))
    assert panel.view.tip(QPointF(x, y)).startswith("(0.82, −0.50): 0.89")
    rows = panel.view._driven_rows(part(panel, DRIVEN))
    _, box = parts.places_of(panel.view.fonts, rows[0][2], rows[0][1])[0]
    assert panel.view.tip(box.center()) == "training example 3, class 1: output 0.95"
    assert panel.view.tip(QPointF(QPoint(1, 1))) == ""


def test_the_table_has_the_probes_numbers(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    header, rows = panel.table()
    assert header == ("network", "layer", "unit", "what", "number", "value", "gradient")
    start = ("A", "a1", 1)
    assert (*start, "incoming", 1, 1.0, -0.05) in rows
    assert (*start, "bias", None, 0.25, 0.01) in rows
    assert (*start, "highest example", 3, 0.95, None) in rows
    assert (*start, "count, class 0", -0.975, 2, None) in rows


def test_a_unit_that_is_pinned_anywhere_is_shown(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    cursor = panel.history.cursor
    cursor.hover(Mark("h1", 2))
    assert panel.probes == (Neuron("a1", 0),)  # the mouse only passes over it
    with qtbot.waitSignal(panel.wishes_changed):
        cursor.pin(Mark("h1", 2))
    assert (panel.probes, panel.layer.currentText(), panel.number.value()) == ((Neuron("h1", 2),), "h1", 3)
    cursor.pin(Mark("not here", 1))
    cursor.pin(Mark("out"))
    assert panel.probes == (Neuron("h1", 2),)


def test_a_click_on_a_weight_goes_to_the_unit_at_its_other_end(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer(incoming=links(other="h1")))
    upper, _ = parts.split_links(part(panel, INTO).area)
    at = QPointF(upper.left() + 0.75 * upper.width(), upper.center().y())
    assert panel.view.mark_at(at) == Mark("h1", 1)
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert panel.probes == (Neuron("h1", 1),)
    onward = part(panel_with(qtbot, neuron_answer()), ONWARD)
    assert panel_with(qtbot, neuron_answer()).view.mark_at(onward.area.center()).layer == "out"
    assert (
        panel_with(qtbot, neuron_answer()).view.mark_at(part(panel_with(qtbot, neuron_answer()), INTO).area.center())
        == NOTHING
    )


def test_an_example_that_is_pointed_at_is_ringed(qtbot) -> None:
    panel = panel_with(qtbot, neuron_answer())
    ((x, y),) = place(PLANE, panel.view.square(part(panel, FACE)), np.array([[-0.5, -0.5]]))
    mark = Mark(example=(Part.TRAINING, 0))
    assert panel.view.mark_at(QPointF(x, y)) == mark
    _, box = panel.view._spots(part(panel, DRIVEN))[-1]
    assert panel.view.mark_at(box.center()) == mark
    assert not ringed(panel, x + GRASP + 1, y)
    panel.history.cursor.hover(mark)
    assert ringed(panel, x + GRASP + 1, y)
    assert ringed(panel, box.left() - 2, box.center().y())


def ringed(panel: NeuronPanel, x: float, y: float) -> bool:
    return any(near(colour_at(panel, x + by, y), theme.DARK.accent, 60) for by in (-2, -1, 0, 1, 2))
