"""The palette beside the canvas: searched, double-clicked, dragged."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from netviz.editor.carried import mime_of, offer_in
from netviz.editor.kit import Stress
from netviz.editor.palette import Palette
from tests.netviz.editor.conftest import shown
from tests.netviz.editor.hand import LEFT, middle, on_wire, press_keys

COPY = Qt.DropAction.CopyAction
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def palette(branched, board, qtbot):
    made = Palette(branched, board)
    qtbot.addWidget(made)
    made.resize(200, 420)
    shown(made, qtbot)
    return made


def carry(board, mime, at):
    """Drags over the canvas to `at`; nothing is dropped yet."""
    view = board.viewport()
    QApplication.sendEvent(view, QDragEnterEvent(QPoint(5, 5), COPY, mime, LEFT, ALT))
    QApplication.sendEvent(view, QDragMoveEvent(at, COPY, mime, LEFT, ALT))


def drop(board, mime, at):
    carry(board, mime, at)
    QApplication.sendEvent(board.viewport(), QDropEvent(QPointF(at), COPY, mime, LEFT, ALT))


def edges(document):
    return {(e.source, e.target) for e in document.project.graph.edges}


def test_layers_stand_in_groups_and_templates_below(palette):
    groups = [palette.tree.topLevelItem(i).text(0) for i in range(palette.tree.topLevelItemCount())]
    assert groups[-1] == "Templates"
    assert "Join" in groups
    titles = [offer.title for offer in palette.found]
    assert {"Dense", "ReLU", "Add", "MLP", "Autoencoder", "Residual block"} <= set(titles)
    assert palette.item_of("dense").toolTip(0)


def test_typing_filters_and_enter_adds_after_the_selection(palette, board, branched):
    board.select(0, "h9")
    palette.line.setFocus()
    QTest.keyClicks(palette.line, "tanh")
    assert palette.found[0].kind == "tanh"
    press_keys(palette.line, "Return")
    assert ("h9", "a3") in edges(branched)
    assert board.selection == (0, "a3")


def test_the_arrow_goes_from_the_search_into_the_list(palette):
    palette.activateWindow()
    palette.line.setFocus()
    press_keys(palette.line, "Down")
    assert palette.tree.hasFocus()


def test_a_double_click_adds(palette, board, branched):
    board.select(0, "out")
    item = palette.item_of("dense")
    at = palette.tree.visualItemRect(item).center()
    QTest.mouseClick(palette.tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseDClick(palette.tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    assert ("out", "h3") in edges(branched)


def test_a_line_dropped_on_the_sheet_stands_there(palette, board, branched):
    mime, at = palette.tree.mimeData([palette.item_of("dense")]), QPoint(640, 400)
    carry(board, mime, at)
    assert board.preview.ghost.isVisible()
    drop(board, mime, at)
    lane, node = board.selection
    assert (lane, node) == (0, "h3")
    item = board.node_item(0, "h3")
    assert (board.mapFromScene(item.pos() + item.rect().center()) - at).manhattanLength() <= 3
    assert not board.preview.ghost.isVisible()
    assert branched.stack.count() == 1


def test_a_line_dropped_on_a_wire_goes_between(palette, board, branched):
    mime, at = palette.tree.mimeData([palette.item_of("dense")]), on_wire(board, 0, "x", "h1")
    carry(board, mime, at)
    assert board.wire_item(0, "x", "h1").stress is Stress.DROP
    assert board.bubble.text() == "insert Dense between x and h1"
    drop(board, mime, at)
    assert {("x", "h3"), ("h3", "h1")} < edges(branched)
    assert branched.stack.count() == 1


def test_an_activation_dropped_on_a_box_docks_or_replaces(palette, board, branched):
    mime = palette.tree.mimeData([palette.item_of("sigmoid")])
    drop(board, mime, middle(board, 0, "h9"))
    assert board.node_item(0, "a3") is board.node_item(0, "h9")
    drop(board, mime, middle(board, 0, "h1"))
    assert branched.project.graph.layer("a1").kind() == "sigmoid"
    assert branched.stack.count() == 2


def test_a_template_is_dropped_and_selected(palette, board, branched):
    drop(board, palette.tree.mimeData([palette.item_of("Residual block")]), QPoint(300, 420))
    assert len(board.selected_nodes[1]) == 6
    assert branched.stack.count() == 1
    assert branched.stack.undoText() == "Insert Residual block"


def test_a_drag_that_leaves_changes_nothing(palette, board, branched):
    carry(board, palette.tree.mimeData([palette.item_of("dense")]), on_wire(board, 0, "x", "h1"))
    QApplication.sendEvent(board.viewport(), QDragLeaveEvent())
    assert not board.preview.ghost.isVisible()
    assert board.wire_item(0, "x", "h1").stress is Stress.NONE
    assert branched.stack.count() == 0


@pytest.mark.parametrize("content", [None, b"nonsense", b'["no_such_layer", ""]', b"[1, 2]"])
def test_what_is_no_layer_is_not_taken(board, branched, content):
    mime = QMimeData()
    mime.setText("text")
    if content is not None:
        mime.setData("application/x-netviz-offer", content)
    assert offer_in(mime) is None
    drop(board, mime, QPoint(640, 400))
    assert branched.stack.count() == 0


def test_an_offer_comes_back_out_of_its_mime_data(palette):
    for offer in palette.found:
        found = offer_in(mime_of(offer))
        assert (found.title, found.kind, found.template) == (offer.title, offer.kind, offer.template)


def test_a_saved_template_is_listed_at_once(palette, board):
    board.shelf.save("Mine", board.wishes.drawing.piece(0, ["h1", "a1"]))
    assert "Mine" in [offer.template for offer in palette.found]
