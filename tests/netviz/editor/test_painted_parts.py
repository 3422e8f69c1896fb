"""What changes on the canvas paints its own part: counted in pixels, items and events, not in seconds."""

from collections import Counter

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QNativeGestureEvent, QPointingDevice, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from netviz.editor import pictures
from netviz.editor.kit import Stress
from netviz.editor.lit import Lit
from netviz.editor.node_item import NodeItem
from netviz.editor.wire_item import LaneItem, WireItem
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from tests.netviz.editor.hand import middle, on_wire, port, wheel
from tests.netviz.editor.standing_run import canvas_of, down_up, left_right

MAPS = [left_right, down_up, left_right, left_right]


class Painted(QObject):
    """What the view has painted since it was last asked, which items, and how often the scene looked for changes."""

    def __init__(self, canvas, items):
        super().__init__(canvas)
        self.canvas, self.region, self.items, self.events = canvas, QRegion(), items, Counter()
        canvas.viewport().installEventFilter(self)
        canvas.sheet.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.events[watched, event.type()] += 1
        if event.type() == QEvent.Type.Paint and watched is self.canvas.viewport():
            self.region = self.region.united(event.region())
        return False

    def by(self, change):
        """After `change`, and all that it puts off."""
        QTest.qWait(20)
        self.region, self.events = QRegion(), Counter()
        self.items.clear()
        change()
        QTest.qWait(20)
        return self

    @property
    def searches(self):
        return self.events[self.canvas.sheet, QEvent.Type.MetaCall]

    def kinds(self):
        return Counter(type(item) for item in self.items)


@pytest.fixture
def items(monkeypatch):
    """How often each item is painted; to be had before there are any, for Qt's binding keeps what it has once found."""
    found = Counter()
    for kind in (NodeItem, WireItem, LaneItem):
        paint = kind.paint
        counted = lambda item, *given, paint=paint: (found.update([item]), paint(item, *given))  # noqa: E731
        monkeypatch.setattr(kind, "paint", counted)
    return found


@pytest.fixture
def painted(items, canvas):
    return Painted(canvas, items)


def place_of(canvas, item, rect):
    return canvas.mapFromScene(rect.translated(item.pos())).boundingRect()


def move(canvas, at):
    where, none, plain = QPointF(at), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    view = canvas.viewport()
    QApplication.sendEvent(view, QMouseEvent(QEvent.Type.MouseMove, where, view.mapToGlobal(where), none, none, plain))


def test_an_answer_paints_its_pictures_and_no_wire(items, live, run):
    canvas = canvas_of(live)
    run.answer(0, a1=MAPS)
    live.refresh()
    painted = Painted(canvas, items)
    first = canvas.node_item(0, "h1")

    def answer():
        run.answer(0, a1=[down_up] * 4)
        live.refresh()

    done = painted.by(answer)
    assert first in done.items
    assert {item.lane for item in done.items} == {0}
    assert done.kinds().keys() == {NodeItem}, "no wire and no name is painted again"
    shown = QRegion()
    for item in canvas.sheet.nodes.values():
        shown += place_of(canvas, item, item.live_rect).adjusted(-3, -3, 3, 3)
    assert (done.region - shown).isEmpty()
    assert done.searches == 0, "the scene is not asked which of its items have changed"


def test_an_answer_that_looks_the_same_paints_nothing(items, live, run):
    canvas = canvas_of(live)
    painted, box = Painted(canvas, items), canvas.node_item(0, "h1")

    def answer(*maps):
        run.answer(0, a1=maps)
        live.refresh()

    answer(*MAPS)
    assert not painted.by(lambda: answer(*MAPS)).items
    done = painted.by(lambda: answer(*MAPS[:-1], down_up))
    assert list(done.items) == [box], "the decision is the same"
    assert not painted.by(lambda: answer(*MAPS[:-1], down_up)).items


def test_pictures_are_alike_that_look_and_say_the_same():
    image, other = (QImage(8, 16, QImage.Format.Format_RGB32) for _ in range(2))
    image.fill(0xFF112233)
    other.fill(0xFF112234)
    first = pictures.Maps(image, 2, 4, "4 units, orange 1")
    assert pictures.alike(first, pictures.Maps(image.copy(), 2, 4, "4 units, orange 1"))
    assert pictures.alike(pictures.Decision(image, "one"), pictures.Decision(image.copy(), "one"))
    assert pictures.alike(None, None)
    for changed in (
        pictures.Maps(other, 2, 4, "4 units, orange 1"),
        pictures.Maps(image, 2, 4, "4 units, orange 2"),
        pictures.Maps(image, 2, 5, "4 units, orange 1"),
        pictures.Decision(image, "4 units, orange 1"),
        None,
    ):
        assert not pictures.alike(first, changed)
        assert not pictures.alike(changed, first)
    assert not pictures.alike(pictures.Decision(image, "one"), pictures.Decision(image, "other"))


def test_a_box_that_the_mouse_enters_and_leaves_is_painted_alone(painted, canvas):
    move(canvas, QPoint(2, 2))
    box, at = canvas.node_item(0, "h1"), middle(canvas, 0, "h1")
    frame = place_of(canvas, box, box.boundingRect()).adjusted(-2, -2, 2, 2)
    for goal in (at, QPoint(2, 2)):
        done = painted.by(lambda goal=goal: move(canvas, goal))
        assert done.items[box] == 1
        assert (done.region - QRegion(frame)).isEmpty()
        assert not done.region.isEmpty()
        assert done.searches == 0
        assert [item for item in done.items if isinstance(item, NodeItem)] == [box]


def test_a_move_within_a_node_changes_nothing(painted, canvas):
    at = middle(canvas, 0, "h1")
    move(canvas, at)
    view = canvas.viewport()
    done = painted.by(lambda: [move(canvas, at + QPoint(by, 0)) for by in range(1, 6)])
    assert not done.items
    assert done.region.isEmpty()
    assert done.events[view, QEvent.Type.MouseMove] == 5
    assert done.events[view, QEvent.Type.CursorChange] == 0


def test_the_cursor_changes_where_a_wire_can_begin_and_only_there(painted, canvas):
    view, ends = canvas.viewport(), (port(canvas, 0, "h1"), middle(canvas, 0, "h1"))
    move(canvas, ends[1])
    done = painted.by(lambda: [move(canvas, at) for at in (*ends, *ends)])
    assert done.events[view, QEvent.Type.CursorChange] == 4
    assert view.cursor().shape() == Qt.CursorShape.ArrowCursor
    move(canvas, ends[0])
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor


def test_a_light_from_elsewhere_paints_its_rim_and_not_the_box(painted, canvas):
    cursor = Cursor(canvas)
    lit, box = Lit(canvas, cursor), canvas.node_item(0, "h1")
    inside = place_of(canvas, box, box.rect()).adjusted(4, 4, -4, -4)
    blank = canvas.viewport().grab().toImage()
    for mark in (Mark("a1"), NOTHING):
        done = painted.by(lambda mark=mark: cursor.hover(mark))
        assert set(lit.rings) == ({(0, "h1"), (2, "h1")} if mark.layer else set())
        assert not done.region.isEmpty()
        assert done.region.intersected(QRegion(inside)).isEmpty()
        assert done.searches == 0
        assert (canvas.viewport().grab().toImage() == blank) == (mark is NOTHING)


def test_a_unit_that_is_pointed_at_paints_its_map(live, run):
    canvas = canvas_of(live)
    run.answer(0, a1=MAPS)
    live.refresh()
    cursor, box = Cursor(canvas), canvas.node_item(0, "h1")
    Lit(canvas, cursor)
    cursor.hover(Mark("a1", 0))
    painted, tiles = Painted(canvas, Counter()), box.tiles()
    done = painted.by(lambda: cursor.hover(Mark("a1", 2)))
    both = QRegion()
    for unit in (0, 2):
        both += place_of(canvas, box, tiles[unit]).adjusted(-4, -4, 4, 4)
    assert not done.region.isEmpty()
    assert (done.region - both).isEmpty()


def screen(canvas):
    """What is on the screen, painted part by part."""
    view = canvas.viewport()
    shot = view.screen().grabWindow(canvas.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    return shot.copy(view.geometry())


@pytest.mark.parametrize("notches", [0, 3, -3, -8])
def test_parts_make_up_what_is_painted_at_once(live, run, qtbot, notches):
    canvas = canvas_of(live)
    cursor = Cursor(canvas)
    Lit(canvas, cursor)
    run.answer(0, a1=MAPS)
    live.refresh()
    if notches:
        wheel(canvas, canvas.viewport().rect().center(), notches)
    qtbot.wait(50)
    h1, out, wire = middle(canvas, 0, "h1"), middle(canvas, 0, "out"), on_wire(canvas, 0, "x", "h1")
    changes = [
        *(lambda at=at: move(canvas, at) for at in (h1, middle(canvas, 0, "a1"), port(canvas, 0, "h1"), wire, out)),
        lambda: run.answer(0, a1=[down_up] * 4) or live.refresh(),
        lambda: cursor.hover(Mark("h2", lane=2)),
        lambda: cursor.hover(Mark("a1", 1)),
        lambda: canvas.select(0, "out"),
        lambda: canvas.select(0, "h1"),
        lambda: run.scalars(0, h1=1e-3) or live.refresh(),
        lambda: move(canvas, QPoint(1, 1)),
    ]
    for number, change in enumerate(changes):
        change()
        for _ in range(3):
            QApplication.processEvents()
        parts = screen(canvas)
        canvas.viewport().repaint()
        whole = screen(canvas)
        worst = _worst(parts, whole)
        assert worst <= 3, f"change {number}: {worst}"


def _worst(one, other):
    """The greatest difference of a colour's part; where parts meet, smooth lines are rounded otherwise."""
    pixels = [bytes(image.constBits()) for image in (one, other)]
    return max((abs(a - b) for a, b in zip(*pixels, strict=True) if a != b), default=0)


def test_a_wire_that_is_lit_from_afar_is_painted(board):
    wheel(board, board.viewport().rect().center(), -8)
    assert board.sheet.overview.isVisible()
    wire = board.wire_item(0, "x", "h1")
    changed = QRegion()

    class Seen(QObject):
        def eventFilter(self, watched, event):
            nonlocal changed
            if event.type() == QEvent.Type.Paint:
                changed += event.region()
            return False

    QTest.qWait(50)
    seen = Seen(board)
    board.viewport().installEventFilter(seen)
    wire.emphasise(Stress.HOVER)
    QTest.qWait(20)
    assert changed.contains(board.mapFromScene(wire.middle()))
    assert not changed.contains(QPoint(2, 2))


def test_fingers_zoom_where_they_are(board):
    at, view = QPointF(300, 100), board.viewport()
    under, before = board.mapToScene(at.toPoint()), board.zoom
    pinch = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice(), 2, at, at,
        view.mapToGlobal(at), 0.1, QPointF(),
    )  # fmt: skip
    QApplication.sendEvent(view, pinch)
    assert board.zoom == pytest.approx(1.1 * before)
    assert (board.mapToScene(at.toPoint()) - under).manhattanLength() < 1
