"""Findings as cards: the cause on top, in the colour of its severity, with a button for each remedy."""

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from engine.diagnosis import Finding, Health
from engine.run.messages import LaneAnswer, LossBuckets
from netviz import theme
from netviz.panels.diagnosis import STRIPE, DiagnosisPanel
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
    return [card.head.text() for card in panel.cards]


def test_the_cause_is_on_top_and_what_is_only_watched_below(qtbot) -> None:
    panel = panel_with(qtbot, FAULT, AFTER, watched=(MAYBE,))
    assert heads(panel) == [
        "Learning rate too high, since step 3",
        "Dead units in h1, h2, since step 9",
        "Saturated units in out, since step 11",
    ]
    assert [card.severity for card in panel.cards] == [Health.TROUBLE, Health.TROUBLE, Health.WATCH]
    words = {label.text() for label in panel.cards[0].findChildren(QLabel)}
    assert {"cause", "Steps are too long."} <= words
    assert not {"cause"} & {label.text() for label in panel.cards[1].findChildren(QLabel)}


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


def test_a_click_on_a_card_points_at_its_first_layer(qtbot) -> None:
    panel = panel_with(qtbot, AFTER)
    with qtbot.waitSignal(panel.node_chosen) as chosen:
        QTest.mouseClick(panel.cards[0], Qt.MouseButton.LeftButton)
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
    assert cards[1].sentence.text() == "72% of h1 are dead."
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
    told(panel.history.lanes[0], FAULT, AFTER)
    panel.refresh()
    assert panel.cards[1] is second
    assert heads(panel)[0] == first.words.head
    assert [panel._column.indexOf(card) for card in panel.cards] == [0, 1]
