"""Several nodes at once, as the inspector speaks of them: what they share, and what is not alike."""

from collections.abc import Iterable, Sequence

from engine.graph import Graph
from engine.layers.base import Activation
from engine.spec import Property
from netviz.document import fields, layered


def title_of(graph: Graph, nodes: Sequence[str]) -> str:
    """ "3 layers: Dense"; an activation that is drawn with one of them is no layer of its own."""
    docked = layered.docked(graph)
    inside = {docked[node] for node in nodes if node in docked}
    titles = [graph.layer(node).title for node in nodes if node not in inside]
    count = "1 layer" if len(titles) == 1 else f"{len(titles)} layers"
    return f"{count}: {titles[0]}" if len(set(titles)) == 1 else count


def having(graph: Graph, nodes: Iterable[str], field: str) -> tuple[str, ...]:
    """Those of `nodes` that have the field."""
    return tuple(node for node in nodes if field in graph.layer(node).__struct_fields__)


def differing(graph: Graph, nodes: Sequence[str], listed: Iterable[Property]) -> str:
    """The labels of the fields whose values differ among the nodes that have them."""
    found = []
    for p in listed:
        values = {repr(fields.value(graph.layer(node), p.name)) for node in having(graph, nodes, p.name)}
        if len(values) > 1:
            found.append(p.label)
    return ", ".join(found)


def activations_of(graph: Graph, nodes: Iterable[str]) -> tuple[str, ...]:
    """The activations among `nodes`, and those docked onto the layers among them."""
    docked = layered.docked(graph)
    found = [node if isinstance(graph.layer(node), Activation) else docked.get(node) for node in nodes]
    return tuple(dict.fromkeys(node for node in found if node is not None))
