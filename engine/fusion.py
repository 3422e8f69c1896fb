"""Batch norm folded into the dense layer or convolution beside it: the same function in inference mode, in less work.

With s = w / √(σ² + ε) and t = b - μ s of the running averages, the norm is x̂ = s x + t. Behind a dense layer or a
convolution W' = s W, b' = s b + t, a number of s for each unit or filter; in front of one W' = W s, b' = b + W t
(Jacob et al. 2018, section 3.2). Not in front of a convolution that pads: what it pads with would have to be -t / s.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np

from engine.backend import Array
from engine.graph import Edge, Graph, Node, Structure
from engine.layers.base import Layer
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.norms import BatchNorm
from engine.layers.tied import Tied
from engine.project import Project

State = dict[str, Array]


def fused(project: Project, weights: Mapping[str, Array]) -> tuple[Project, State]:
    """The project without the batch norms that a dense layer or a convolution can take in, and its weights.

    A norm stays where its neighbour has another use: other consumers, or weights that are tied.
    """
    state = dict(weights)
    while (found := _foldable(project.structure())) is not None:
        norm, linear, behind = found
        project, state = _folded(project, state, norm, linear, behind)
    return project, state


def has_norms(project: Project) -> bool:
    return any(isinstance(node.layer, BatchNorm) for node in project.graph.nodes)


def _foldable(structure: Structure) -> tuple[str, str, bool] | None:
    """A norm, the layer that takes it in, and whether the norm stands behind that."""
    consumers: dict[str, list[str]] = {node: [] for node in structure.order}
    for node, sources in structure.inputs.items():
        for source in sources:
            consumers[source].append(node)
    lent = {layer.to for layer in structure.layers.values() if isinstance(layer, Tied)}

    def takes_in(node: str) -> bool:
        return type(structure.layers[node]) in (Dense, Conv2d) and node not in lent

    def pads(node: str) -> bool:
        layer = structure.layers[node]
        return isinstance(layer, Conv2d) and layer.pads(*structure.input_shapes(node))

    for node in structure.order:
        if not isinstance(structure.layers[node], BatchNorm):
            continue
        (before,) = structure.inputs[node]
        if takes_in(before) and consumers[before] == [node]:
            return node, before, True
        if len(consumers[node]) == 1 and takes_in(after := consumers[node][0]) and not pads(after):
            return node, after, False
    return None


def _folded(project: Project, state: State, norm: str, linear: str, behind: bool) -> tuple[Project, State]:
    layer = project.graph.layer(norm)
    assert isinstance(layer, BatchNorm)
    own = {
        name: state[f"{norm}.{name}"].astype(np.float64) for name in ("weight", "bias", "running_mean", "running_var")
    }
    scale = own["weight"] / np.sqrt(own["running_var"] + layer.eps)
    shift = own["bias"] - own["running_mean"] * scale
    weight = state[f"{linear}.weight"]
    wide = weight.astype(np.float64)
    bias = state.get(f"{linear}.bias", np.zeros(len(weight))).astype(np.float64)
    sides = (1,) * (wide.ndim - 2)
    if behind:
        wide, bias = scale.reshape(-1, 1, *sides) * wide, scale * bias + shift
    else:
        taker = project.graph.layer(linear)
        maps = _maps(taker, len(scale))
        wide = taker.connected(wide) if isinstance(taker, Conv2d) else wide
        bias = bias + (wide * shift[maps].reshape(*maps.shape, *sides)).reshape(len(wide), -1).sum(axis=1)
        wide = wide * scale[maps].reshape(*maps.shape, *sides)
    kept = {name: array for name, array in state.items() if name.partition(".")[0] != norm}
    kept |= {f"{linear}.weight": wide.astype(weight.dtype), f"{linear}.bias": bias.astype(weight.dtype)}
    return replace(project, graph=_without(project.graph, norm, linear)), kept


def _maps(layer: Layer, count: int) -> Array:
    """For each unit or filter (or one for all) the number of each input that its weights are of."""
    if not isinstance(layer, Conv2d) or layer.groups == 1:
        return np.arange(count)[None]
    return np.arange(count).reshape(layer.groups, -1).repeat(layer.filters // layer.groups, axis=0)


def _without(graph: Graph, norm: str, linear: str) -> Graph:
    """The graph whose wires go past `norm`; `linear` has a bias."""
    (source,) = (edge.source for edge in graph.edges if edge.target == norm)
    nodes = tuple(
        Node(n.id, msgspec.structs.replace(n.layer, bias=True) if n.id == linear else n.layer)
        for n in graph.nodes
        if n.id != norm
    )
    edges = tuple(
        Edge(source if edge.source == norm else edge.source, edge.target, edge.port)
        for edge in graph.edges
        if edge.target != norm
    )
    return Graph(nodes, edges)
