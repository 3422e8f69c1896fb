"""Pieces of a network to begin with: those that come with netviz, and a person's own in a folder."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine.catalogue import LAYERS
from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from engine.graph import Edge, Graph, Node
from engine.spec import build, show
from netviz.document.clipboard import Piece, decoded, piece_from, to_text
from netviz.document.edits import MOST_NODES
from netviz.document.layered import automatic, places

ENDING = ".netviz-template"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Template:
    """A named piece. `path` is the file of a person's own."""

    name: str
    help: str
    piece: Piece
    path: Path | None = None


def mlp(sizes: Sequence[int] = (16, 16, 1), activation: str = "tanh") -> Piece:
    """Dense layers of `sizes`, with the activation between them and none after the last."""
    if not sizes or len(sizes) > MOST_NODES // 2:
        raise ProjectError(Problem("sizes", f"expected 1 to {MOST_NODES // 2} layers, got {len(sizes)}"))
    nodes: list[tuple[str, dict[str, object]]] = []
    for number, units in enumerate(sizes, 1):
        nodes.append((f"h{number}", {"kind": "dense", "units": units}))
        if number < len(sizes):
            nodes.append((f"a{number}", {"kind": activation}))
    return _piece(nodes, list(pairwise(name for name, _ in nodes)))


def autoencoder(features: int = 2, hidden: int = 8, code: int = 1, activation: str = "tanh") -> Piece:
    """As many numbers out as in, through a code of few."""
    return mlp((hidden, code, hidden, features), activation)


def residual(units: int = 16, activation: str = "relu") -> Piece:
    """h + F(h), F of two dense layers; `add` takes the first layer's output and the block's."""
    nodes: list[tuple[str, dict[str, object]]] = [
        ("h1", {"kind": "dense", "units": units}),
        ("a1", {"kind": activation}),
        ("h2", {"kind": "dense", "units": units}),
        ("a2", {"kind": activation}),
        ("h3", {"kind": "dense", "units": units}),
        ("add1", {"kind": "add"}),
    ]
    names = [name for name, _ in nodes]
    return _piece(nodes, [*pairwise(names), ("a1", "add1")])


def builtin() -> tuple[Template, ...]:
    """What comes with netviz, as far as its catalogue has the layers."""
    offered: list[tuple[str, Callable[[], Piece]]] = [("MLP", mlp), ("Autoencoder", autoencoder)]
    if "add" in LAYERS:
        offered.append(("Residual block", residual))
    return tuple(Template(name, (make.__doc__ or "").partition("\n")[0], make()) for name, make in offered)


def own(folder: Path) -> tuple[tuple[Template, ...], tuple[str, ...]]:
    """The templates in `folder` by name, and a word on each file that is none."""
    found, refused = [], []
    for path in sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else ():
        try:
            found.append(_read(path))
        except ProjectError as error:
            refused.append(f"{path.name}: {error}")
        except OSError as error:
            refused.append(f"{path.name}: cannot be read: {error.strerror or error}")
    return tuple(sorted(found, key=lambda t: t.name.casefold())), tuple(refused)


def save(folder: Path, name: str, piece: Piece) -> Template:
    """Writes `piece` as a template; one of the same name is replaced. OSError where it cannot be written."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ProjectError(Problem("name", f"expected 1 to {LONGEST_NAME} printable characters, got {show(name)}"))
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, name)
    write_atomically(path, to_text(piece, name=name).encode() + b"\n")
    return Template(name, _words(piece), piece, path)


def _path(folder: Path, name: str) -> Path:
    """The file that holds the template `name`, or else one that is free: different names can have the same slug."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "template"
    same = next((t.path for t in own(folder)[0] if t.name == name and t.path is not None), None)
    number = 1
    while same is None:
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{ENDING}"
        same = None if path.exists() else path
        number += 1
    return same


def _read(path: Path) -> Template:
    data = decoded(path.read_bytes())
    name = data.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ProjectError(Problem("name", f"expected a text of 1 to {LONGEST_NAME} characters, got {show(name)}"))
    piece = piece_from(data)
    return Template(name, _words(piece), piece, path)


def _words(piece: Piece) -> str:
    count = len(piece.graph.nodes)
    return "1 node" if count == 1 else f"{count} nodes"


def _piece(nodes: list[tuple[str, dict[str, object]]], wires: list[tuple[str, str]]) -> Piece:
    made = tuple(Node(name, build(LAYERS, fields, name)) for name, fields in nodes)
    graph = Graph(made, tuple(Edge(source, target) for source, target in wires))
    return Piece(graph, places(graph, automatic(graph)))
