"""What a person is shown of a file of data before it is used, and the one step that uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from engine.catalogue import DATASETS
from engine.data.source import Summary
from engine.data.tables import Told
from engine.spec import build
from netviz.document.address import Address, Drawn, owner, read
from netviz.document.document import Document
from netviz.document.proposal import Proposal

Role = Literal["number", "category", "unused", "target"]
MOST_COLUMNS = 500  # shown


@dataclass(frozen=True, slots=True)
class Pictures:
    """The first pictures of a class, raw."""

    name: str  # empty where there are no classes
    values: tuple[Any, ...]  # arrays of one example's shape


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as a table. There is a role for every column, the texts are of the first ones."""

    size: str  # such as 178 rows, 14 columns
    names: tuple[str, ...]
    roles: tuple[Role, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]  # a line's name, and its text for each column shown
    first: tuple[tuple[str, ...], ...]
    target: str  # what is to be predicted, in words
    balance: tuple[tuple[str, int], ...]  # classes, and how many rows have them
    warnings: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]  # of the features
    rows: int
    pictures: tuple[Pictures, ...] = ()
    numbers: tuple[int, ...] = ()  # of the first rows in the file, where messages count them so
    wrong: frozenset[tuple[int, int]] = frozenset()  # cells of the first rows, by row and column, that are refused


class Look(Protocol):
    """A file that has been looked through. `wish` is how a person wants it read, of a type of its own."""

    def sheet(self, wish: Any) -> Sheet: ...

    def data(self, wish: Any) -> dict[str, Any]:
        """The data section of the project file."""
        ...


def use(document: Document, data: Mapping[str, Any], proposal: Proposal | None) -> None:
    """Data from a file, and with `proposal` another network, as one step of undo; raises ProjectError before any."""
    project = document.project
    source = build(DATASETS, dict(data), "data")
    edits: list[tuple[Address, Any, str]] = [(Address("data"), source, "kind")]
    if proposal is not None:
        drawing = Address("drawing", owner(project, "graph", 0))
        before: Drawn = read(project, drawing)
        edits.append((drawing, Drawn(proposal.graph, tuple((lane, ()) for lane, _ in before.places)), "graph"))
        training = Address("training", owner(project, "training", 0))
        seed = read(project, training).seed
        edits.append((training, msgspec.structs.replace(proposal.training, seed=seed), "training"))
    words = f"Import {source.title}" if proposal is None else f"Import {source.title} and replace the network"
    changes = [(at, after, field) for at, after, field in edits if read(project, at) != after]
    if not changes:
        return
    document.stack.beginMacro(words)
    for at, after, field in changes:
        document.edit(at, after, words, field)
    document.stack.endMacro()


def checked(data: Mapping[str, Any], document_folder: Any, told: Told | None = None) -> Summary:
    """The summary of the data section, for which a table is read as a whole; raises ProjectError."""
    source = build(DATASETS, dict(data), "data")
    reads = getattr(source, "read", None)
    summary: Summary = source.summary(document_folder) if reads is None else reads(document_folder, told)
    return summary
