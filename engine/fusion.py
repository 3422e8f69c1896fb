"""Batch norm folded into the dense layer beside it: the same function in inference mode, in fewer operations.

With s = w / √(σ² + ε) and t = b - μ s of the running averages, the norm is x̂ = s x + t. Behind a dense layer
W' = s W, b' = s b + t; in front of one W' = W s, b' = b + W t (Jacob et al. 2018, section 3.2).
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np

from engine.backend import Array
from engine.graph import Edge, Graph, Node, Structure
from engine.layers.dense import Dense
from engine.layers.norms import BatchNorm
from engine.layers.tied import Tied
from engine.project import Project

State = dict[str, Array]


def fused(project: Project, weights: Mapping[str, Array]) -> tuple[Project, State]:
    """The project without the batch norms that a dense layer can take in, and its weights.

    A norm stays where its neighbour has another use: other consumers, or weights that are tied.
    """
    state = dict(weights)
    while (found := _foldable(project.structure())) is not None:
        norm, dense, behind = found
        project, state = _folded(project, state, norm, dense, behind)
    return project, state


def has_norms(project: Project) -> bool:
    return any(isinstance(node.layer, BatchNorm) for node in project.graph.nodes)


def _foldable(structure: Structure) -> tuple[str, str, bool] | None:
    """A norm, the dense layer that takes it in, and whether the norm stands behind that."""
    consumers: dict[str, list[str]] = {node: [] for node in structure.order}
    for node, sources in structure.inputs.items():
        for source in sources:
            consumers[source].append(node)
    lent = {layer.to for layer in structure.layers.values() if isinstance(layer, Tied)}

    def takes_in(node: str) -> bool:
        return type(structure.layers[node]) is Dense and node not in lent

    for node in structure.order:
        if not isinstance(structure.layers[node], BatchNorm):
            continue
        (before,) = structure.inputs[node]
        if takes_in(before) and consumers[before] == [node]:
            return node, before, True
        if len(consumers[node]) == 1 and takes_in(consumers[node][0]):
            return node, consumers[node][0], False
    return None


def _folded(project: Project, state: State, norm: str, dense: str, behind: bool) -> tuple[Project, State]:
    layer = project.graph.layer(norm)
    assert isinstance(layer, BatchNorm)
    own = {
        name: state[f"{norm}.{name}"].astype(np.float64) for name in ("weight", "bias", "running_mean", "running_var")
    }
    scale = own["weight"] / np.sqrt(own["running_var"] + layer.eps)
    shift = own["bias"] - own["running_mean"] * scale
    weight = state[f"{dense}.weight"]
    wide = weight.astype(np.float64)
    bias = state.get(f"{dense}.bias", np.zeros(len(weight))).astype(np.float64)
    if behind:
        wide, bias = scale[:, None] * wide, scale * bias + shift
    else:
        wide, bias = wide * scale, bias + wide @ shift
    kept = {name: array for name, array in state.items() if name.partition(".")[0] != norm}
    kept |= {f"{dense}.weight": wide.astype(weight.dtype), f"{dense}.bias": bias.astype(weight.dtype)}
    return replace(project, graph=_without(project.graph, norm, dense)), kept


def _without(graph: Graph, norm: str, dense: str) -> Graph:
    """The graph whose wires go past `norm`; `dense` has a bias."""
    (source,) = (edge.source for edge in graph.edges if edge.target == norm)
    nodes = tuple(
        Node(n.id, msgspec.structs.replace(n.layer, bias=True) if n.id == dense else n.layer)
        for n in graph.nodes
        if n.id != norm
    )
    edges = tuple(
        Edge(source if edge.source == norm else edge.source, edge.target, edge.port)
        for edge in graph.edges
        if edge.target != norm
    )
    return Graph(nodes, edges)
