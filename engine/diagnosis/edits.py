"""Edits of a project as plain data: what a remedy changes. A window can do each of them with its own commands."""

from typing import Any

import msgspec

from engine.errors import Problem, ProjectError
from engine.project import JSON, Project, apply_setting, project_from

Value = float | int | bool | str | None


class Edit(msgspec.Struct, frozen=True, tag_field="edit"):
    """One change; `change` does it to the JSON of a project."""

    def change(self, data: JSON) -> None:
        raise NotImplementedError(type(self).__name__)  # each kind has its own


class SetNode(Edit, frozen=True, tag="set_node"):
    """Sets a field of a node."""

    node: str
    field: str
    value: Value

    def change(self, data: JSON) -> None:
        apply_setting(data, f"graph.nodes.{self.node}.{self.field}", self.value)


class ReplaceKind(Edit, frozen=True, tag="replace_kind"):
    """Makes a node one of another kind, with that kind's defaults."""

    node: str
    kind: str

    def change(self, data: JSON) -> None:
        nodes = data["graph"]["nodes"]
        found = [index for index, node in enumerate(nodes) if node["id"] == self.node]
        if not found:
            raise ProjectError(Problem(self.node, "there is no node of this name"))
        nodes[found[0]] = {"id": self.node, "kind": self.kind}


class InsertAfter(Edit, frozen=True, tag="insert_after"):
    """Puts a new layer on every wire that leaves a node."""

    node: str
    id: str
    kind: str
    fields: dict[str, Value] = {}

    def change(self, data: JSON) -> None:
        graph = data["graph"]
        ids = [node["id"] for node in graph["nodes"]]
        if self.node not in ids or self.id in ids:
            wrong = self.id if self.node in ids else self.node
            raise ProjectError(Problem(wrong, "another node has this id" if wrong in ids else "there is no such node"))
        graph["nodes"].insert(ids.index(self.node) + 1, {"id": self.id, "kind": self.kind, **self.fields})
        for edge in graph["edges"]:
            if edge[0] == self.node:
                edge[0] = self.id
        graph["edges"].append([self.node, self.id])


class SetTraining(Edit, frozen=True, tag="set_training"):
    """Sets a field of the training section by its dotted path; an object may stand for what was null."""

    path: str
    value: Value | dict[str, Any]

    def change(self, data: JSON) -> None:
        apply_setting(data, f"training.{self.path}", self.value)


class SetData(Edit, frozen=True, tag="set_data"):
    """Sets a field of the data section."""

    field: str
    value: Value

    def change(self, data: JSON) -> None:
        apply_setting(data, f"data.{self.field}", self.value)


AnyEdit = SetNode | ReplaceKind | InsertAfter | SetTraining | SetData


class Remedy(msgspec.Struct, frozen=True):
    """What may cure a fault: a title for the button, and the edits that it makes."""

    title: str
    edits: tuple[AnyEdit, ...]

    @property
    def of_data(self) -> bool:
        """Whether it changes the examples, which all networks of a project have in common."""
        return any(isinstance(edit, SetData) for edit in self.edits)


def edited(project: Project, edits: tuple[AnyEdit, ...]) -> Project:
    """`project` with all edits made, validated like a file; raises ProjectError."""
    data = project.to_json()
    for edit in edits:
        edit.change(data)
    made = project_from(data, project.folder, project.name)
    if problems := made.problems():
        raise ProjectError(*problems)
    return made
