"""Words without room end in …, not within a letter."""

import pytest
from PySide6.QtCore import Qt

from netviz import theme
from netviz.widgets.elided import ElidedLabel
from netviz.widgets.follow_bar import FollowBar
from netviz.widgets.view_tools import faint_words

WORDS = "training 1, class 0, and a good deal more"


@pytest.fixture(autouse=True)
def dark(qapp):
    theme.start(qapp, "dark")
    yield
    qapp.setStyleSheet("")


def test_no_letter_is_cut_at_any_width(qtbot) -> None:
    label = faint_words()
    qtbot.addWidget(label)
    label.setText(WORDS)
    assert label.toolTip() == WORDS
    label.show()
    full = label.fontMetrics().horizontalAdvance(WORDS)
    for width in range(30, full, 7):
        label.resize(width, 20)
        label.setText(WORDS)
        cut = label.grab().toImage()
        label.setText(label.fontMetrics().elidedText(WORDS, Qt.TextElideMode.ElideRight, width))
        assert label.text().endswith("…")
        assert cut == label.grab().toImage(), width


def test_the_bar_of_an_example_has_such_words(qtbot) -> None:
    bar = FollowBar()
    qtbot.addWidget(bar)
    assert len(bar.findChildren(ElidedLabel)) >= 2
