"""What happens in a panel does not have the window laid out anew, and docks are as small as they can be, no smaller."""

import pytest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QVBoxLayout, QWidget

from netviz.widgets.still import Still
from tests.netviz.test_cursor_window import LONG, trained
from tests.netviz.test_run_bar import Layouts

ROW = 6


class Inside(QWidget):
    """A list, and words that are not always there."""

    def __init__(self) -> None:
        super().__init__()
        self.choice, self.words = QComboBox(), QLabel("words")
        self.choice.setMinimumContentsLength(5)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        column = QVBoxLayout(self)
        column.addWidget(self.choice)
        column.addWidget(self.words)
        self.words.hide()


@pytest.fixture
def held(qtbot) -> tuple[QWidget, Still, Inside]:
    outer, inside = QWidget(), Inside()
    still = Still(inside)
    still.setContentsMargins(1, 2, 3, 4)
    QVBoxLayout(outer).addWidget(still)
    qtbot.addWidget(outer)
    with qtbot.waitExposed(outer):
        outer.show()
    settle()
    return outer, still, inside


def settle() -> None:
    for _ in range(5):  # a layout tells the next one by an event
        QApplication.processEvents()


def test_what_needs_no_other_room_is_told_nobody(held) -> None:
    outer, _, inside = held
    within, without = Layouts(inside), Layouts(outer)
    inside.choice.addItems(["one", "two"])
    inside.choice.clear()
    inside.layout().invalidate()
    settle()
    assert within.count > 0
    assert without.count == 0


def test_what_needs_other_room_is_told(held) -> None:
    outer, still, inside = held
    small = outer.minimumSizeHint().height()
    inside.words.show()
    settle()
    assert outer.minimumSizeHint().height() > small
    assert outer.minimumHeight() == outer.minimumSizeHint().height(), "the window cannot be made smaller"
    inside.words.hide()
    settle()
    assert outer.minimumSizeHint().height() == small
    margins = still.contentsMargins()
    assert still.minimumSizeHint() == inside.minimumSizeHint().grownBy(margins)
    assert inside.geometry() == still.rect().marginsRemoved(margins)


def test_what_was_told_nobody_while_it_was_hidden_is_told_when_it_is_seen(held) -> None:
    outer, still, inside = held
    inside.hide()
    still.put(words := QLabel("words"))
    page = QWidget()
    QVBoxLayout(page).addWidget(still)
    outer.layout().addWidget(page)
    settle()
    small = outer.minimumHeight()
    page.hide()
    settle()
    words.setText("words\nin\nmany\nlines")
    settle()
    page.show()
    settle()
    assert outer.minimumHeight() > small


@pytest.mark.parametrize("experiment", ["xor", "vanishing-gradient", "softmax"])
def test_a_run_that_begins_lays_out_no_docks(open_window, qtbot, experiment) -> None:
    window = open_window(experiment)
    names = [panel.ident for panel in window.panels]
    window.resize(2560, 1440)
    window.layout_.show([[[name] for name in names[i : i + ROW]] for i in range(0, len(names), ROW)])
    session = window.session

    def answered() -> bool:
        """Whether those that are drawn otherwise before the first answer have one, and are drawn."""
        lane = session.history.lanes[0]
        told = None not in (lane.follow, lane.neuron, lane.representation, lane.derivative)
        return told and not session.turns.waiting

    qtbot.waitUntil(answered, timeout=LONG)
    settle()
    least = {name: dock.minimumSizeHint() for name, dock in window.docks.items()}
    layouts = Layouts(window)
    for _ in range(2):
        with qtbot.waitSignal(session.rewound, timeout=LONG):  # every panel is empty then
            window.run_bar.reset.trigger()
        window.run_bar.play.trigger()
        qtbot.waitUntil(lambda: session.running and session.step > 0, timeout=LONG)
        window.run_bar.play.trigger()
        qtbot.waitUntil(lambda: session.state == "paused" and answered(), timeout=LONG)
        settle()
    assert layouts.count == 0
    assert {name: dock.minimumSizeHint() for name, dock in window.docks.items()} == least


def test_a_reset_shows_old_pictures_until_each_has_its_turn(open_window, qtbot) -> None:
    window = open_window()
    turns, panels = window.session.turns, window.panels
    trained(window, qtbot)
    shown = [panel for panel in panels if panel.isVisible()]
    seen = []
    window.session.rewound.connect(lambda: seen.extend(panel.updatesEnabled() for panel in shown))
    with qtbot.waitSignal(window.session.rewound, timeout=LONG):
        window.run_bar.reset.trigger()
    assert len(seen) == len(shown) > 3
    assert not any(seen)
    qtbot.waitUntil(lambda: not turns.waiting, timeout=LONG)
    assert all(panel.updatesEnabled() for panel in panels)
