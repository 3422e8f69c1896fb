"""One example's arithmetic on the panel: what is written, in its place and colour; clicks, keys, and steps."""

from itertools import pairwise

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.arithmetic.lines import Line, Section, Way
from netviz import theme
from netviz.panels.follow import FollowPanel
from netviz.widgets import ledger_view
from netviz.widgets.ledger import block
from netviz.widgets.ledger_places import Placed
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import follow_answer
from tests.netviz.panels.test_every_panel import open_panel, picture


def panel_with(qtbot, *answers, size=(420, 520)) -> FollowPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    return open_panel(qtbot, FollowPanel, history, *size)


def rows(panel: FollowPanel, lane: int = 0) -> list[Placed]:
    return [one for one in panel.ledger.placed if one.row is not None and one.lane == lane]


def written(panel: FollowPanel, lane: int = 0) -> list[tuple[str, str, str]]:
    return [(one.row.name, one.row.text, one.row.value) for one in rows(panel, lane)]


def click(panel: FollowPanel, one: Placed) -> None:
    at = one.rect.center().toPoint() - QPoint(0, panel.ledger.scroll.value())
    QTest.mouseClick(panel.ledger, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def test_the_sum_is_written_with_every_weight_and_the_bias_in_a_line_of_its_own(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    assert written(panel)[:4] == [
        ("x[1]", "0.5·(−1)", "−0.50"),
        ("x[2]", "2·1", "2.00"),
        ("bias", "", "0.25"),
        ("h1[1]", "", "1.75"),
    ]
    assert ("a1[1]", "tanh(1.75)", "0.94138") in written(panel)
    heads = [one.text for one in panel.ledger.placed if one.way is not None]
    assert heads == ["forward", "backward"]
    assert panel.bar.says.text() == "training 2, class 1"
    assert panel.bar.unit.text() == "h1 → a1, unit 1 of 4"


def test_rows_stand_one_below_the_other_and_inside(qtbot) -> None:
    for size in ((240, 300), (520, 520), (900, 300)):
        panel = panel_with(qtbot, follow_answer(), follow_answer(2.0), size=size)
        for lane in range(2):
            placed = [one.rect for one in panel.ledger.placed if one.lane == lane]
            assert all(below.top() >= above.bottom() - 1 for above, below in pairwise(placed))
            assert all(rect.left() >= 0 and rect.right() <= panel.ledger.width() for rect in placed)
        beside = rows(panel)[0].rect.right() <= rows(panel, 1)[0].rect.left()
        assert beside == (size[0] > 400)  # else one network below the other


def test_bars_are_orange_to_the_right_and_blue_to_the_left(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    image, t = picture(panel.ledger), theme.theme()
    negative, positive = rows(panel)[:2]

    def ends(one: Placed) -> tuple[QColor, QColor]:
        right, y = int(one.rect.right()), int(one.rect.center().y())
        return image.pixelColor(right - 24, y), image.pixelColor(right - 12, y)

    assert ends(negative)[0].name() == t.blue
    assert ends(positive)[1].name() == t.orange
    assert ends(positive)[0].name() == t.card


def test_a_click_on_a_term_goes_to_its_unit(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    with qtbot.waitSignal(panel.wishes_changed):
        click(panel, rows(panel)[1])
    assert (panel.followed.question.node, panel.followed.question.unit) == ("x", 1)
    assert panel.probes == (panel.followed.question,)
    asked = panel.followed.question
    click(panel, rows(panel)[2])  # a bias comes from nowhere
    assert panel.followed.question is asked


def test_arrows_walk_over_cards_and_units(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    asked = panel.followed

    def press(key: Qt.Key) -> tuple[str, int]:
        QTest.keyClick(panel.ledger, key)
        return asked.question.node, asked.question.unit

    assert press(Qt.Key.Key_Down) == ("a1", 1)
    assert press(Qt.Key.Key_Right) == ("out", 0)
    assert press(Qt.Key.Key_Left) == ("x", 0)
    take(panel.history.lanes[0], probes=(follow_answer(node="out", chosen=("out",)),))
    assert press(Qt.Key.Key_Right) == ("", 0)
    take(panel.history.lanes[0], probes=(follow_answer(unit=3),))
    assert press(Qt.Key.Key_Down) == ("a1", 3)


def test_examples_and_targets_are_chosen(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    QTest.keyClick(panel.ledger, Qt.Key.Key_N)
    assert panel.followed.question.index == 2
    QTest.keyClick(panel.ledger, Qt.Key.Key_P)
    assert panel.followed.question.index == 0
    choice = panel.bar.target
    assert [choice.itemText(i) for i in range(choice.count())] == ["the data's class", "class 0", "class 1"]
    choice.setCurrentIndex(2)
    choice.activated.emit(2)
    assert panel.followed.question.target == (1.0,)
    take(panel.history.lanes[0], probes=(follow_answer(classes=None, label=None, target=np.array([0.5])),))
    panel.refresh()
    assert panel.bar.says.text() == "training 2, target 0.5"
    assert (choice.isVisible(), panel.bar.number.isVisible()) == (False, True)
    panel.bar.number.setText("-2.5")
    panel.bar.number.editingFinished.emit()
    assert panel.followed.question.target == (-2.5,)


def test_steps_show_what_has_come_so_far_and_light_where_it_came_from(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer())
    QTest.keyClick(panel.ledger, Qt.Key.Key_F)
    assert panel.bar.step.text() == "1 of 7: x → h1"
    assert [name for name, _, _ in written(panel)] == ["x[1]", "x[2]", "bias", "h1[1]"]
    assert [one.lit for one in rows(panel)] == [True, True, False, False]
    image = picture(panel.ledger)
    lit, plain = (
        image.pixelColor(int(one.rect.left()) + 2, int(one.rect.top()) + 2) for one in (rows(panel)[0], rows(panel)[2])
    )
    assert plain.name() == theme.theme().card
    assert lit.blueF() > plain.blueF() + 0.1
    for _ in range(4):
        QTest.keyClick(panel.ledger, Qt.Key.Key_F)
    assert panel.bar.step.text() == "5 of 7: a1 ← out"
    assert [name for name, _, _ in written(panel)] == ["out[1]", "∂L/∂a1[1]"]
    assert panel.followed.question.node == "a1"
    QTest.keyClick(panel.ledger, Qt.Key.Key_B)
    assert panel.bar.step.text() == "4 of 7: the loss"
    QTest.keyClick(panel.ledger, Qt.Key.Key_A)
    assert panel.followed.step is None
    QTest.keyClick(panel.ledger, Qt.Key.Key_B)
    assert panel.bar.step.text().startswith("7 of 7")
    QTest.keyClick(panel.ledger, Qt.Key.Key_F)
    assert panel.followed.step is None


def test_a_sum_whose_terms_are_not_all_there_is_no_sum_yet(qtbot) -> None:
    """A unit that two layers take: its gradient is known when both have sent theirs back."""
    told = follow_answer()
    lines = (Line("out[1]", "{0}", (2.0,), 2.0, "out", 0), Line("skip[1]", "{0}", (3.0,), 3.0, "skip", 0))
    back = Section(Way.BACKWARD, "a1", "∂L/∂a1[1]", lines, "∂L/∂a1[1]", 5.0, adds=True)
    nodes = (*told.nodes, replace(told.nodes[-1], node="skip"))
    wires = (*told.wires, ("a1", "skip"))
    panel = panel_with(qtbot, replace(told, sections=(back,), nodes=nodes, wires=wires))
    for _ in range(6):
        panel.go(1)
    assert panel.bar.step.text() == "6 of 9: a1 ← skip"
    assert written(panel) == [("skip[1]", "", "3")]
    assert "still to come: out" in [one.text for one in panel.ledger.placed]
    panel.go(1)
    assert written(panel)[-1] == ("∂L/∂a1[1]", "", "5")


def test_networks_stand_side_by_side_and_one_that_lacks_the_node_says_so(qtbot) -> None:
    other = follow_answer(2.0, number=1, node="", chosen=(), sections=())
    panel = panel_with(qtbot, follow_answer(number=1), other, size=(900, 400))
    panel.followed.look_at("a1")
    panel.refresh()
    assert written(panel)[3] == ("h1[1]", "", "1.75")
    assert written(panel, 1) == []
    assert "There is no a1 in this network." in [one.text for one in panel.ledger.placed if one.lane == 1]


def test_without_a_target_and_where_it_is_refused_words_say_why(qtbot) -> None:
    aimless = follow_answer(loss=None, label=None, part=None)
    panel = panel_with(qtbot, aimless)
    assert any("No target is known" in one.text for one in panel.ledger.placed)
    assert panel.bar.says.text() == "by hand"
    refused = follow_answer(reason="9,000,000 weights are too many.", sections=(), nodes=(), chosen=())
    panel = panel_with(qtbot, refused)
    assert [one.text for one in panel.ledger.placed] == ["9,000,000 weights are too many."]


def test_a_long_card_scrolls(qtbot) -> None:
    panel = panel_with(qtbot, follow_answer(), size=(420, 200))
    assert panel.ledger.scroll.isVisible()
    last = rows(panel)[-1]
    for _ in range(4):
        QTest.keyClick(panel.ledger, Qt.Key.Key_PageDown)
    assert panel.ledger.scroll.value() == panel.ledger.scroll.maximum()
    assert last.rect.bottom() - panel.ledger.scroll.value() <= panel.ledger.height()
    assert panel.ledger.at(rows(panel)[-2].rect.center() - QPoint(0, panel.ledger.scroll.value())) is rows(panel)[-2]


def test_of_a_new_answer_only_what_is_in_sight_is_written_and_all_of_it_as_it_stands(qtbot, monkeypatch) -> None:
    panel = panel_with(qtbot, follow_answer(), size=(420, 150))
    ledger, asked = panel.ledger, []
    everything = ledger.placed
    monkeypatch.setattr(ledger_view, "block", lambda section: (asked.append(section.title), block(section))[1])
    take(panel.history.lanes[0], probes=(follow_answer(3.0),))
    panel.refresh()
    assert asked == ["h1[1] = Σ w·x + b"], "the first of three sections fills the place"
    before = ledger.scroll.maximum()
    for top in range(0, before + 1, 7):
        ledger.scroll.setValue(top)
        seen = {one.rect.top(): one for one in ledger._placed if one.rect.bottom() >= top}
        for one in everything:
            if one.rect.bottom() >= top and one.rect.top() <= top + ledger.height():
                assert (seen[one.rect.top()].text, seen[one.rect.top()].rect) == (one.text, one.rect)
        picture(ledger)
    assert len(asked) == 3
    assert ("x[1]", "1.5·(−1)", "−1.50") in written(panel)
    ledger.scroll.setValue(0)
    asked.clear()
    take(panel.history.lanes[0], probes=(follow_answer(-2.0),))
    panel.refresh()
    panel.ledger.resize(400, 900)
    assert len(asked) == len(set(asked)) == 3, "what comes into sight is written, each once"
    assert ("x[1]", "−1·(−1)", "1.00") in written(panel)


def test_the_table_has_every_line_as_shown_and_to_all_digits(qtbot) -> None:
    header, lines = panel_with(qtbot, follow_answer()).table()
    assert header[-3:] == ("shown", "power_of_ten", "value")
    named = {line[4]: line for line in lines}
    assert named["x[2]"][5:] == ("2·1", "2.00", 0, 2.0)
    assert named["h1[1]"][-1] == 1.75
