"""Everything that a hand can do is done by keys as well."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from engine.graph import Graph
from netviz.document.document import Document
from netviz.editor.canvas import Canvas
from netviz.editor.name_line import NameLine
from netviz.editor.overlay import EMPTY
from tests.netviz.editor.conftest import shown
from tests.netviz.editor.hand import LEFT, NONE, click, empty, middle, move, on_wire, press_keys


def ids(document):
    return [node.id for node in document.project.graph.nodes]


def edges(document):
    return {(e.source, e.target) for e in document.project.graph.edges}


# Adding


@pytest.mark.parametrize("key", ["Tab", "Shift+A"])
def test_a_key_opens_the_search_and_enter_adds_after_the_selection(board, branched, key):
    board.select(0, "h9")
    press_keys(board, key)
    (search,) = board.commands.searches
    QTest.keyClicks(search.line, "sig")
    press_keys(search.line, "Return")
    assert ("h9", "a3") in edges(branched)
    assert board.selection == (0, "a3")
    assert board.hasFocus()
    assert branched.stack.count() == 1


def test_the_search_goes_into_the_one_wire_that_follows(board, branched):
    board.select(0, "x")
    press_keys(board, "Tab")
    QTest.keyClicks(board.commands.searches[0].line, "dense")
    press_keys(board.commands.searches[0].line, "Return")
    assert {("x", "h3"), ("h3", "h1")} < edges(branched)
    assert ("x", "h1") not in edges(branched)


def test_the_search_opens_at_the_pointer_and_moves_by_arrows(board, branched):
    at = QPoint(300, 40)  # from where there is room on the smallest screen
    move(board, at, button=Qt.MouseButton.NoButton)
    press_keys(board, "Tab")
    (search,) = board.commands.searches
    assert (search.pos() - board.viewport().mapToGlobal(at)).manhattanLength() < 6
    second = search.found[1]
    press_keys(search.line, "Down Return")
    assert second.kind in [n.layer.kind() for n in branched.project.graph.nodes if n.id == board.selection[1]]


def test_a_double_click_on_nothing_searches_there(board, branched):
    QTest.mouseDClick(board.viewport(), LEFT, NONE, empty(board))
    (search,) = board.commands.searches
    QTest.keyClicks(search.line, "nothing of this name")
    assert search.found == []
    press_keys(search.line, "Return Escape")
    assert branched.stack.count() == 0


def test_a_layer_into_the_selected_wire(board, branched):
    click(board, on_wire(board, 0, "add1", "out"))
    press_keys(board, "Tab")
    QTest.keyClicks(board.commands.searches[0].line, "relu")
    press_keys(board.commands.searches[0].line, "Return")
    assert {("add1", "a3"), ("a3", "out")} < edges(branched)


def test_an_empty_sheet_says_what_to_do_and_takes_the_first_layer(app, branched, qtbot):
    document = Document(replace(branched.project, graph=Graph((), ()), layout={}))
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    canvas.resize(600, 300)
    shown(canvas, qtbot)
    canvas.setFocus()
    blank = canvas.grab().toImage()
    centre = QPoint(300, 150)
    middle = blank.copy(QRect(QPoint(200, 140) * blank.devicePixelRatio(), QSize(200, 20) * blank.devicePixelRatio()))
    colours = {middle.pixel(x, y) for x in range(middle.width()) for y in range(middle.height())}
    assert len(colours) > 3, f"nothing is written at {centre}: {EMPTY}"
    press_keys(canvas, "Right Home Delete C")
    press_keys(canvas, "Tab")
    QTest.keyClicks(canvas.commands.searches[0].line, "input")
    press_keys(canvas.commands.searches[0].line, "Return")
    assert ids(document) == ["x"]
    assert canvas.selection == (0, "x")
    assert faint(canvas) > 50  # what comes next is said below the one box
    QTest.qWait(0)
    press_keys(canvas, "Tab")
    QTest.keyClicks(canvas.commands.searches[0].line, "dense")
    press_keys(canvas.commands.searches[0].line, "Return")
    assert faint(canvas) == 0


def faint(canvas):
    """Pixels of faint words at the lower edge."""
    image = canvas.grab(QRect(0, canvas.height() - 34, canvas.width(), 32)).toImage()
    pixels = (image.pixelColor(x, y) for x in range(20, image.width() - 20) for y in range(image.height()))
    return sum(colour.lightness() > 100 for colour in pixels)


# Editing


def test_delete_heals_the_wire_and_takes_the_docked_activation_along(board, branched):
    board.select(0, "h2")
    press_keys(board, "Delete")
    assert {"h2", "a2"}.isdisjoint(ids(branched))
    assert ("a1", "add1") in edges(branched)
    assert board.selection == (0, "h1")
    branched.stack.undo()
    board.select(0, "a2")
    press_keys(board, "Backspace")
    assert "a2" not in ids(branched)
    assert "h2" in ids(branched)


def test_duplicate_selects_the_copies(board, branched):
    board.select_nodes(0, ["h2"])
    press_keys(board, "Control+D")
    assert board.selected_nodes == (0, {"h3", "a3"})
    assert ("h3", "a3") in edges(branched)
    assert branched.stack.count() == 1


def test_cut_and_paste_go_through_the_clipboard_also_to_another_window(board, branched, canvas, document, qtbot):
    board.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is board)
    board.setFocus()
    board.select(0, "h2")
    press_keys(board, "Control+C")
    text = QGuiApplication.clipboard().text()
    assert '"h2"' in text
    press_keys(board, "Control+X")
    assert "h2" not in ids(branched)
    press_keys(board, "Control+V")
    assert "h2" in ids(branched)
    assert board.selected_nodes == (0, {"h2", "a2"})
    canvas.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is canvas)
    canvas.setFocus()
    press_keys(canvas, "Control+V")
    assert "h2" in [n.id for n in document.project.graph.nodes]


def test_pasting_nonsense_is_said_and_changes_nothing(board, branched):
    QGuiApplication.clipboard().setText("a shopping list")
    press_keys(board, "Control+V")
    assert board.toast.isVisible()
    assert board.toast.text() == "this text is no copied network"
    assert branched.stack.count() == 0


def test_select_all_and_escape(board):
    press_keys(board, "Control+A")
    assert len(board.selected_nodes[1]) == 9
    press_keys(board, "Escape")
    assert board.selected_nodes[1] == frozenset()


@pytest.mark.parametrize("key", ["F2", "Return"])
def test_rename_on_the_spot(board, branched, key):
    board.select(0, "h9")
    press_keys(board, key)
    line = board.findChild(NameLine)
    line.selectAll()
    QTest.keyClicks(line, "not a name")
    press_keys(line, "Return")
    assert "an id is a letter" in board.toast.text()
    line.selectAll()
    QTest.keyClicks(line, "h1")
    press_keys(line, "Return")
    assert board.toast.text() == "another node has this id"
    assert branched.stack.count() == 0
    line.selectAll()
    QTest.keyClicks(line, "code")
    press_keys(line, "Return")
    assert "code" in ids(branched)
    assert board.selection == (0, "code")
    assert not line.isVisible()
    assert board.hasFocus()


def test_a_rename_is_left_by_escape(board, branched):
    board.select(0, "h9")
    press_keys(board, "F2")
    line = board.findChild(NameLine)
    QTest.keyClicks(line, "code")
    press_keys(line, "Escape")
    assert branched.stack.count() == 0
    assert not line.isVisible()


def test_a_block_is_repeated(board, branched):
    board.select(0, "h2")
    board.commands.ask_times = lambda: 3
    press_keys(board, "Control+Shift+D")
    assert {("a2", "h3"), ("h3", "a3"), ("a4", "add1")} < edges(branched)
    assert len(board.selected_nodes[1]) == 6
    board.select(0, "x")
    press_keys(board, "Control+Shift+D")
    assert "cannot be repeated" in board.toast.text()


def test_replace_by_another_kind(board, branched):
    board.select_nodes(0, ["a1", "a2"])
    press_keys(board, "Control+H")
    QTest.keyClicks(board.commands.searches[0].line, "sigmoid")
    press_keys(board.commands.searches[0].line, "Return")
    assert [branched.project.graph.layer(n).kind() for n in ("a1", "a2")] == ["sigmoid", "sigmoid"]
    assert branched.stack.count() == 1


def test_align_and_arrange(board, branched):
    board.select_nodes(0, ["h1", "lone", "h9"])
    actions = {action.text(): action for action in board.commands.align.menu().actions()}
    actions["Left Edges"].trigger()
    assert len({board.node_item(0, n).x() for n in ("h1", "lone", "h9")}) == 1
    assert branched.stack.count() == 1
    press_keys(board, "Control+Shift+L")
    assert branched.stack.count() == 2


def test_ctrl_and_arrows_nudge_and_are_one_step(board, branched):
    board.select(0, "h9")
    x = board.node_item(0, "h9").x()
    press_keys(board, "Control+Right Control+Right Control+Right")
    assert board.node_item(0, "h9").x() == pytest.approx(x + 24, abs=0.5)
    assert branched.stack.count() == 1


def test_shift_and_arrows_extend_the_selection(board):
    board.select(0, "x")
    press_keys(board, "Shift+Right Shift+Right")
    assert {"x", "h1"} < board.selected_nodes[1]
    assert board.selection[1] in {"h2", "add1"}, "along one of the two wires"


def test_c_connects_by_arrows(board, branched):
    board.select(0, "h9")
    press_keys(board, "C")
    assert "Enter connects" in board.bubble.text()
    press_keys(board, "Up Right Left Down Up Up Up")
    target = board._gesture.target.picture.box.node
    assert target in ("lone", "add1")
    press_keys(board, "Return")
    assert ("h9", target) in edges(branched)
    assert branched.stack.count() == 1
    assert not board.bubble.isVisible()


def test_c_is_left_by_escape_and_says_where_nothing_fits(board, branched):
    board.select(0, "h9")
    press_keys(board, "C Escape")
    assert branched.stack.count() == 0
    press_keys(board, "Right")
    assert board.selection != (0, "h9"), "the arrows go on as before"
    board.wishes.remove(0, ["lone", "add1", "out"])
    board.select(0, "h9")
    press_keys(board, "C")
    assert board.toast.text() == "nothing here can follow h9"
    press_keys(board, "Return")


def test_c_is_left_by_a_click(board, branched):
    board.select(0, "h9")
    press_keys(board, "C")
    click(board, middle(board, 0, "h1"))
    assert board.selection == (0, "h1")
    assert not board.bubble.isVisible()
    assert branched.stack.count() == 0


def test_keys_of_a_field_stay_the_fields(board, branched, qtbot):
    line = QLineEdit(board)
    line.show()
    board.select(0, "h9")
    line.setFocus()
    QTest.keyClicks(line, "abc")
    press_keys(line, "Delete Backspace Control+A Control+X")
    assert branched.stack.count() == 0


def test_wires_are_reached_and_removed_by_keys(board, branched):
    board.select(0, "out")
    press_keys(board, "W")
    assert "wire from add1 to out" in board.accessibleDescription()
    press_keys(board, "Left")
    assert board.selection == (0, "add1")
    press_keys(board, "W W Right")
    assert board.selection is not None
    board.select(0, "out")
    press_keys(board, "W Delete")
    assert ("add1", "out") not in edges(branched)
    board.select(0, "h9")
    press_keys(board, "W")
    assert board.selection == (0, "h9"), "it has no wire"


def test_pull_out_by_key(board, branched):
    board.select(0, "add1")
    press_keys(board, "Control+E")
    assert not [e for e in edges(branched) if "add1" in e]
    branched.stack.undo()
    board.select(0, "a2")
    press_keys(board, "Control+E")
    assert ("h2", "add1") in edges(branched)


# Menus


def menu_at(board, at):
    board.commands.context_menu(at)
    menu = board.findChildren(QMenu)[-1]
    return [action.text().replace("&", "") for action in menu.actions() if not action.isSeparator()]


def test_the_context_menu_is_for_what_is_under_it(board):
    names = menu_at(board, middle(board, 0, "h1"))
    assert board.selection == (0, "h1")
    assert {"Copy", "Delete", "Rename", "Connect to…"} <= set(names)
    assert "Delete" in menu_at(board, on_wire(board, 0, "add1", "out"))
    assert board.chosen_now.wire is not None
    assert "Add Layer Here…" in menu_at(board, empty(board))
    assert board.selection is None
    board.select_nodes(0, ["h1", "h2"])
    menu_at(board, middle(board, 0, "h2"))
    assert board.selected_nodes == (0, {"h1", "h2"}), "a menu on one of several is for all"


def test_the_menu_key_opens_the_menu(board):
    board.select(0, "h1")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), board.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(board.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Rename" in [a.text().replace("&", "") for a in menu.actions()]
    menu.close()


def test_the_window_gets_actions_and_keys(board):
    listed = board.actions_for_menu()
    names = [action.text().replace("&", "") for action in listed if action is not None]
    assert None in listed
    assert names[:4] == ["Cut", "Copy", "Paste", "Duplicate"]
    assert {"Align", "Arrange Automatically", "Add Layer…", "Replace by…", "Repeat…"} <= set(names)
    keys = dict(board.keys())
    assert keys["Tab, Shift+A"] == "add layer"
    assert "F" in keys
    assert not board.commands.delete.isEnabled()
    board.select(0, "h1")
    assert board.commands.delete.isEnabled()
    assert not board.commands.align.isEnabled()


def test_a_selection_is_saved_as_a_template(board, branched):
    board.select(0, "h2")
    board.commands.ask_name = lambda: "Pair"
    board.commands.save_template.trigger()
    assert board.shelf.by_name("Pair") is not None
    board.commands.ask_name = lambda: "\n"
    board.commands.save_template.trigger()
    assert "printable" in board.toast.text()
    board.add_template("Pair", 0, (0.0, 500.0))
    assert board.selected_nodes == (0, {"h3", "a3"})


def test_the_toast_goes_away(board, qtbot):
    board.toast._timer.setInterval(10)
    board.say("a word")
    assert board.toast.isVisible()
    qtbot.waitUntil(lambda: not board.toast.isVisible())


def test_leaving_the_canvas_ends_hovering(board):
    move(board, middle(board, 0, "h1"), button=Qt.MouseButton.NoButton)
    assert board.pointer is not None
    QApplication.sendEvent(board, QEvent(QEvent.Type.Leave))
    assert board.pointer is None
