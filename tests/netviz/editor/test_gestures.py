"""Assembling a network by hand: every drag under a real mouse, one step of undo each, nothing where it is cancelled."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from netviz.document.wiring import numbered
from netviz.editor.kit import Stress
from tests.netviz.editor.hand import (
    ALT,
    CTRL,
    LEFT,
    NONE,
    SHIFT,
    click,
    drag,
    empty,
    hold,
    middle,
    on_wire,
    port,
    press_keys,
)


def edges(document, lane=0):
    return [(e.source, e.target) for e in document.lanes()[lane].graph.edges]


def far(canvas):
    """A place below everything."""
    return QPoint(600, canvas.viewport().height() - 40)


# Wires


def test_a_wire_from_port_to_port(board, branched):
    hold(board, port(board, 0, "h9"), port(board, 0, "add1", 2) + QPoint(7, 5))
    assert board.bubble.text() == "h9 → add1, input 2"
    assert board.preview.wire.isVisible()
    QTest.mouseRelease(board.viewport(), LEFT, NONE, port(board, 0, "add1", 2) + QPoint(7, 5))
    assert ("h9", "add1") in edges(branched)
    assert branched.stack.count() == 1
    assert not board.preview.wire.isVisible()
    assert not board.bubble.isVisible()


def test_a_wire_dropped_on_a_box_takes_the_free_input_and_there_is_another_one(board, branched):
    before = board.node_item(0, "add1").picture.inputs
    drag(board, port(board, 0, "h9"), middle(board, 0, "add1"))
    assert ("h9", "add1") in edges(branched)
    assert board.node_item(0, "add1").picture.inputs == before + 1


def test_a_wire_backwards_from_an_input(board, branched):
    drag(board, port(board, 0, "h9", 0), port(board, 0, "h1"))
    assert ("a1", "h9") in edges(branched)


def test_what_cannot_be_says_why_and_changes_nothing(board, branched):
    hold(board, port(board, 0, "out"), middle(board, 0, "h1"))
    assert board.bubble.text() == "the input of h1 is taken by x"
    assert board.preview.wire.pen().style() == Qt.PenStyle.DashLine
    QTest.mouseRelease(board.viewport(), LEFT, NONE, middle(board, 0, "h1"))
    assert branched.stack.count() == 0
    assert board.toast.text() == "the input of h1 is taken by x"
    assert board.toast.isVisible()


def test_shapes_that_do_not_meet_are_said_and_may_be_drawn(board, branched):
    branched.set_node_field(0, "h9", "units", 5)
    board.wishes.connect(0, "a1", "h9", None)
    hold(board, port(board, 0, "h9"), middle(board, 0, "add1"))
    assert "shapes do not meet" in board.bubble.text()
    QTest.mouseRelease(board.viewport(), LEFT, NONE, middle(board, 0, "add1"))
    assert ("h9", "add1") in edges(branched)
    assert "input 2 has 5 features" in board.node_item(0, "add1").picture.problem


def test_a_wire_into_another_network_is_refused(canvas, document):
    hold(canvas, port(canvas, 0, "out"), middle(canvas, 1, "out"))
    assert canvas.bubble.text() == "this belongs to another network"
    QTest.mouseRelease(canvas.viewport(), LEFT, NONE, middle(canvas, 1, "out"))
    assert document.stack.count() == 0


def test_a_wire_dropped_on_nothing_offers_what_fits_and_connects_it(board, branched, qtbot):
    drag(board, port(board, 0, "a1"), far(board))
    (search,) = board.commands.searches
    assert "input" not in [offer.kind for offer in search.found]
    QTest.keyClicks(search.line, "tan")
    assert search.found[0].kind == "tanh"
    QTest.keyClick(search.line, Qt.Key.Key_Return)
    lane, node = board.selection
    assert ("a1", node) in edges(branched)
    assert branched.stack.count() == 1
    assert branched.stack.undoText() == "Add Tanh after a1"
    assert (board.mapFromScene(board.node_item(lane, node).pos()) - far(board)).manhattanLength() < 60


def test_the_search_after_a_wire_can_be_left(board, branched):
    drag(board, port(board, 0, "a1"), far(board))
    (search,) = board.commands.searches
    QTest.keyClick(search.line, Qt.Key.Key_Escape)
    assert not board.commands.searches
    assert branched.stack.count() == 0


def test_the_end_of_a_wire_is_taken_off_and_put_elsewhere(board, branched):
    drag(board, port(board, 0, "add1", 0), port(board, 0, "h9", 0))
    assert ("a2", "h9") in edges(branched)
    assert ("a2", "add1") not in edges(branched)
    assert branched.stack.count() == 1
    branched.stack.undo()
    drag(board, port(board, 0, "add1", 0), far(board))
    assert ("a2", "add1") not in edges(branched)
    branched.stack.undo()
    drag(board, port(board, 0, "add1", 0), port(board, 0, "add1", 0) + QPoint(12, 0))
    assert ("a2", "add1") in edges(branched)
    assert not branched.stack.canUndo()


def test_a_wire_is_selected_by_a_click_and_deleted(board, branched):
    click(board, on_wire(board, 0, "add1", "out"))
    assert board.selection is None
    assert board.wire_item(0, "add1", "out").stress is Stress.CHOSEN
    assert "wire from add1 to out" in board.accessibleDescription()
    press_keys(board, "Delete")
    assert ("add1", "out") not in edges(branched)
    assert branched.stack.undoText() == "Disconnect add1 from out"


def test_an_input_that_is_let_go_leaves_no_gap(board, branched):
    """A wire into the next free input has no number in the file, so those behind move up."""
    drag(board, port(board, 0, "h9"), port(board, 0, "add1", 2))
    drag(board, port(board, 0, "add1", 0), far(board))
    assert sorted(w.number for _, w in board.scene().wires if w.target == "add1") == [0, 1]
    assert not any("nothing comes" in str(p) for p in branched.lane_problems(0))


# Boxes on wires


def test_a_box_that_stands_alone_is_dropped_on_a_wire(board, branched):
    hold(board, middle(board, 0, "h9"), on_wire(board, 0, "x", "h1"), ALT)
    assert board.wire_item(0, "x", "h1").stress is Stress.DROP
    assert board.bubble.text() == "insert h9 between x and h1"
    QTest.mouseRelease(board.viewport(), LEFT, ALT, on_wire(board, 0, "x", "h1"))
    assert {("x", "h9"), ("h9", "h1")} < set(edges(branched))
    assert ("x", "h1") not in edges(branched)
    assert branched.stack.count() == 1


def test_a_box_on_wires_is_not_put_on_another(board, branched):
    before = edges(branched)
    drag(board, middle(board, 0, "out"), on_wire(board, 0, "x", "h1"), ALT)
    assert edges(branched) == before


def test_shift_and_drag_pulls_a_box_out_and_the_wire_heals(board, branched):
    hold(board, middle(board, 0, "add1"), far(board), SHIFT)
    assert board.wire_item(0, "add1", "out").stress is Stress.LEAVING
    assert board.bubble.text() == "add1 leaves its wires"
    QTest.mouseRelease(board.viewport(), LEFT, SHIFT, far(board))
    assert not [e for e in edges(branched) if "add1" in e]
    assert branched.stack.count() == 1
    branched.stack.undo()
    drag(board, middle(board, 0, "h2"), far(board), SHIFT)
    assert ("h2", "a2") in edges(branched), "the activation goes along"
    assert not {("a1", "h2"), ("a2", "add1")} & set(edges(branched))
    assert branched.stack.index() == 1


def test_a_pulled_box_goes_onto_another_wire(board, branched):
    drag(board, middle(board, 0, "out"), on_wire(board, 0, "x", "h1"), SHIFT | ALT)
    assert {("x", "out"), ("out", "h1")} < set(edges(branched))
    assert ("add1", "out") not in edges(branched)
    assert branched.stack.count() == 1


def test_an_activation_is_pulled_apart_and_docked_again(board, branched):
    drag(board, middle(board, 0, "a2"), far(board))
    assert board.node_item(0, "a2") is not board.node_item(0, "h2")
    assert ("h2", "add1") in edges(branched)
    assert branched.stack.count() == 1
    drag(board, middle(board, 0, "a2"), middle(board, 0, "h2"), ALT)
    assert board.node_item(0, "a2") is board.node_item(0, "h2")
    assert {("h2", "a2"), ("a2", "add1")} < set(edges(branched))
    assert branched.stack.count() == 2


def test_an_activation_changes_its_layer_with_all_that_follows(board, branched):
    drag(board, middle(board, 0, "lone"), middle(board, 0, "h9"), ALT)
    assert board.node_item(0, "lone") is board.node_item(0, "h9")
    drag(board, middle(board, 0, "lone"), middle(board, 0, "h1"))
    assert ("h1", "lone") in edges(branched)
    assert {("lone", "h2"), ("lone", "add1")} < set(edges(branched)), "what followed tanh follows ReLU"
    assert "a1" not in {n.id for n in branched.project.graph.nodes}


def test_a_line_that_stays_in_its_box_stays(board, branched):
    at = middle(board, 0, "a2")
    drag(board, at, at + QPoint(20, 4))
    assert branched.stack.count() == 0


# Selecting and moving


def test_clicks_with_ctrl_or_shift_toggle(board):
    click(board, middle(board, 0, "h1"))
    click(board, middle(board, 0, "h2"), CTRL)
    click(board, middle(board, 0, "out"), SHIFT)
    assert board.selected_nodes == (0, {"h1", "h2", "out"})
    assert board.selection == (0, "out")
    click(board, middle(board, 0, "h2"), CTRL)
    assert board.selected_nodes == (0, {"h1", "out"})
    assert "2 nodes are selected: h1, out" in board.accessibleDescription()
    click(board, empty(board))
    assert board.selected_nodes[1] == frozenset()


def test_a_rubber_band_selects_what_it_touches(board):
    corner = board.mapFromScene(board.node_item(0, "lone").pos()) - QPoint(8, 8)
    low = board.mapFromScene(board.node_item(0, "h9").pos()) + QPoint(30, 30)
    hold(board, corner, low)
    assert board.preview.band.isVisible()
    QTest.mouseRelease(board.viewport(), LEFT, NONE, low)
    assert board.selected_nodes == (0, {"lone", "h9"})
    assert not board.preview.band.isVisible()


def test_several_boxes_move_as_one_step(board, branched):
    board.select_nodes(0, ["h1", "lone"])
    places = {n: board.node_item(0, n).pos() for n in ("h1", "lone", "out")}
    at = middle(board, 0, "h1")
    drag(board, at, at + QPoint(30, 40), ALT)
    for node, by in (("h1", QPointF(30, 40)), ("lone", QPointF(30, 40)), ("out", QPointF())):
        assert (board.node_item(0, node).pos() - places[node] - by).manhattanLength() < 2
    assert branched.stack.count() == 1
    branched.stack.undo()
    assert all((board.node_item(0, n).pos() - at).manhattanLength() < 1 for n, at in places.items())


def test_a_box_comes_to_rest_in_line_with_its_neighbours_unless_alt_is_held(board, branched):
    goal = board.node_item(0, "h2").y()
    at = middle(board, 0, "out")
    off = round(goal - board.node_item(0, "out").y()) + 4
    hold(board, at, at + QPoint(0, off))
    assert board.preview.guides.isVisible()
    assert board.node_item(0, "out").y() == pytest.approx(goal)
    hold(board, at, at + QPoint(0, off), ALT)
    assert not board.preview.guides.path().elementCount() or not board.preview.guides.isVisible()
    assert board.node_item(0, "out").y() == pytest.approx(goal + 4, abs=0.6)


@pytest.mark.parametrize("what", ["box", "wire", "pull", "undock", "band"])
def test_escape_takes_back_whatever_is_in_the_hand(board, branched, what):
    start, keys = {
        "box": (middle(board, 0, "h1"), NONE),
        "wire": (port(board, 0, "h9"), NONE),
        "pull": (middle(board, 0, "h2"), SHIFT),
        "undock": (middle(board, 0, "a2"), NONE),
        "band": (empty(board), NONE),
    }[what]
    board.select(0, "h1")
    places = {key: QPointF(item.pos()) for key, item in board.scene().nodes.items()}
    goal = middle(board, 0, "add1")
    hold(board, start, goal, keys)
    press_keys(board, "Escape")
    traces = (board.preview.wire, board.preview.ghost, board.preview.band, board.preview.guides)
    assert not any(trace.isVisible() for trace in traces)
    assert not board.bubble.isVisible()
    QTest.mouseRelease(board.viewport(), LEFT, keys, goal)
    assert {key: item.pos() for key, item in board.scene().nodes.items()} == places
    assert branched.stack.count() == 0
    assert all(item.stress is Stress.NONE for item in board.scene().wires.values())


def test_an_edit_by_others_ends_a_drag(board, branched):
    at = middle(board, 0, "h1")
    hold(board, at, at + QPoint(40, 40))
    branched.set_node_field(0, "h9", "units", 3)
    QTest.mouseRelease(board.viewport(), LEFT, NONE, at + QPoint(40, 40))
    assert branched.stack.count() == 1


def test_what_was_moved_stays_where_it_was_put(board, branched):
    """Neither the header nor the view moves under the hand."""
    at = middle(board, 0, "h2")
    others = {n: board.mapFromScene(board.node_item(0, n).pos()) for n in ("x", "h1", "out", "lone")}
    drag(board, at, at + QPoint(0, 30), ALT)
    assert (middle(board, 0, "h2") - at - QPoint(0, 30)).manhattanLength() <= 2
    assert {n: board.mapFromScene(board.node_item(0, n).pos()) for n in others} == others


def test_a_layer_goes_into_the_one_of_two_wires_that_is_meant(board):
    board.wishes.connect(0, "a1", "add1", None)
    first, second = [w for w in board.sheet.pictures[0].wires if (w.source, w.target) == ("a1", "add1")]
    made = board.wishes.insert(0, "dense", first)
    graph = board.document.lanes()[0].graph
    assert [(e.source, n) for e, n in numbered(graph) if e.target == "add1" and n in (first.number, second.number)] == [
        (made, first.number),
        ("a1", second.number),
    ]
