"""What is chosen, the training and the data, as forms; every change is a step of the document's undo stack."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import pairwise
from math import prod

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from engine.catalogue import DATASETS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.data.points import PointsByHand
from engine.errors import ProjectError
from engine.layers.base import Activation
from engine.spec import Property
from netviz import theme
from netviz.document import fields
from netviz.document.document import Change, Document
from netviz.document.drawing import Drawing
from netviz.document.pencil import draw_by_hand
from netviz.document.wiring import slots
from netviz.editor.box_picture import BoxPicture, grouped, text_of_shape
from netviz.editor.boxes import box_of
from netviz.editor.form import Form, Section
from netviz.editor.importing import Importing
from netviz.editor.several import activations_of, differing, having, title_of

ACTIVATION = fields.kind_property("activation", "Activation", "What acts on every output", fields.ACTIVATIONS)
TITLES = {**fields.titles(LOSSES), **fields.titles(OPTIMIZERS), **fields.titles(SCHEDULES)}
DATA_TITLES = {**fields.titles(DATASETS), "pca": "PCA"}
# Where a form says what is wrong with a whole section.
_FIRST_FIELDS = {part: f"{part}.kind" for part in ("loss", "optimizer", "schedule")}
_FIRST_FIELDS |= {name: f"{name}.{cls.__struct_fields__[0]}" for name, cls in fields.SECTIONS.items()}


class Inspector(QWidget):
    """Three cards, generated from the declarations. `inspect` chooses the node and the lane."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._lane, self._node = 0, ""
        self._nodes: frozenset[str] = frozenset()  # all that are selected
        self._drawing = Drawing(document)
        self.node, self.training, self.data = Section("Nothing selected"), Section("Training"), Section("Data")
        for section, name, edit in (
            (self.node, "Selected node", self._edit_node),
            (self.training, "Training", self._edit_training),
            (self.data, "Data", self._edit_data),
        ):
            section.setAccessibleName(name)
            section.form.edited.connect(edit)
        self.importing = Importing(document, self)
        self.importing.ended.connect(self._show_data)
        self.importing.refused.connect(lambda words: self.data.form.fail("kind", words))
        self.data.form.browse.connect(lambda _: self.importing.ask(self._document.project.data.kind()))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(theme.GAP)
        for section in (self.node, self.training, self.data):
            column.addWidget(section)
        column.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.setMinimumWidth(220)
        document.changed.connect(self._changed)
        self._show_all()

    def sizeHint(self) -> QSize:
        return QSize(280, 600)

    def inspect(self, lane: int, node: str, nodes: Collection[str] = ()) -> None:
        """Shows a node, and the training of its lane; what is edited is edited for all `nodes` that have it."""
        self._lane, self._node, self._nodes = lane, node, frozenset(nodes) | {node}
        self._show_all()

    # What there is

    def _changed(self, change: Change) -> None:
        if change.section in ("layout", "panels"):
            return
        if change.section == "all":
            self._lane, self._node, self._nodes = 0, "", frozenset()
        self._show_all()

    def _show_all(self) -> None:
        forms = [part.form for part in (self.node, self.training, self.data)]
        built = [form.built for form in forms]
        self._show_node()
        self._show_training()
        self._show_data()
        if [form.built for form in forms] == built:
            return
        # A form that was made anew stands last in the order of the Tab key.
        chain: list[QWidget] = [self, *(widget for form in forms for widget in form.focus_chain())]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _box(self) -> BoxPicture | None:
        """The box that is chosen, or whose activation is."""
        lanes = self._document.lanes()
        if self._lane >= len(lanes):
            return None
        problems, structure = self._document.lane_problems(self._lane), self._document.structure(self._lane)
        return box_of(self._node, lanes[self._lane], structure, problems, self._document.data_shape())

    def _there(self) -> tuple[str, ...]:
        """The selected nodes that there are, in file order."""
        return tuple(n.id for n in self._document.lanes()[self._lane].graph.nodes if n.id in self._nodes)

    def _activation(self, box: BoxPicture) -> str | None:
        """The node whose kind the activation's list changes."""
        layer = self._document.lanes()[self._lane].graph.layer(box.box.node)
        return box.box.node if isinstance(layer, Activation) else box.box.activation

    def _show_node(self) -> None:
        box = self._box()
        self.node.form.setVisible(box is not None)
        if box is None:
            self.node.head("Nothing selected", "Click a box in the network")
            return
        lane, structure = self._document.lanes()[self._lane], self._document.structure(self._lane)
        nodes = self._there()
        layer, activation = lane.graph.layer(self._node), self._activation(box)
        listed, values = list(fields.properties(type(layer))), {}
        values = fields.values(layer, tuple(listed))
        if activation is not None:
            # After the size, before the details of the initial weights.
            listed.insert(0 if self._node == activation else min(1, len(listed)), ACTIVATION)
            values[ACTIVATION.name] = lane.graph.layer(activation).kind()
        facts = self._facts(box)
        if len(nodes) > 1:
            total = 0 if structure is None else sum(map(structure.parameter_count, nodes))
            facts = {"Parameters": grouped(total)} if total else {}
            if unlike := differing(lane.graph, nodes, [p for p in listed if p is not ACTIVATION]):
                facts["Not alike"] = unlike
            where = f" in {lane.variant}" if len(self._document.lanes()) > 1 else ""
            self.node.head(title_of(lane.graph, nodes), f"{', '.join(nodes)}{where}", box.problem)
            self._show_form(nodes, listed, values, facts)
            return
        if activation not in (None, self._node):
            own = fields.properties(type(docked := lane.graph.layer(activation)))
            at = listed.index(ACTIVATION) + 1
            listed[at:at] = below = fields.under(ACTIVATION.name, own)
            values |= {p.name: fields.value(docked, q.name) for p, q in zip(below, own, strict=True)}
        title = box.title
        if box.box.activation is not None:
            title = f"{box.title} · {box.second}" if self._node == box.box.node else f"{layer.title} of {box.box.node}"
        where = f"{self._node} in {lane.variant}" if len(self._document.lanes()) > 1 else self._node
        self.node.head(title, where, box.problem)
        self._show_form((self._node,), listed, values, facts)

    def _facts(self, box: BoxPicture) -> dict[str, str]:
        """What follows from the fields, as far as an unfinished network tells."""
        graph, shapes = self._document.lanes()[self._lane].graph, self._drawing.shapes(self._lane).outputs
        if self._node not in shapes:
            return {}
        count = box.parameters if self._node == box.box.node else 0
        sources = [source for _, source in sorted(slots(graph, self._node).items())]
        before = ", ".join(text_of_shape(shapes[source]) for source in sources)
        after = text_of_shape(shapes[self._node])
        return {"Parameters": grouped(count) if count else "none", "Shape": f"{before} → {after}" if before else after}

    def _show_form(
        self, nodes: tuple[str, ...], listed: list[Property], values: Mapping[str, object], facts: Mapping[str, str]
    ) -> None:
        self.node.form.display(
            (self._lane, self._node, nodes),
            tuple(listed),
            values,
            titles=fields.titles(fields.ACTIVATIONS),
            facts=facts,
            suggestions={"shape": list(self._document.data_shape() or (1,))},
        )

    def _show_training(self) -> None:
        lanes = self._document.lanes()
        lane = min(self._lane, len(lanes) - 1)
        training = lanes[lane].training
        suit = {training.loss.kind(), *self._document.fitting_losses()}
        listed = tuple(_offering(p, suit) if p.name == "loss.kind" else p for p in fields.training_properties(training))
        shared, note = self._document.shares_training(lane), ""
        if len(lanes) > 1:
            names = ", ".join(lanes[i].variant for i in shared)
            note = "shared by all lanes" if len(shared) == len(lanes) else f"of {names}"
        problems = {}
        for problem in self._document.lane_problems(lane):
            name = problem.where.removeprefix("training.")
            if problem.where.startswith("training."):
                problems[_FIRST_FIELDS.get(name, name)] = problem.message
        self.training.head("Training", note)
        values = fields.values(training, listed)
        self.training.form.display(shared, listed, values, titles=TITLES, problems=problems)

    def _show_data(self) -> None:
        data = self._document.project.data
        listed, problems = fields.data_properties(data), {}
        for problem in self._document.lane_problems(0):
            if problem.where.startswith("data."):
                problems[problem.where.removeprefix("data.")] = problem.message
        shape = self._document.data_shape()
        note = (
            "" if shape is None else f"examples of {text_of_shape(shape)} {'number' if prod(shape) == 1 else 'numbers'}"
        )
        self.data.head("Data", note)
        values = fields.values(data, listed)
        self.data.form.display("data", listed, values, titles=DATA_TITLES, problems=problems)

    # What is wanted

    def _edit_node(self, name: str, value: object, gesture: object) -> None:
        lane, nodes, form = self._lane, self._there(), self.node.form
        graph = self._document.lanes()[lane].graph
        if len(nodes) > 1:
            if name == ACTIVATION.name:
                found = activations_of(graph, nodes)
                self._try(form, name, lambda: self._drawing.replace_kinds(lane, found, str(value)))
            else:
                same = having(graph, nodes, name)
                self._try(form, name, lambda: self._drawing.set_fields(lane, same, name, value, gesture))
            return
        box = self._box()
        activation = self._activation(box) if box is not None else None
        if name == ACTIVATION.name and activation is not None:
            self._try(form, name, lambda: self._document.replace_kind(lane, activation, str(value)))
        else:
            of, _, field = name.rpartition(".")  # a field of the docked activation, or the node's own
            node, edit = activation if of and activation is not None else self._node, self._document.set_node_field
            self._try(form, name, lambda: edit(lane, node, field, value, gesture))

    def _edit_training(self, name: str, value: object, gesture: object) -> None:
        edit = self._document.set_training_field
        self._try(self.training.form, name, lambda: edit(self._lane, name, value, gesture))

    def _edit_data(self, name: str, value: object, gesture: object) -> None:
        if name == "kind" and value == PointsByHand.kind():
            self._try(self.data.form, name, lambda: draw_by_hand(self._document))
        elif name == "kind" and any(field.required for field in msgspec.structs.fields(DATASETS[str(value)])):
            self.importing.ask(str(value))
        else:
            self._try(self.data.form, name, lambda: self._document.set_data_field(name, value, gesture))

    def _try(self, form: Form, name: str, edit: Callable[[], None]) -> None:
        """What is refused is said beside the field, and the document stays as it was."""
        try:
            edit()
        except ProjectError as error:
            form.fail(name, error.problems[0].message)
        else:
            form.settle(name)


def _offering(p: Property, suit: Collection[str]) -> Property:
    """The property with only those of its choices that suit."""
    return replace(p, choices=tuple(choice for choice in p.choices if choice in suit))
