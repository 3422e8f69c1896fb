"""The document: a frozen Project, changed by named undo commands alone, that says what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any
from weakref import ref

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.catalogue import DATASETS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES
from engine.data.source import DataSource, Summary
from engine.errors import Problem, ProjectError
from engine.graph import Structure, resolve
from engine.layers.base import Shape
from engine.project import LONGEST_NOTES, Project
from engine.spec import build
from netviz.document import fields
from netviz.document.address import Address, Drawn, Section, owner, read, sharers, write
from netviz.document.apart import apart
from netviz.document.lanes import LONGEST_NAME
from netviz.document.storage import moved_to


@dataclass(frozen=True, slots=True)
class Change:
    """What differs from before. `lane` is None where several lanes are concerned, `nodes` empty where no node is.

    Section `graph` is fields, nodes and wires, and places moved along with them; `layout` places alone;
    `lanes` that a lane came, went or has another name.
    """

    lane: int | None
    nodes: frozenset[str]
    section: Section


class Document(QObject):
    """The edited project, its undo stack and its file. No method takes or gives a widget."""

    changed = Signal(object)  # Change

    def __init__(self, project: Project, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self.path = path
        self._project = project
        self._structures: dict[int, tuple[Structure | None, list[Problem]]] = {}
        self._summary: tuple[DataSource, Path, Summary | None] | None = None
        self._fitting: tuple[Summary | None, tuple[str, ...]] = None, ()  # losses, and the data that they suit
        self._lanes = project, project.lanes()
        self._apart: tuple[list[object], tuple[str, ...]] = [], ()
        self._problems: list[Problem] | None = None

    # What there is

    @property
    def project(self) -> Project:
        return self._project

    @property
    def place(self) -> Path:
        """Where dialogs of files begin: beside the project's file; one that has none was not made in its folder."""
        return self.path.parent if self.path is not None else Path.home()

    @property
    def dirty(self) -> bool:
        return not self.stack.isClean()

    def lanes(self) -> tuple[Project, ...]:
        """One project for each network trained side by side, the project's own first."""
        known, lanes = self._lanes
        if known is not self._project:
            known, lanes = self._lanes = self._project, self._project.lanes()
        return lanes

    def apart(self) -> tuple[str, ...]:
        """What tells each lane from the others, in words; asked once for each drawing."""
        made_of: list[object] = [part for lane in self.lanes() for part in (lane.graph, lane.training, lane.variant)]
        known, words = self._apart
        if len(known) != len(made_of) or any(a is not b for a, b in zip(known, made_of, strict=True)):
            words = apart(self._project)
            self._apart = made_of, words
        return words

    def structure(self, lane: int) -> Structure | None:
        """The resolved graph of a lane; None where something keeps it from being resolved."""
        return self._resolved(lane)[0]

    def lane_problems(self, lane: int) -> list[Problem]:
        """What keeps this lane from being trained; `where` begins with a node or a section."""
        return list(self._resolved(lane)[1])

    def problems(self) -> list[Problem]:
        """Everything that keeps any lane from being trained."""
        if self._problems is None:
            self._problems = self._project.problems()
        return list(self._problems)

    def data_shape(self) -> Shape | None:
        """The shape of one example, where the data can be read."""
        summary = self._data_summary()
        return None if summary is None else summary.shape

    def data_classes(self) -> int | None:
        """How many classes the data have; None for numbers, or where the data cannot be read."""
        summary = self._data_summary()
        return None if summary is None else summary.classes

    def fitting_losses(self) -> tuple[str, ...]:
        """The kinds of loss that suit the data, for some number of outputs; all where the data cannot be read."""
        summary = self._data_summary()
        known, losses = self._fitting
        if summary is None:
            return tuple(LOSSES)
        if known is not summary:
            known, losses = self._fitting = summary, fields.losses_for(summary)
        return losses

    def _data_summary(self) -> Summary | None:
        """What the data are, asked once for each data section."""
        project = self._project
        known = self._summary
        if known is None or known[0] is not project.data or known[1] != project.folder:
            try:
                known = project.data, project.folder, project.summary()
            except ProjectError:
                known = project.data, project.folder, None
            self._summary = known
        return known[2]

    def shares_training(self, lane: int) -> tuple[int, ...]:
        """The lanes that a change of this lane's training reaches."""
        return sharers(self._project, "training", owner(self._project, "training", lane))

    # Edits

    def set_node_field(self, lane: int, node: str, field: str, value: object, gesture: object = None) -> None:
        """Changes of one field with the same `gesture`, other than None, become one step of the undo stack."""
        at = Address("graph", owner(self._project, "graph", lane), node)
        layer = read(self._project, at)
        after = fields.with_node_field(layer, node, field, value)
        name = fields.label(fields.properties(type(layer)), field)
        self.edit(at, after, f"Change {name} of {node}", field, gesture)

    def replace_kind(self, lane: int, node: str, kind: str) -> None:
        """Another layer in the place of `node`; it keeps the fields that both kinds have."""
        at = Address("graph", owner(self._project, "graph", lane), node)
        after = fields.with_node_kind(read(self._project, at), node, kind)
        self.edit(at, after, f"Replace {node} by {LAYERS[kind].title}", "kind")

    def set_training_field(self, lane: int, path: str, value: object, gesture: object = None) -> None:
        """`optimizer.lr`, `loss.kind`, `batch_size`; another optimizer keeps the learning rate."""
        at = Address("training", owner(self._project, "training", lane))
        training = read(self._project, at)
        after = fields.with_training_field(training, path, value)
        if path in ("loss.kind", "optimizer.kind", "schedule.kind"):
            part, kinds = path.removesuffix(".kind"), {**LOSSES, **OPTIMIZERS, **SCHEDULES}
            words = f"Change {part} to {kinds[str(value)].title if value in kinds else value}"
        else:
            words = f"Change {fields.label(fields.training_properties(training), path)}"
        self.edit(at, after, words, path, gesture)

    def set_data_field(self, field: str, value: object, gesture: object = None) -> None:
        """A field of the data source, or its `kind`."""
        after = fields.with_data_field(self._project.data, field, value)
        names = fields.data_properties(self._project.data)
        words = (
            f"Change data to {after.title}" if field == "kind" else f"Change {fields.label(names, field)} of the data"
        )
        self.edit(Address("data"), after, f"Change {words}", field, gesture)

    def set_data(self, data: Mapping[str, Any]) -> None:
        """The whole data section, as in the file: for a kind with a field that must be given."""
        after = build(DATASETS, dict(data), "data")
        self.edit(Address("data"), after, f"Change data to {after.title}", "kind")

    def move_node(self, lane: int, node: str, place: tuple[float, float], gesture: object = None) -> None:
        if node not in {n.id for n in self.lanes()[lane].graph.nodes}:
            raise ProjectError(Problem(node, "there is no node of this name"))
        x, y = float(place[0]), float(place[1])
        if not (isfinite(x) and isfinite(y)):
            raise ProjectError(Problem(f"layout.{node}", f"expected finite numbers, got {place}"))
        self.edit(Address("layout", lane, node), (x, y), f"Move {node}", "place", gesture)

    def rename(self, name: str) -> None:
        self.describe(name, self._project.notes)

    def describe(self, name: str, notes: str) -> None:
        """The name, and what a person is to do with the project and to look for: one step."""
        if not name.strip() or len(name) > LONGEST_NAME:
            raise ProjectError(Problem("name", f"expected a text of 1 to {LONGEST_NAME} characters, got {len(name)}"))
        if len(notes) > LONGEST_NOTES:
            words = f"expected a text of at most {LONGEST_NOTES} characters, got {len(notes)}"
            raise ProjectError(Problem("notes", words))
        both = name != self._project.name and notes != self._project.notes
        if both:
            self.stack.beginMacro("Change name and notes")
        self.edit(Address("name"), name, f"Rename to {name}", "name")
        self.edit(Address("notes"), notes, "Change the notes", "notes")
        if both:
            self.stack.endMacro()

    def set_panels(self, panels: Mapping[str, Any]) -> None:
        """How the window stands. Saved with the project, but neither undone nor a reason to ask for saving."""
        if dict(panels) != self._project.panels:
            self._project = replace(self._project, panels=dict(panels))
            self.changed.emit(Change(None, frozenset(), "panels"))

    # The file

    def load(self, project: Project, path: Path | None) -> None:
        """Begins anew with another project."""
        self._project, self.path = project, path
        self._forget()
        self.stack.clear()
        self.changed.emit(Change(None, frozenset(), "all"))

    def mark_saved(self, path: Path, saved: Project) -> None:
        """`saved`, this project as it was a moment ago, now stands in `path`; what was edited since stays unsaved."""
        names = {v.name: v.weights for v in saved.variants}
        moved = self._project.folder != saved.folder
        self.path = path
        here = moved_to(self._project, saved.folder)
        self._project = replace(
            here,
            folder=saved.folder,
            weights=saved.weights,
            variants=tuple(replace(v, weights=names.get(v.name)) for v in here.variants),
        )
        if moved:
            self._forget()
            self.changed.emit(Change(None, frozenset(), "data"))
        if self._project.to_json() == saved.to_json():
            self.stack.setClean()

    # Inside

    def edit(self, at: Address, after: Any, words: str, field: str, gesture: object = None) -> None:
        """One step of the undo stack, called `words`; for edits that are written beside this module."""
        before = read(self._project, at)
        if before != after:
            self.stack.push(Edit(self, at, before, after, words, field, gesture))

    def _write(self, at: Address, value: Any) -> None:
        """For undo commands alone."""
        before = self._project
        self._project = write(before, at, value)
        if at.section == "drawing":
            self._drawn(at, read(before, at), value)
            return
        if at.section in ("graph", "training", "data", "lane", "lanes"):
            self._forget()
        lane: int | None = None
        if at.section in ("graph", "training", "layout"):
            concerned = sharers(self._project, at.section, at.lane)
            lane = concerned[0] if len(concerned) == 1 else None
        said: dict[Section, Section] = {"lane": "lanes", "own": "graph"}
        section = said.get(at.section, at.section)
        self.changed.emit(Change(lane, frozenset({at.node} if at.node else ()), section))

    def _drawn(self, at: Address, before: Drawn, after: Drawn) -> None:
        rewired = before.graph != after.graph
        if rewired:
            self._forget()
        moved = [new[0] for old, new in zip(before.places, after.places, strict=True) if rewired or old != new]
        lane = moved[0] if len(moved) == 1 else None
        self.changed.emit(Change(lane, after.nodes_unlike(before), "graph" if rewired else "layout"))

    def _forget(self) -> None:
        self._structures.clear()
        self._problems = None

    def _resolved(self, lane: int) -> tuple[Structure | None, list[Problem]]:
        if lane not in self._structures:
            project = self.lanes()[lane]
            structure, found = resolve(project.graph, self.data_shape())
            # What the graph alone shows is missing where the data cannot be read; both are said then.
            problems = project.problems()
            self._structures[lane] = structure, problems + [p for p in found if p not in problems]
        return self._structures[lane]


class Edit(QUndoCommand):
    """One part of the project, by address, from one frozen value to another."""

    def __init__(
        self, document: Document, at: Address, before: Any, after: Any, words: str, field: str, gesture: object
    ) -> None:
        super().__init__(words)
        # A weak one: a circle through the stack, which C++ owns, crashes when Python's collector takes it apart.
        self._document = ref(document)
        self._at, self._before, self._after = at, before, after
        self._merges = None if gesture is None else (at, field, gesture)

    def redo(self) -> None:
        self._put(self._after)

    def undo(self) -> None:
        self._put(self._before)

    def _put(self, value: Any) -> None:
        document = self._document()
        assert document is not None  # the stack is the document's
        document._write(self._at, value)

    def id(self) -> int:
        return -1 if self._merges is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """The same field, still under the same hand: the two are one step."""
        if not isinstance(other, Edit) or self._merges is None or other._merges != self._merges:
            return False
        self._after = other._after
        self.setText(other.text())
        self.setObsolete(self._after == self._before)
        return True
