"""A network as a stack of blocks: each a dense layer with what follows it, up to the next one."""

from dataclasses import dataclass
from itertools import pairwise

from engine.errors import Problem, ProjectError
from engine.graph import Node, Structure
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.project import Project


@dataclass(frozen=True, slots=True)
class Block:
    """`nodes` in order, of which `dense` has the weights between units; `source` is the node before the first."""

    source: str
    nodes: tuple[Node, ...]
    dense: str

    @property
    def last(self) -> str:
        return self.nodes[-1].id


def blocks_of(project: Project) -> tuple[Block, ...]:
    """The blocks from the input on, the last of them the head; a ProjectError says why a network has none."""
    structure = project.structure()
    _must_be_a_chain(structure)
    first, *rest = structure.order
    parts: list[list[str]] = [[]]
    for node in rest:
        if isinstance(structure.layers[node], Dense) and _has_dense(structure, parts[-1]):
            parts.append([])
        parts[-1].append(node)
    if len(parts) < 2:
        raise ProjectError(Problem("graph", "has no hidden dense layer, so there is nothing to train before the rest"))
    sources = [first, *(part[-1] for part in parts)]
    return tuple(
        Block(
            source,
            tuple(Node(node, structure.layers[node]) for node in part),
            next(node for node in part if isinstance(structure.layers[node], Dense)),
        )
        for source, part in zip(sources, parts, strict=False)
    )


def _must_be_a_chain(structure: Structure) -> None:
    """One node after another, from one input on, none of which speaks of another."""
    for before, node in pairwise(structure.order):
        if structure.inputs[node] != (before,):
            after = ", ".join(structure.inputs[node]) or "nothing"
            message = f"expected a chain of layers, in which it follows {before}; it follows {after}"
            raise ProjectError(Problem(node, message))
    for node in structure.order:
        if structure.layers[node].kind() == "tied":
            raise ProjectError(Problem(node, "is tied to another layer, but layers are trained one by one"))
    assert isinstance(structure.layers[structure.order[0]], Input)


def _has_dense(structure: Structure, part: list[str]) -> bool:
    return any(isinstance(structure.layers[node], Dense) for node in part)
