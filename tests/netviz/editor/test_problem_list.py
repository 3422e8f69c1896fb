"""What is wrong, in lines that lead there; and on the boxes themselves."""

import pytest
from PySide6.QtTest import QTest

from netviz.editor.problem_list import ProblemList
from tests.netviz.editor.conftest import shown
from tests.netviz.editor.hand import LEFT, NONE, press_keys


@pytest.fixture
def problems(branched, board, qtbot):
    made = ProblemList(branched, board)
    qtbot.addWidget(made)
    made.resize(400, 160)
    shown(made, qtbot)
    return made


def test_every_problem_is_a_line_and_a_click_leads_to_its_node(problems, board):
    assert any(line.startswith("lone: takes one input") for line in problems.lines)
    row = next(i for i, line in enumerate(problems.lines) if line.startswith("h9:"))
    at = problems.list.visualItemRect(problems.list.item(row)).center()
    QTest.mouseClick(problems.list.viewport(), LEFT, NONE, at)
    assert board.selection == (0, "h9")


def test_enter_leads_there_too(problems, board):
    problems.list.setFocus()
    problems.list.setCurrentRow(0)
    press_keys(problems.list, "Return")
    assert board.selection == (0, "lone")


def test_good_news(problems, board, branched):
    board.wishes.remove(0, ["lone", "h9"])
    assert problems.lines == []
    assert problems.fine.isVisible()
    assert not problems.list.isVisible()
    branched.stack.undo()
    assert not problems.fine.isVisible()


def test_lanes_are_named(canvas, document, qtbot):
    document.set_node_field(1, "x", "shape", [3])
    made = ProblemList(document, canvas)
    qtbot.addWidget(made)
    assert made.lines[0].startswith("none: x")


def test_an_unconnected_box_is_faded_and_says_so(board):
    assert board.node_item(0, "h9").picture.loose
    assert not board.node_item(0, "h1").picture.loose
    assert "not connected" in board.node_item(0, "h9").toolTip()
    assert "takes one input" in board.node_item(0, "h9").toolTip()


def test_the_selection_is_described_in_words(board):
    board.select(0, "h1")
    words = board.accessibleDescription()
    for part in ("h1: Dense 8", "24 parameters", "from x", "to h2, add1", "shape 2 → 8"):
        assert part in words, part
    board.select(0, "h9")
    assert "takes one input, got none" in board.accessibleDescription()


def test_shapes_that_do_not_meet_are_said_before_the_network_is_finished(problems, board, branched):
    board.wishes.connect(0, "x", "add1", None)
    (line,) = [line for line in problems.lines if line.startswith("add1")]
    assert "input 2 has 2 features" in line
    assert any(line.startswith("lone") for line in problems.lines)
