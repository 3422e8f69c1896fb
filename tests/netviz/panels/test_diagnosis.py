"""Findings as cards: the cause on top, in the colour of its severity, with a button for each remedy."""

from collections import Counter
from itertools import combinations, pairwise

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.diagnosis import Finding, Health, Remedy
from engine.diagnosis.edits import SetData
from engine.run.messages import LaneAnswer, LossBuckets
from netviz import theme
from netviz.focus_order import in_focus_order
from netviz.panels.diagnosis import DiagnosisPanel
from netviz.widgets.finding_card import STRIPE
from netviz.widgets.health import COLOURS
from tests.netviz.panels.histories import fault, opened, unwell
from tests.netviz.panels.test_every_panel import open_panel, picture

FAULT = fault()
(SLOWER,) = FAULT.remedies
AFTER = Finding("dead", "Dead units", ("h1", "h2"), 9, Health.TROUBLE, "61% of h1 are dead.")
MAYBE = Finding("saturated", "Saturated units", ("out",), 11, Health.WATCH, "Half of out is flat.")


def told(lane, *findings, **more):
    nothing = LossBuckets([], [], [], [], [])
    return lane.take(LaneAnswer(nothing, (), None, (), 0.01, 32, unwell(*findings, **more)))


def panel_with(qtbot, *findings, names=("A",), size=(420, 500), **more):
    history = opened(*names)
    for lane in history.lanes:
        told(lane, *findings, **more)
    return open_panel(qtbot, DiagnosisPanel, history, *size)


def heads(panel):
    return [card.told.head for card in panel.cards]


def test_the_cause_is_on_top_and_what_is_only_watched_below(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER, watched=(MAYBE,))
    assert heads(panel) == [
        "Learning rate too high, since step 3",
        "Dead units in h1, h2, since step 9",
        "Saturated units in out, since step 11",
    ]
    assert [card.severity for card in panel.cards] == [Health.TROUBLE, Health.TROUBLE, Health.WATCH]
    assert panel.cards[0].told.sentence == "Steps are too long."
    assert [card.told.mark for card in panel.cards] == ["cause", "", ""]


def test_a_stripe_has_the_colour_of_the_severity(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, watched=(MAYBE,))
    image = picture(panel)
    for card in panel.cards:
        at = card.mapTo(panel, card.rect().topLeft())
        colour = image.pixelColor(at.x() + STRIPE // 2, at.y() + card.height() // 2)
        assert colour.name() == getattr(theme.theme(), COLOURS[card.severity])


def test_a_button_says_which_remedy_of_which_network(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, names=("A", "B"))
    assert heads(panel)[1] == "B: Learning rate too high, since step 3"
    with qtbot.waitSignal(panel.remedy_chosen) as chosen:
        QTest.mouseClick(panel.cards[1].buttons[0], Qt.MouseButton.LeftButton)
    assert chosen.args == [1, SLOWER]
    with qtbot.waitSignal(panel.remedy_chosen):
        panel.cards[0].buttons[0].setFocus()
        QTest.keyClick(panel.cards[0].buttons[0], Qt.Key.Key_Space)


def test_a_button_tells_whether_other_networks_change_too(qtbot) -> None:
    standard = Remedy("Standardize the inputs", (SetData("preprocess", "standardize"),))
    panel = panel_with(qtbot, replace(FAULT, remedies=(SLOWER, standard)))
    alone, common = (button.toolTip() for button in panel.cards[0].buttons)
    assert "the drawn network" in alone
    assert "all networks" in common


def test_a_click_on_a_card_points_at_its_first_layer(qtbot) -> None:
    panel = panel_with(qtbot, AFTER)
    for part in (panel.cards[0], panel.cards[0].told):
        with qtbot.waitSignal(panel.node_chosen) as chosen:
            QTest.mouseClick(part, Qt.MouseButton.LeftButton)
        assert chosen.args == [0, "h1"]


def test_what_is_well_and_what_is_not_known_are_told_apart(qtbot) -> None:
    assert heads(open_panel(qtbot, DiagnosisPanel, opened("A"))) == [
        "Press play: what is wrong with the run, if anything is, is said here."
    ]
    assert heads(panel_with(qtbot)) == ["Nothing wrong so far."]
    assert heads(panel_with(qtbot, since=400)) == ["Nothing wrong so far since step 400."]


def test_nothing_is_wider_than_the_panel(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER, size=(180, 400))
    for card in panel.cards:
        assert card.width() <= panel.width()
        assert all(button.geometry().right() <= card.width() for button in card.buttons)
    assert panel.cards[0].buttons[0].text().endswith("…")
    assert panel.cards[0].buttons[0].accessibleName() == SLOWER.title


def test_cards_stay_while_nothing_changes(qtbot) -> None:
    panel = panel_with(qtbot, FAULT)
    before = panel.cards[0]
    assert told(panel.history.lanes[0], FAULT) == set()
    panel.refresh()
    assert panel.cards[0] is before
    assert told(panel.history.lanes[0], FAULT, AFTER) == {"health"}
    panel.refresh()
    assert len(panel.cards) == 2


def test_a_card_whose_words_change_stays_and_says_the_new_ones(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER)
    cards = list(panel.cards)
    told(panel.history.lanes[0], FAULT, replace(AFTER, nodes=("h1",), began=8, sentence="72% of h1 are dead."))
    panel.refresh()
    assert panel.cards == cards
    assert heads(panel)[1] == "Dead units in h1, since step 8"
    assert cards[1].told.sentence == "72% of h1 are dead."
    assert "72% of h1" in cards[1].accessibleName()
    told(panel.history.lanes[0], AFTER, FAULT)  # in another order, other cards: their buttons differ
    panel.refresh()
    assert [len(card.buttons) for card in panel.cards] == [0, 1]


def test_the_table_and_the_summary_hold_every_finding(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, watched=(MAYBE,))
    columns, rows = panel.table()
    assert columns == ("network", "severity", "symptom", "nodes", "since step", "cause", "in words")
    assert rows[0] == ("A", "trouble", "Learning rate too high", "", 3, "cause", "Steps are too long.")
    assert rows[1][:5] == ("A", "watch", "Saturated units", "out", 11)
    assert "Steps are too long." in panel.summary()
    well = panel_with(qtbot, since=40)
    assert well.table()[1] == [("A", "fine", "", "", 40, "", "Nothing wrong so far since step 40.")]


def test_a_finding_that_comes_or_goes_leaves_the_others_their_cards(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER)
    first, second = panel.cards
    told(panel.history.lanes[0], AFTER)
    panel.refresh()
    assert panel.cards == [second]
    assert not first.isVisible()
    told(panel.history.lanes[0], FAULT, AFTER)
    panel.refresh()
    assert panel.cards == [first, second]
    assert heads(panel) == [first.words.head, second.words.head]
    tops = [card.y() for card in panel.cards]
    assert tops == sorted(tops)


def events_of(act) -> Counter:
    """What widgets are told while `act` is done, by kind; paints by what is painted."""
    seen = Counter()

    class Seen(QObject):
        def eventFilter(self, receiver, event):
            kind = event.type()
            seen[type(receiver).__name__ if kind is QEvent.Type.Paint else kind.name] += isinstance(receiver, QWidget)
            return False

    filter_ = Seen()
    QApplication.instance().installEventFilter(filter_)
    try:
        act()
    finally:
        QApplication.instance().removeEventFilter(filter_)
    return seen


def drawn(qtbot, panel) -> Counter:
    """What comes of a refresh, painting and all."""
    return events_of(lambda: (panel.refresh(), qtbot.wait(30)))


def test_numbers_that_change_lay_nothing_out_and_paint_their_card_alone(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER, watched=(MAYBE,))
    qtbot.wait(30)
    told(panel.history.lanes[0], FAULT, replace(AFTER, sentence="72% of h1 are dead."), watched=(MAYBE,))
    seen = drawn(qtbot, panel)
    assert seen["Told"] == 1, "painted once"
    assert set(+seen) == {"Told", "UpdateRequest"}
    more = replace(AFTER, sentence="72% of h1 are dead. " * 20)
    told(panel.history.lanes[0], FAULT, more, watched=(MAYBE,))
    seen = drawn(qtbot, panel)
    assert seen["Card"] >= 2, "its card is higher, and what is below it lower"
    assert panel.cards[1].geometry().bottom() < panel.cards[2].y()
    assert not seen["LayoutRequest"]


def test_the_next_finding_finds_its_card_made(qtbot) -> None:
    panel = panel_with(qtbot, FAULT)
    for number in range(2, 5):
        qtbot.wait(10)
        found = [fault(k, title=f"Fault {k}", remedies=titled(*"abc")) for k in range(number)]
        told(panel.history.lanes[0], *found)
        seen = events_of(panel.refresh)
        assert heads(panel)[-1] == f"Fault {number - 1}, since step {number - 1}"
        assert all(button.isVisible() for button in panel.cards[-1].buttons)
        assert seen["Show"] >= 5, "the card, its words and three buttons"
        assert not seen["Create"] + seen["Polish"]


def titled(*titles: str) -> tuple[Remedy, ...]:
    return tuple(Remedy(title, FAULT.remedies[0].edits) for title in titles)


def test_tab_goes_from_card_to_card_as_they_stand(qtbot) -> None:
    early, late = (fault(began, title=f"{began}", remedies=titled(f"cure {began}")) for began in (3, 9))
    panel = panel_with(qtbot, late)
    told(panel.history.lanes[0], early, late, replace(AFTER, remedies=titled("cure 11")))
    panel.refresh()
    buttons = [widget for widget in in_focus_order(panel) if isinstance(widget, QPushButton) and widget.isVisible()]
    assert [button.accessibleName() for button in buttons] == ["cure 3", "cure 9", "cure 11"]


def test_the_keys_stay_with_their_remedy(qtbot) -> None:
    panel = panel_with(qtbot, replace(FAULT, remedies=titled("slower", "stop")))
    panel.cards[0].buttons[1].setFocus()
    told(panel.history.lanes[0], replace(FAULT, remedies=titled("stop", "shrink")))
    panel.refresh()
    assert panel.focusWidget() is panel.cards[0].buttons[0]
    told(panel.history.lanes[0], AFTER)
    panel.refresh()
    assert panel.focusWidget() is panel.list


def test_a_remedy_that_is_pressed_while_another_takes_its_place_is_not_done(qtbot) -> None:
    panel = panel_with(qtbot, replace(FAULT, remedies=titled("slower")))
    (button,) = panel.cards[0].buttons
    QTest.mousePress(button, Qt.MouseButton.LeftButton)
    told(panel.history.lanes[0], replace(FAULT, remedies=titled("faster")))
    panel.refresh()
    assert panel.cards[0].buttons[0] is button
    with qtbot.assertNotEmitted(panel.remedy_chosen):
        QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.remedy_chosen) as chosen:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert chosen.args[1].title == "faster"


@pytest.mark.usefixtures("usual_size")
@pytest.mark.parametrize("size", [0.8, 1.0, 1.5, 2.0])
def test_nothing_lies_over_anything_else(qtbot, size) -> None:
    many = [fault(k, title=f"Fault {k}", remedies=titled("A cure", "Another cure of it", "Stop")) for k in range(6)]
    panel = panel_with(qtbot, *many, size=(260, 300))
    before = panel.cards[0].buttons[0].height()
    theme.look().resize(size)
    bar = panel.list.verticalScrollBar()
    assert (panel.cards[0].buttons[0].height() > before) == (size > 1)
    for width in (260, 420, 900):
        panel.resize(width, 300 if width < 900 else 2000)
        qtbot.wait(20)
        assert bar.isVisible() == (width < 900)
        right = panel.list.width() - bar.isVisible() * bar.width()
        for card, following in pairwise(panel.cards):
            assert card.geometry().bottom() < following.y()
            assert card.geometry().right() < right
        for card in panel.cards:
            parts = [card.told, *card.buttons]
            assert all(card.rect().contains(part.geometry()) for part in parts)
            assert not any(a.geometry().intersects(b.geometry()) for a, b in combinations(parts, 2))
            assert card.told.height() >= card.told.height_for(card.told.width())
    assert len({button.y() for button in panel.cards[0].buttons}) == 1, "side by side"
    assert bar.maximum() == 0


def test_the_keys_are_left_where_they_are(qtbot) -> None:
    panel = panel_with(qtbot, replace(FAULT, remedies=titled("slower")))
    root, field = QWidget(), QLineEdit()
    qtbot.addWidget(root)
    column = QVBoxLayout(root)
    column.addWidget(panel)
    column.addWidget(field)
    root.show()
    panel.cards[0].buttons[0].setFocus()
    field.setFocus()
    told(panel.history.lanes[0], replace(FAULT, remedies=titled("slower", "stop")))
    panel.refresh()
    assert root.focusWidget() is field


def test_a_scroll_bar_does_not_come_and_go_with_the_numbers(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, size=(300, 400))
    bar, card = panel.list.verticalScrollBar(), panel.cards[0]

    def say(words: int) -> None:
        told(panel.history.lanes[0], replace(FAULT, sentence="n " * words))
        panel.refresh()
        qtbot.wait(10)

    wide, narrow = card.width(), card.width() - bar.sizeHint().width()
    for words in range(30, 90):
        say(words)
        if card.height_for(wide) < card.height_for(narrow):
            break
    assert card.height_for(wide) < card.height_for(narrow)
    assert not bar.isVisible()
    panel.resize(300, card.geometry().bottom() + 1 + theme.GAP)  # just enough, without one
    qtbot.wait(10)
    assert not bar.isVisible()
    say(10 * words)
    assert bar.isVisible()
    say(words)
    assert bar.isVisible(), "with it they do not fit"
    say(20)
    assert not bar.isVisible()
