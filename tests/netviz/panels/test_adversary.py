"""The panel of the step that fools: pictures in their places, colours of signs, bars and words."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.probes.adversary import Adversary, Outcome
from engine.probes.example import Part
from netviz.panels.adversary import AdversaryPanel
from netviz.theme import theme
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import adversary_answer


@pytest.fixture
def show(qtbot):
    def make(*answers, size=(520, 480)):
        history = opened(*"AB"[: len(answers)])
        for lane, answer in zip(history.lanes, answers, strict=True):
            take(lane, probes=(answer,))
        panel = AdversaryPanel(history)
        qtbot.addWidget(panel)
        panel.resize(*size)
        with qtbot.waitExposed(panel):
            panel.show()
        return panel

    return make


def drawn(panel) -> QImage:
    image = QImage(panel.view.size(), QImage.Format.Format_RGB32)
    panel.view.render(image)
    return image


def laid_out(panel, lane=0):
    """The parts of a lane's column, and its faces."""
    answer = panel.history.lanes[lane].adversary
    areas = panel.view.parts(panel.view.bodies(QRectF(panel.view.rect()))[lane], answer)
    return areas, panel.view.faces(areas["faces"], answer)


def near(colour: QColor, wanted: str) -> bool:
    other = QColor(wanted)
    return all(abs(a - b) < 12 for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))


def test_parts_and_faces_stand_apart_inside(show) -> None:
    panel = show(adversary_answer(), adversary_answer())
    whole, seen = QRectF(panel.view.rect()).adjusted(0, 0, 0.01, 0.01), []
    for lane in (0, 1):
        areas, faces = laid_out(panel, lane)
        assert list(areas) == ["faces", "classes", "sizes", "all"]
        assert all(areas["faces"].adjusted(0, 0, 0.01, 0.01).contains(face.area) for face in faces)
        seen += [face.area for face in faces] + [areas[part] for part in ("classes", "sizes", "all")]
    assert all(whole.contains(area) for area in seen)
    for k, area in enumerate(seen):
        assert not any(area.intersects(other) for other in seen[k + 1 :])


def test_the_sum_is_on_the_scale_of_the_picture_and_the_step_is_coloured_by_its_sign(show) -> None:
    """Grey is the data's range, not the picture's own; the step is blue where the picture is bright."""
    bright = np.full(64, 0.5, np.float32)
    panel = show(adversary_answer(x=bright, fooled=bright + 0.25))
    image, (_, faces) = drawn(panel), laid_out(panel)
    centre = [image.pixelColor(face.area.center().toPoint()).lightnessF() for face in faces]
    assert centre[0] == pytest.approx(0.5, abs=0.02)
    assert centre[2] == pytest.approx(0.75, abs=0.02)
    step = faces[1].area
    left, right = (step.topLeft() + QPointF(share * step.width(), step.height() / 2) for share in (0.1, 0.9))
    assert near(image.pixelColor(left.toPoint()), theme().blue)
    assert near(image.pixelColor(right.toPoint()), theme().orange)


def test_bars_are_as_high_as_probabilities(show) -> None:
    panel = show(adversary_answer())
    image, (areas, _) = drawn(panel), laid_out(panel)
    area, line = areas["classes"], panel.view.fonts.line
    room = area.height() - line
    for label, colour, shares in ((0, theme().orange, (0.1, 0.75)), (1, theme().blue, (0.9, 0.25))):
        column = area.left() + (label + 0.7) * area.width() / 2  # the bar for what comes after
        for height in (0.1, 0.5, 0.85):
            place = QPointF(column, area.bottom() - line - height * room)
            assert near(image.pixelColor(place.toPoint()), colour) == (height < shares[1])
    tip = panel.view.tip(QPointF(area.left() + 3, area.center().y()))
    assert tip.replace("\N{NO-BREAK SPACE}", " ") == "no: 10.0 % → 75.0 %; by chance 20.0 %"


def test_the_curve_falls_along_the_sign_and_stays_by_chance(show) -> None:
    panel = show(adversary_answer())
    image, (areas, _) = drawn(panel), laid_out(panel)
    area, line = areas["sizes"], panel.view.fonts.line
    plot = QRectF(area.left(), area.top() + line, area.width(), area.height() - 2 * line)

    def beside(share: float, value: float, colour: str) -> bool:
        """Whether a pixel near the place has that colour, but for its smoothing."""
        x, y = plot.left() + share / 0.5 * plot.width(), plot.bottom() - value * plot.height()
        some = (image.pixelColor(int(x), int(y) + dy) for dy in range(-2, 3))
        wanted = QColor(colour)
        return any(abs(c.hue() - wanted.hue()) < 20 and c.saturation() > wanted.saturation() / 2 for c in some)

    assert all(beside(share, 0.9 - share, theme().orange) for share in (0.12, 0.25, 0.4))
    assert not beside(0.4, 0.9 - 0.08, theme().orange)
    chosen = QPointF(plot.left() + 0.1 / 0.5 * plot.width() + 0.5, plot.bottom() - 3)
    assert near(image.pixelColor(chosen.toPoint()), theme().accent)


def test_what_is_wrong_is_said_in_red(show) -> None:
    right = Outcome(1, 0.1, np.array([0.25, 0.75]))
    reds = []
    for answer in (adversary_answer(), adversary_answer(after=right)):
        panel = show(answer)
        image, (_, faces) = drawn(panel), laid_out(panel)
        below = QRectF(faces[2].area.left(), faces[2].area.bottom(), faces[2].area.width(), panel.view.fonts.line)
        places = (
            (x, y)
            for x in range(int(below.left()), int(below.right()))
            for y in range(int(below.top()), int(below.bottom()))
        )
        reds.append(sum(near(image.pixelColor(*place), theme().red) for place in places))
    assert reds[0] >= 5
    assert reds[1] == 0


def test_in_little_room_the_last_parts_are_left_out(show) -> None:
    seen = [list(laid_out(show(adversary_answer(), size=(300, height)))[0]) for height in (110, 190, 480)]
    assert seen[0] == ["faces"]
    assert len(seen[0]) < len(seen[1]) < len(seen[2]) == 4
    plain = Outcome(1, 0.0, None)
    numbers = adversary_answer(before=plain, after=plain, by_chance=plain)
    assert list(laid_out(show(numbers))[0]) == ["faces", "all"]


def test_keys_choose_the_size_and_the_example(show, qtbot) -> None:
    panel = show(adversary_answer())
    assert panel.probes == (Adversary(share=0.1),)
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_Plus)
    assert panel.probes == (Adversary(share=0.15),)
    assert panel.size_choice.currentText() == "ε 15 %"
    for _ in range(20):
        QTest.keyClick(panel, Qt.Key.Key_Minus)
    assert panel.share == 0.01
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_N)
    assert panel.probes == (Adversary(None, Part.TRAINING, 1, 0.01),)


def test_words_and_table_have_the_numbers(show) -> None:
    panel = show(adversary_answer())
    words = panel.summary().replace("\N{NO-BREAK SPACE}", " ")
    assert "training 5, class yes: taken for yes 90.0 %; with ε 0.1, 10 % of the range, no 75.0 %" in words
    assert "by chance yes 80.0 %; one step fools 50.0 % of 40 validation examples" in words
    names, rows = panel.table()
    assert names == ("network", "epsilon", "true_class", "class", "before", "after", "by_chance")
    assert rows == [("A", 0.1, "yes", "no", 0.1, 0.75, 0.2), ("A", 0.1, "yes", "yes", 0.9, 0.25, 0.8)]


def test_a_reason_is_said_in_place_of_pictures(show) -> None:
    panel = show(adversary_answer(reason="Too many.", x=None))
    assert panel.summary() == "A: Too many."
    assert panel.table()[1] == []
    assert panel.view.tip(QPointF(50, 50)) == ""
    drawn(panel)
