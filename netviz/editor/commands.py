"""What can be done with what is selected: one action for the menu, its key and the context menu."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMenu

from engine.errors import ProjectError
from netviz.document import palette
from netviz.document.standing import free
from netviz.editor.boxes import LanePicture
from netviz.editor.name_line import NameLine
from netviz.editor.press import begin
from netviz.editor.quick_search import Offer, QuickSearch, offers
from netviz.editor.selection import Selection

if TYPE_CHECKING:
    from netviz.editor.canvas import Canvas

Standard = QKeySequence.StandardKey
ALIGNMENTS = {
    "left": "Left Edges",
    "centre": "Centres, Left to Right",
    "right": "Right Edges",
    "top": "Top Edges",
    "middle": "Middles, Top to Bottom",
    "bottom": "Bottom Edges",
    "distribute": "Distribute Evenly",
}
KEYS = (
    ("Arrows", "go along the wires, and between lanes"),
    ("Shift+Arrows", "select more on the way"),
    ("Ctrl+Arrows", "move what is selected"),
    ("Home, End", "first and last box"),
    ("Esc", "take back a drag, select nothing"),
    ("Drag from a port", "draw a wire, or take its end off"),
    ("Shift+Drag", "pull a box out of its wires"),
    ("Alt while dragging", "move freely, without lines to rest on"),
    ("Drag an activation's line", "take it out of its box"),
    ("Double click", "add a layer there"),
    ("Wheel, +, -", "zoom"),
    ("Middle button and drag", "pan"),
    ("F", "show the whole network"),
    ("Shift+Tab", "leave the network"),
)
MOST_TIMES = 100


class Commands(QObject):
    """Actions on a canvas' selection. Dialogs are asked through `ask_times` and `ask_name`."""

    def __init__(self, canvas: "Canvas") -> None:
        super().__init__(canvas)
        self._canvas, self._wishes, self._drawing = canvas, canvas.wishes, canvas.wishes.drawing
        self.ask_times: Callable[[], int | None] = self._times_dialog
        self.ask_name: Callable[[], str | None] = self._name_dialog
        self.searches: list[QuickSearch] = []  # those that are open
        make = self._action
        self.cut = make("Cu&t", self._cut, Standard.Cut)
        self.copy = make("&Copy", self._copy, Standard.Copy)
        self.paste = make("&Paste", lambda: self._paste(None), Standard.Paste)
        self.duplicate = make("&Duplicate", self._duplicate, "Ctrl+D")
        self.delete = make("De&lete", self._delete, "Del", "Backspace")
        self.select_all = make("Select &All", self._select_all, Standard.SelectAll)
        self.rename = make("&Rename", self.start_rename, "F2", "Return", "Enter")
        self.replace = make("Replace &by…", self._replace, "Ctrl+H")
        self.repeat = make("Rep&eat…", self._repeat, "Ctrl+Shift+D")
        self.align = make("Al&ign", lambda: None)
        self.align.setMenu(self._align_menu())
        self.arrange = make("Arrange A&utomatically", self._arrange, "Ctrl+Shift+L")
        self.add_layer = make("Add &Layer…", lambda: self.search_for_selected(self.spot()), "Tab", "Shift+A")
        self.connect_to = make("C&onnect to…", canvas.start_connecting, "C")
        self.next_wire = make("Select &Wire", self._next_wire, "W")
        self.pull_out = make("Pull &Out of Its Wires", self._pull_out, "Ctrl+E")
        self.save_template = make("Save as &Template…", self._save_template)
        self.update(canvas.chosen_now)

    def for_menu(self) -> list[QAction | None]:
        return [
            self.cut, self.copy, self.paste, self.duplicate, self.delete, self.select_all, None,
            self.add_layer, self.connect_to, self.pull_out, self.next_wire, None,
            self.rename, self.replace, self.repeat, None,
            self.align, self.arrange, None, self.save_template,
        ]  # fmt: skip

    def keys(self) -> list[tuple[str, str]]:
        """The keys that no menu of the window shows twice, in words."""
        native = QKeySequence.SequenceFormat.NativeText
        found = []
        for action in filter(None, self.for_menu()):
            if shortcuts := action.shortcuts():
                name = action.text().replace("&", "").rstrip("…")
                found.append((", ".join(key.toString(native) for key in shortcuts), name.lower()))
        return found

    def update(self, chosen: Selection) -> None:
        """Greys out what cannot be done."""
        nodes, boxes = bool(chosen.nodes), 0
        if nodes and chosen.lane < len(self._canvas.sheet.pictures):
            boxes = len(chosen.boxes(self._canvas.sheet.pictures[chosen.lane]))
        for action in (self.cut, self.copy, self.duplicate, self.replace, self.repeat, self.save_template):
            action.setEnabled(nodes)
        for action in (self.rename, self.connect_to, self.pull_out):
            action.setEnabled(len(chosen.nodes) == 1)
        self.next_wire.setEnabled(nodes or chosen.wire is not None)
        self.delete.setEnabled(nodes or chosen.wire is not None)
        self.align.setEnabled(boxes > 1)

    def context_menu(self, at: QPoint | None) -> QMenu:
        """For what is under `at`, which is selected if it was not; without a place for what is selected."""
        canvas = self._canvas
        if at is not None:
            gesture = begin(canvas, at, Qt.KeyboardModifier.NoModifier)
            chosen = canvas.chosen_now
            item = canvas.sheet.box_at(canvas.mapToScene(at))
            inside = item is not None and item.lane == chosen.lane and chosen.nodes & set(item.picture.box.nodes)
            if not inside or len(chosen.nodes) < 2:
                gesture.click(at, Qt.KeyboardModifier.NoModifier)
            gesture.finish()
        menu = QMenu(canvas)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown = at if at is not None else self.spot()
        if not canvas.chosen_now.nodes and canvas.chosen_now.wire is None:
            menu.addAction("Add Layer Here…", lambda: self.search_for_selected(shown))
            menu.addAction("Paste Here", lambda: self._paste(shown))
            menu.addActions([self.select_all, self.arrange])
            menu.addAction("Show the Whole Network", canvas.fit)
            return menu
        if canvas.chosen_now.wire is not None:
            menu.addAction("Insert Layer…", lambda: self.search_for_selected(shown))
            menu.addAction(self.delete)
            return menu
        for action in self.for_menu():
            if action is None:
                menu.addSeparator()
            elif action.isEnabled() and action not in (self.select_all, self.arrange):
                menu.addAction(action)
        return menu

    # Adding

    def spot(self) -> QPoint:
        """Where keys act: at the pointer, else right of what is selected, else in the middle of the view."""
        canvas = self._canvas
        if canvas.pointer is not None and canvas.viewport().rect().contains(canvas.pointer):
            return canvas.pointer
        if canvas.selection is not None and (item := canvas.sheet.box_of(*canvas.selection)) is not None:
            return canvas.mapFromScene(item.pos() + QPointF(item.metrics.width + 12, 0))
        return canvas.viewport().rect().center()

    def search_for_selected(self, at: QPoint) -> QuickSearch:
        """A search whose layer comes after the selected node, into the selected wire, or at the place."""
        canvas, chosen = self._canvas, self._canvas.chosen_now
        lane = chosen.lane if chosen.nodes or chosen.wire else canvas.sheet.lane_at(canvas.mapToScene(at))
        kinds = None
        if chosen.wire is not None:
            kinds = self._fitting(lane, chosen.wire.source)
        search = QuickSearch(offers(kinds, canvas.shelf.templates()), "Add a layer", canvas)
        search.picked.connect(lambda offer: self.add(offer, at))
        return self._open(search, at)

    def search_at(self, at: QPoint, lane: int, source: str, target: str, port: int | None) -> QuickSearch:
        """A search for what fits at the loose end of a wire."""
        kinds = self._fitting(lane, source) if source else [o.kind for o in offers()]
        word = f"after {source}" if source else f"before {target}"
        search = QuickSearch(offers(kinds), f"Add a layer {word}", self._canvas)

        def add(offer: Offer) -> None:
            place = self._place_at(lane, at, left=bool(source))
            self._done(lane, self._wishes.add_connected(lane, offer.kind, place, source, target, port))

        search.picked.connect(add)
        return self._open(search, at)

    def add(self, offer: Offer, at: QPoint | None) -> None:
        """Into the selected wire, after the selected node, at the pointer, after the one end, or in free room."""
        canvas, chosen = self._canvas, self._canvas.chosen_now
        spot = at or canvas.viewport().rect().center()
        lane = chosen.lane if chosen.nodes or chosen.wire else canvas.sheet.lane_at(canvas.mapToScene(spot))
        place = self._place_at(lane, spot, left=False)
        pointed = at is not None and at == canvas.pointer
        if offer.template:
            canvas.add_template(offer.template, lane, place)
        elif chosen.wire is not None:
            self._done(lane, self._wishes.insert(lane, offer.kind, chosen.wire))
        elif before := chosen.primary or ("" if pointed else self._one_end(lane)):
            picture = canvas.sheet.pictures[lane]
            self._done(lane, self._wishes.add_after(picture, lane, offer.kind, before, place if pointed else None))
        else:
            taken = () if pointed else canvas.sheet.pictures[lane].places.values()
            self._done(lane, self._wishes.add(lane, offer.kind, free(place, taken)))

    def _one_end(self, lane: int) -> str:
        """The box that nothing follows, where there is just one: a network that is begun is gone on with."""
        picture = self._canvas.sheet.pictures[lane]
        ends = picture.boxes.keys() - {wire.start for wire in picture.wires}
        return ends.pop() if len(ends) == 1 else ""

    def _fitting(self, lane: int, source: str) -> list[str]:
        return [fit.entry.kind for fit in self._drawing.fitting(lane, source) if fit.ok]

    def _open(self, search: QuickSearch, at: QPoint) -> QuickSearch:
        search.open_at(self._canvas.viewport().mapToGlobal(at))
        self.searches.append(search)
        search.closed.connect(lambda: self.searches.remove(search))
        return search

    def _place_at(self, lane: int, at: QPoint, left: bool) -> tuple[float, float]:
        """The place of a box in the middle of which, or at whose left edge, the pointer is."""
        m = self._canvas.sheet.metrics
        corner = self._canvas.mapToScene(at) - QPointF(0 if left else m.width / 2, m.height / 2)
        return self._canvas.sheet.layout_place(lane, corner)

    def _done(self, lane: int, node: str | None) -> None:
        if node is not None:
            self._canvas.select(lane, node)
        self._canvas.setFocus()

    # Editing

    def _here(self) -> tuple[int, LanePicture, tuple[str, ...]]:
        """The lane, its picture, and the selected nodes with their docked activations."""
        chosen = self._canvas.chosen_now
        picture = self._canvas.sheet.pictures[chosen.lane]
        return chosen.lane, picture, chosen.whole(picture)

    def _copy(self) -> None:
        lane, _, nodes = self._here()
        text = self._wishes.attempt(lambda: self._drawing.copy(lane, nodes))
        if text is not None:
            QGuiApplication.clipboard().setText(text)

    def _cut(self) -> None:
        lane, _, nodes = self._here()
        text = self._wishes.attempt(lambda: self._drawing.cut(lane, nodes))
        if text is not None:
            QGuiApplication.clipboard().setText(text)

    def _paste(self, at: QPoint | None) -> None:
        lane, text = self._canvas.chosen_now.lane, QGuiApplication.clipboard().text()
        place = None
        if at is not None:
            lane = self._canvas.sheet.lane_at(self._canvas.mapToScene(at))
            place = self._place_at(lane, at, left=True)
        made = self._wishes.attempt(lambda: self._drawing.paste(lane, text, place))
        self._canvas.select_nodes(lane, made or ()) if made else None

    def _duplicate(self) -> None:
        lane, _, nodes = self._here()
        if made := self._wishes.attempt(lambda: self._drawing.duplicate(lane, nodes)):
            self._canvas.select_nodes(lane, made)

    def _delete(self) -> None:
        lane, picture, nodes = self._here()
        wire = self._canvas.chosen_now.wire
        if wire is not None:
            self._wishes.disconnect(lane, wire)
        elif nodes:
            # The keys go on from what fed the first of them.
            first = picture.homes[nodes[0]]
            before = next((w.start for w in picture.wires if w.end == first and w.source not in nodes), "")
            self._wishes.remove(lane, nodes)
            self._canvas.select(lane, before)

    def _next_wire(self) -> None:
        """The first wire of the selected box; from a wire, the next one of the lane."""
        chosen, lane = self._canvas.chosen_now, self._canvas.sheet.pictures[self._canvas.chosen_now.lane]
        wires = sorted(lane.wires, key=lambda w: (lane.places[w.start], lane.places[w.end], w.number))
        if chosen.wire in wires:
            goal = wires[(wires.index(chosen.wire) + 1) % len(wires)]
        else:
            box = lane.homes[chosen.primary]
            goal = next((w for w in wires if box in (w.start, w.end)), None)
        if goal is not None:
            self._canvas.choose(Selection(chosen.lane, wire=goal))

    def _select_all(self) -> None:
        lane = self._canvas.chosen_now.lane
        primary = self._canvas.chosen_now.primary
        nodes = self._canvas.sheet.pictures[lane].homes
        self._canvas.choose(Selection.of(lane, nodes, primary))

    def start_rename(self) -> NameLine | None:
        """Opens a line over the node, in which its name is written."""
        canvas, key = self._canvas, self._canvas.selection
        item = canvas.sheet.box_of(*key) if key is not None else None
        if key is None or item is None:
            return None
        lane, node = key
        canvas.ensureVisible(item, 4, 4)
        width, height = max(110, round(item.metrics.width * canvas.zoom)), canvas.fontMetrics().height() + 8
        low = canvas.mapFromScene(item.pos() + item.rect().bottomLeft())  # where the name is written
        rect = QRect(low.x(), low.y() - height, width, height)
        return NameLine(node, rect, lambda name: self._take_name(lane, node, name), canvas.say, canvas)

    def _take_name(self, lane: int, node: str, name: str) -> str:
        """Why the name cannot be, or nothing when it is."""
        try:
            self._drawing.rename_node(lane, node, name)
        except ProjectError as error:
            return error.problems[0].message
        self._canvas.select(lane, name)
        return ""

    def _replace(self) -> None:
        lane, nodes = self._canvas.selected_nodes
        kinds = [entry.kind for group in palette.palette() for entry in group.entries]
        search = QuickSearch(offers(kinds), f"Replace {', '.join(sorted(nodes))[:30]} by", self._canvas)
        search.picked.connect(
            lambda offer: self._wishes.attempt(lambda: self._drawing.replace_kinds(lane, nodes, offer.kind))
        )
        self._open(search, self.spot())

    def _repeat(self) -> None:
        lane, _, nodes = self._here()
        if (times := self.ask_times()) is not None:
            made = self._wishes.attempt(lambda: self._drawing.repeat(lane, nodes, times))
            if made:
                self._canvas.select_nodes(lane, [*nodes, *made])

    def _arrange(self) -> None:
        self._wishes.attempt(lambda: self._drawing.auto_layout(self._canvas.chosen_now.lane))
        self._canvas.fit()

    def _align(self, how: str) -> None:
        lane, nodes = self._canvas.selected_nodes
        self._wishes.attempt(lambda: self._drawing.align(lane, nodes, how))

    def _pull_out(self) -> None:
        lane, picture, _ = self._here()
        node = self._canvas.chosen_now.primary
        box = picture.boxes[picture.homes[node]].box
        x, y = picture.places[box.node]
        if node != box.node:
            self._wishes.undock(lane, box, (x, y + 100.0), None, None)
        else:
            self._wishes.pull_out(lane, box, (x, y + 100.0))

    def nudge(self, step: tuple[int, int], by: float, gesture: object) -> None:
        """Moves what is selected; steps that follow one another are one step of undo."""
        canvas, (lane, picture, nodes) = self._canvas, self._here()
        boxes = canvas.chosen_now.boxes(picture) if nodes else ()
        away = QPointF(step[0] * by, step[1] * by)
        places = {box: canvas.sheet.layout_place(lane, canvas.sheet.nodes[lane, box].pos() + away) for box in boxes}
        if places:
            self._wishes.move(lane, places, gesture)

    def _save_template(self) -> None:
        lane, _, nodes = self._here()
        if not (name := self.ask_name()):
            return
        try:
            self._wishes.attempt(lambda: self._canvas.shelf.save(name, self._drawing.piece(lane, nodes)))
        except OSError as error:
            self._canvas.say(f"the template cannot be saved: {error.strerror or error}")

    # Made once

    def _action(self, text: str, call: Callable[[], object], *keys: str | Standard) -> QAction:
        action = QAction(text, self._canvas)
        found = [QKeySequence(key) for key in keys if isinstance(key, str)]
        for key in keys:
            if isinstance(key, Standard):
                found += QKeySequence.keyBindings(key)[:1]
        action.setShortcuts(found)
        # A Delete in a field of the inspector is the field's.
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: call())
        self._canvas.addAction(action)
        return action

    def _align_menu(self) -> QMenu:
        menu = QMenu("Align", self._canvas)
        for how, words in ALIGNMENTS.items():
            if how == "distribute":
                menu.addSeparator()
            menu.addAction(words, lambda how=how: self._align(how))
        return menu

    def _times_dialog(self) -> int | None:
        words = "How often the block is to stand in line:"
        times, good = QInputDialog.getInt(self._canvas, "Repeat", words, 2, 2, MOST_TIMES)
        return times if good else None

    def _name_dialog(self) -> str | None:
        name, good = QInputDialog.getText(self._canvas, "Save as Template", "Name:")
        return name if good else None
