"""The view in which networks are drawn by hand: choosing, moving, wiring, with mouse and keys.

It holds what is selected and the gesture in the hand. Every edit is a wish to the document, and is drawn when the
document says that it has changed.
"""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAction,
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QApplication, QWidget

from netviz.document.document import Change, Document
from netviz.editor import walking
from netviz.editor.carried import Carry, offer_in
from netviz.editor.commands import KEYS, Commands
from netviz.editor.gestures import Gesture, Pan
from netviz.editor.kit import Stress
from netviz.editor.levels import levels_of
from netviz.editor.node_item import NodeItem
from netviz.editor.overlay import Bubble, Preview, Toast, advise
from netviz.editor.press import begin, light, under
from netviz.editor.quick_search import Offer, QuickSearch
from netviz.editor.scene import NetworkScene
from netviz.editor.selection import Selection
from netviz.editor.sheet import Sheet
from netviz.editor.shelf import Shelf
from netviz.editor.spoken import described
from netviz.editor.wire_item import WireItem
from netviz.editor.wiring_gestures import KeyConnect
from netviz.editor.wishes import Place, Wishes
from netviz.theme import theme

NUDGE = 8.0  # pixels of the scene


class Canvas(Sheet):
    """Draws all lanes of a document, and lets them be edited."""

    selected = Signal(int, str)  # the node that the inspector shows
    chosen = Signal(int, str, object)  # the same, with all nodes that are selected; an empty name for none

    def __init__(self, document: Document, parent: QWidget | None = None, shelf: Shelf | None = None) -> None:
        super().__init__(NetworkScene(document), parent)
        self.sheet.setParent(self)
        self.document = document
        self.wishes = Wishes(document, self)
        self.shelf = shelf or Shelf(parent=self)
        self.preview = Preview(self.sheet, self.sheet.kit)
        self.bubble, self.toast = Bubble(self), Toast(self)
        self.chosen_now = Selection()
        self.pointer: QPoint | None = None  # where the mouse is, in the view
        self._gesture: Gesture | None = None
        self._moved = False  # the pointer went further than a hand trembles
        self._before_click = Selection()
        self._hovered: NodeItem | WireItem | None = None
        self._outlined: set[NodeItem] = set()
        self._outlined_wires: set[WireItem | None] = set()
        self._nudge: object = object()
        self.commands = Commands(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Network")
        self.describe()
        self.wishes.refused.connect(self.say)
        document.changed.connect(self._changed)

    # Choosing

    @property
    def selection(self) -> tuple[int, str] | None:
        """The lane and the node that the inspector shows."""
        return self.chosen_now.key

    @property
    def selected_nodes(self) -> tuple[int, frozenset[str]]:
        return self.chosen_now.lane, self.chosen_now.nodes

    def select(self, lane: int, node: str) -> None:
        """Chooses one node alone; says so if it was not chosen before. A node that is not there is ignored."""
        item = self.sheet.box_of(lane, node)
        if item is None:
            return
        self.choose(Selection.of(lane, [node]))
        if not self._fits:
            self.ensureVisible(item, 24, 24)

    def select_nodes(self, lane: int, nodes: Iterable[str]) -> None:
        self.choose(Selection.of(lane, [n for n in nodes if self.sheet.box_of(lane, n) is not None]))

    def choose(self, selection: Selection) -> None:
        """Takes over what is selected, and says what is new about it."""
        old, self.chosen_now = self.chosen_now, selection
        if selection == old:
            return
        self._nudge = object()
        self.show_choice()
        self.describe()
        self.commands.update(selection)
        self.chosen.emit(selection.lane, selection.primary, selection.nodes)
        if selection.key is not None and selection.key != old.key:
            self.selected.emit(*selection.key)

    def node_item(self, lane: int, node: str) -> NodeItem | None:
        """The box in which a node is drawn."""
        return self.sheet.box_of(lane, node)

    def wire_item(self, lane: int, source: str, target: str) -> WireItem:
        """The wire between two nodes."""
        ends = source, target
        return next(i for (n, w), i in self.sheet.wires.items() if n == lane and (w.source, w.target) == ends)

    def show_choice(self) -> None:
        """Outlines what is selected; only that, and what was before, is looked at."""
        chosen, focused, sheet = self.chosen_now, self.hasFocus(), self.sheet
        primary = sheet.box_of(chosen.lane, chosen.primary)
        boxes = {item for node in chosen.nodes if (item := sheet.box_of(chosen.lane, node)) is not None}
        for item in boxes | self._outlined:
            item.choose(chosen.nodes if item in boxes else frozenset(), item is primary, focused)
        wire = sheet.wires.get((chosen.lane, chosen.wire)) if chosen.wire is not None else None
        for item in ({wire} | self._outlined_wires) - {None}:
            item.emphasise(Stress.CHOSEN if item is wire else Stress.NONE)
        self._outlined, self._outlined_wires = boxes, {wire}
        sheet.overview.update()

    def describe(self) -> None:
        """For a screen reader, which hears of the description's change."""
        box = self.sheet.box_of(self.chosen_now.lane, self.chosen_now.primary)
        mark = box.mark if box is not None else None
        self.setAccessibleDescription(described(self.sheet.pictures, self.chosen_now, mark))

    def announce(self, words: str) -> None:  # by a screen reader, at once
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def say(self, words: str) -> None:
        """A word at the lower edge, for a while."""
        self.toast.say(words)
        self.announce(words)

    def show_scales(self, lanes: Sequence[Mapping[str, tuple[float, float]]]) -> None:
        """The scale of signal and gradient at each node of each lane; a node that is not named shows none."""
        for item in self.sheet.nodes.values():
            scales = lanes[item.lane] if item.lane < len(lanes) else {}
            item.show_levels(levels_of(item.picture.box, scales))

    # What changed

    def _changed(self, change: Change) -> None:
        if change.section == "panels":
            return
        self.end_gesture()  # what it held may be gone
        self._hover(None)
        self.sheet.refresh(change)
        self.map.renew()
        self.choose(self.chosen_now.still(self.sheet.pictures))
        self.show_choice()
        self.describe()
        if change.section == "all":
            self.choose(Selection())
            self.fit()
        else:
            self.settle()

    # Adding

    def open_search(
        self, at: QPoint, lane: int, source: str = "", target: str = "", port: int | None = None
    ) -> QuickSearch:
        """A search at a place of the view; what is picked is added there, and connected where an end is given."""
        return self.commands.search_at(at, lane, source, target, port)

    def add_offer(self, offer: Offer) -> None:
        """After what is selected, or in the middle of the view."""
        self.commands.add(offer, None)

    def add_template(self, name: str, lane: int, place: Place) -> None:
        if (template := self.shelf.by_name(name)) is not None:
            self.select_nodes(lane, self.wishes.insert_piece(lane, template.piece, place, template.name))
            self.setFocus()

    def actions_for_menu(self) -> list[QAction | None]:
        """The Edit menu's items; None for a separator."""
        return self.commands.for_menu()

    def keys(self) -> list[tuple[str, str]]:
        return [*self.commands.keys(), *KEYS]

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position().toPoint(), event.button()
        if isinstance(self._gesture, KeyConnect):
            self.end_gesture()
        if self._gesture is not None or button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self._hover(None)
        self._moved, self._before_click = False, self.chosen_now
        if button == Qt.MouseButton.MiddleButton:
            self._gesture = Pan(self, at)
        else:
            self._gesture = begin(self, at, event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, gesture = event.position().toPoint(), self._gesture
        self.pointer = at
        if gesture is None or not event.buttons():
            self._hover(at)
            return
        if not self._moved and (at - gesture.pressed_at).manhattanLength() < QApplication.startDragDistance():
            return
        if not self._moved and gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)
        self._moved = True
        if not isinstance(gesture, Pan):
            self.follow(at)
        gesture.move(at, event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, at = self._gesture, event.position().toPoint()
        if gesture is None or isinstance(gesture, KeyConnect):
            return
        self._gesture = None
        self.viewport().unsetCursor()
        if self._moved:
            gesture.drop(at, event.modifiers())
        else:
            gesture.click(at, event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or under(self, at) is not None:
            self.mousePressEvent(event)
            return
        self.choose(self._before_click)  # the first click of the two has dropped what the new layer is to follow
        self.commands.search_for_selected(at)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer = None
        self._hover(None)

    def _hover(self, at: QPoint | None) -> None:
        """Lights what a press would take."""
        found = None if at is None else under(self, at)
        item, port = found if isinstance(found, tuple) else (found, None)
        if self._hovered is not None and self._hovered is not item:
            light(self._hovered, None, None)
        self._hovered = item
        if item is not None and at is not None:
            light(item, item.node_at(self.mapToScene(at) - item.pos()) if isinstance(item, NodeItem) else "", port)
        if self._gesture is None:
            shape = Qt.CursorShape.CrossCursor if port is not None else Qt.CursorShape.ArrowCursor
            if self.viewport().cursor().shape() != shape:  # to set the same one is an event all the same
                self.viewport().setCursor(shape)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._gesture is not None:
            return
        at = None if event.reason() == QContextMenuEvent.Reason.Keyboard else event.pos()
        menu = self.commands.context_menu(at)
        menu.popup(self.viewport().mapToGlobal(self.commands.spot() if at is None else at))

    # Carried from the palette

    def dragEnterEvent(self, event) -> None:
        if (offer := offer_in(event.mimeData())) is None:
            event.ignore()
            return
        self.end_gesture()
        self._gesture = Carry(self, event.position().toPoint(), offer)
        event.acceptProposedAction()

    def dragMoveEvent(self, event) -> None:
        if isinstance(self._gesture, Carry):
            self._gesture.move(event.position().toPoint(), event.modifiers())
            event.acceptProposedAction()

    def dragLeaveEvent(self, event) -> None:
        if isinstance(self._gesture, Carry):
            self.end_gesture()

    def dropEvent(self, event) -> None:
        gesture, self._gesture = self._gesture, None
        if isinstance(gesture, Carry):
            gesture.drop(event.position().toPoint(), event.modifiers())
            event.acceptProposedAction()

    # Keys

    def start_connecting(self) -> None:
        if self._gesture is None and (key := self.selection) is not None:
            item = self.sheet.box_of(*key)
            self._gesture = KeyConnect(self, key[0], item.picture.box.exit if item is not None else key[1])

    def end_gesture(self) -> None:
        """Nothing is in the hand any more, and everything is as it was."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()
            self.viewport().unsetCursor()

    def event(self, event: QEvent) -> bool:
        # While something is in the hand, Escape, Enter and the arrows are for it, not for the menus.
        if event.type() == QEvent.Type.ShortcutOverride and self._gesture is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys, held = Qt.Key(event.key()), Qt.Key, event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if isinstance(self._gesture, KeyConnect):
            self._gesture.key(event)
        elif key == keys.Key_Escape:
            if self._gesture is not None:
                self.end_gesture()
            elif self.chosen_now.nodes or self.chosen_now.wire is not None:
                self.choose(Selection())
            else:
                event.ignore()  # the window may want it
        elif self._gesture is not None:
            event.accept()  # a hand that drags is not to edit as well
        elif key == keys.Key_F and not held:
            self.fit()
        elif key in (keys.Key_Plus, keys.Key_Equal, keys.Key_Minus):
            self.zoom_by(1 / 1.25 if key == keys.Key_Minus else 1.25, self.viewport().rect().center())
        elif key in _STEPS and held == Qt.KeyboardModifier.ControlModifier:
            self.commands.nudge(_STEPS[key], NUDGE, self._nudge)
        elif key in _STEPS and held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            self._walk(_STEPS[key], bool(held))
        elif key in (keys.Key_Home, keys.Key_End) and self.sheet.nodes:
            lane = self.chosen_now.lane if self.sheet.pictures[self.chosen_now.lane].boxes else 0
            self.select(*walking.end_of(self.sheet, lane, key == keys.Key_End))
        else:
            super().keyPressEvent(event)

    def _walk(self, step: tuple[int, int], extend: bool) -> None:
        """Along the wires, and up and down between a layer, its activation, what stands beside, and the lanes."""
        goal = walking.next_of(self.sheet, self.chosen_now, step)
        if goal is None:
            return
        if not extend:
            self.select(*goal)
            return
        self.choose(self.chosen_now.extended(*goal))
        if not self._fits:
            self.ensureVisible(self.sheet.box_of(*goal), 24, 24)

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.show_choice()
        self.viewport().update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.show_choice()
        self.viewport().update()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if self.toast.isVisible():
            self.toast.place()

    # Painting

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """What to do on a sheet that is as good as empty; a thin frame while the keys go to it and to nothing on it."""
        framed = self.hasFocus() and self.chosen_now.key is None and self.chosen_now.wire is None
        begun = len(self.sheet.nodes) == 1
        if self.sheet.nodes and not (begun or framed):
            return
        painter.save()
        painter.resetTransform()
        room = QRectF(self.viewport().rect())
        if begun or not self.sheet.nodes:
            advise(painter, room, begun)
        if framed:
            painter.setPen(QPen(QColor(theme().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(room.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.restore()


_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
