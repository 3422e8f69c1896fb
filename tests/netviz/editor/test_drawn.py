"""How wires run, where boxes come to rest, what is seen from afar: mostly without a window."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF
from PySide6.QtTest import QTest

from netviz import theme
from netviz.editor.metrics import Detail
from netviz.editor.routing import Obstacles, route, straight
from netviz.editor.selection import Selection
from netviz.editor.snapping import snap
from netviz.editor.wire_item import straight_line
from tests.netviz.editor.hand import ALT, LEFT, NONE, drag, hold, middle, press_keys, wheel

START, END = QPointF(100, 30), QPointF(400, 30)


def standing(*boxes):
    return Obstacles((box.left(), box.right(), box.top(), box.bottom()) for box in boxes)


def crossed(path, rect):
    return any(rect.contains(path.pointAtPercent(i / 200)) for i in range(201))


def test_a_wire_with_nothing_between_is_one_curve():
    assert route(START, END, standing(QRectF(0, 0, 100, 60), QRectF(400, 0, 100, 60))).path == straight(START, END)


def test_a_curve_that_leads_straight_on_is_drawn_as_the_line_that_it_is():
    line = straight_line(straight(START, END))
    assert (line.p1(), line.p2()) == (START, END)
    for end in (END + QPointF(0, 0.5), START - QPointF(200, 0)):  # it bends; it runs back, beyond its ends
        assert straight_line(straight(START, end)) is None
    assert straight_line(route(START, END, standing(QRectF(200, 0, 100, 60))).path) is None


@pytest.mark.parametrize("top", [0.0, -20.0, 20.0])
def test_a_skip_goes_round_the_box_between_on_the_nearer_side(top):
    box = QRectF(200, top, 100, 60)
    assert crossed(straight(START, END), box)
    path = route(START, END, standing(box)).path
    assert not crossed(path, box)
    middle = path.pointAtPercent(0.5).y()
    assert middle < top if top > 0 else middle > top + 60 if top < 0 else True
    assert route(START, END, standing(box)).below == (middle > top + 60)
    assert path.pointAtPercent(0) == START
    assert path.pointAtPercent(1) == END


def test_a_skip_goes_round_what_it_would_meet_on_the_way_round():
    boxes = [QRectF(200, 0, 60, 60), QRectF(200, 66, 60, 60), QRectF(200, -66, 60, 60)]
    path = route(START, END, standing(*boxes)).path
    assert not any(crossed(path, box) for box in boxes)


def test_the_skip_of_a_drawn_network_does_not_cross_its_box(board):
    board.wishes.move(0, {"h2": (320.0, 0.0), "h1": (160.0, 0.0), "add1": (480.0, 0.0)})
    item, wire = board.node_item(0, "h2"), board.wire_item(0, "a1", "add1")
    assert not crossed(wire.path(), item.rect().translated(item.pos()))


def test_a_box_rests_at_its_neighbours_before_the_grid():
    found = snap((103.0, 47.0), [(100.0, 200.0)], (120.0, 60.0), 7.0)
    assert (found.dx, found.dy) == (-3.0, 1.0)
    assert len(found.lines) == 1
    assert found.lines[0][0] == 160.0, "the line goes through the centres"
    assert snap((110.0, 40.0), [(100.0, 200.0)], (120.0, 60.0), 7.0).lines == ()


def test_a_neighbour_far_away_does_not_hold():
    assert snap((103.0, 47.0), [(100.0, 5000.0)], (120.0, 60.0), 7.0).lines == ()


def test_a_selection_is_of_one_lane():
    chosen = Selection().toggled(0, "a").toggled(0, "b")
    assert (chosen.nodes, chosen.primary) == ({"a", "b"}, "b")
    assert chosen.toggled(0, "b") == Selection(0, frozenset("a"), "a")
    assert chosen.toggled(1, "c") == Selection(1, frozenset("c"), "c")
    assert Selection.of(0, ["a"]).toggled(0, "a").key is None


def test_less_is_drawn_from_afar(board):
    assert [Detail.at(zoom) for zoom in (0.2, 0.34, 0.36, 0.59, 0.61, 2.0)] == [0, 0, 1, 1, 2, 2]
    assert board.scene().kit.detail is Detail.ALL
    wheel(board, board.rect().center(), -4)
    assert board.scene().kit.detail is Detail.TITLES
    wheel(board, board.rect().center(), -4)
    assert board.scene().kit.detail is Detail.BOXES
    assert not board.grab().isNull()


def test_the_map_is_there_when_there_is_more_than_is_in_view(board):
    assert not board.map.isVisible()
    wheel(board, board.rect().center(), 8)
    assert board.map.isVisible()
    before = board.visible_rect().center()
    QTest.mouseClick(board.map, LEFT, NONE, board.map.rect().bottomRight() - board.map.rect().center() / 4)
    after = board.visible_rect().center()
    assert after.x() > before.x()
    assert after.y() > before.y()
    assert board.map.grab().toImage().pixelColor(board.map.rect().center()).isValid()
    board.fit()
    assert not board.map.isVisible()


def test_the_map_has_the_colours_of_the_theme_at_once(board):
    wheel(board, board.rect().center(), 8)
    for look in (theme.LIGHT, theme.DARK):
        theme.look().use(look)
        image = board.map.grab().toImage()
        inside = QPoint(3, board.map.height() - 4) * image.devicePixelRatio()
        assert image.pixelColor(inside).name() == look.card


def test_ports_are_numbered_and_one_is_free(board, branched):
    item = board.node_item(0, "add1")
    assert (item.picture.inputs, item.picture.numbered, item.taken - {-1}) == (3, True, {0, 1})
    assert board.node_item(0, "x").picture.inputs == 0
    heights = [item.port(n).y() for n in range(3)]
    assert heights == sorted(heights)
    assert board.wire_item(0, "a2", "add1").wire.number == 0
    assert board.wire_item(0, "a1", "add1").wire.number == 1


def test_an_unfinished_network_shows_the_shapes_that_are_known(board):
    assert board.wire_item(0, "x", "h1").label == "2"
    assert board.wire_item(0, "add1", "out").label == "8"
    assert board.node_item(0, "h1").picture.parameters == 24
    assert board.node_item(0, "h9").picture.parameters == 0
    assert board.scene().headers[0].note == "105 parameters"


def test_from_afar_boxes_are_still_dragged_and_marked(board, branched):
    wheel(board, board.rect().center(), -8)
    assert board.scene().kit.detail is Detail.BOXES
    at = middle(board, 0, "h9")
    blank = board.grab().toImage()
    drag(board, at, at + QPoint(0, 30), ALT)
    assert branched.stack.undoText() == "Move h9"
    moved = board.grab().toImage()
    assert (middle(board, 0, "h9") - at - QPoint(0, 30)).manhattanLength() <= 2
    ratio = blank.devicePixelRatio()
    assert moved.pixel((at + QPoint(0, 30)) * ratio) != blank.pixel((at + QPoint(0, 30)) * ratio)
    assert moved.pixel(at * ratio) == blank.pixel(2, 2), "it is gone from where it was"
    wheel(board, board.rect().center(), 8)
    assert board.node_item(0, "h9").isVisible()
    assert not board.scene().overview.isVisible()


def test_the_view_follows_what_is_led_over_its_edge(board):
    at, seen = middle(board, 0, "h9"), board.visible_rect()
    hold(board, at, QPoint(board.viewport().width() + 50, at.y()))
    assert board.visible_rect().left() > seen.left()
    press_keys(board, "Escape")


def test_guides_are_drawn_through_centres(board):
    at = middle(board, 0, "h9")
    hold(board, at, at + QPoint(3, 40))
    assert board.preview.guides.isVisible()
    x = board.node_item(0, "lone").x() + board.scene().metrics.width / 2
    assert board.preview.guides.path().boundingRect().center().x() == pytest.approx(x)
    press_keys(board, "Escape")
