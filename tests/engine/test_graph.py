"""Graphs resolved: in which order, and how much is asked anew after an edit."""

import random
from collections import Counter
from dataclasses import replace
from graphlib import TopologicalSorter
from itertools import pairwise

import pytest

from engine.graph import Edge, Graph, Node, resolve
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add


def joined(seed):
    """A sound graph whose nodes stand in no good order in the file; some feed another twice."""
    draw, names = random.Random(seed), [f"n{i}" for i in range(30)]
    nodes, edges = [Node("x", Input()), Node("y", Input()), Node("out", Dense(units=1))], []
    for number, name in enumerate(names):
        sources = [draw.choice(["x", "y", *names[:number]]) for _ in range(draw.randrange(2, 4))]
        nodes.append(Node(name, Add()))
        edges += [Edge(source, name) for source in sources]
    followed = {edge.source for edge in edges}
    nodes.append(Node("all", Add()))
    edges += [Edge(name, "all") for name in ("x", "y", *names) if name not in followed or name in "xy"] + [
        Edge("all", "out")
    ]
    draw.shuffle(nodes)
    draw.shuffle(edges)
    return Graph(tuple(nodes), tuple(edges))


@pytest.mark.parametrize("seed", range(12))
def test_the_order_is_the_one_of_the_standard_library(seed):
    """Plans, weights and telemetry follow it, so that it must not change."""
    graph = joined(seed)
    structure, problems = resolve(graph, (2,))
    assert structure is not None, problems
    sources = {node.id: structure.inputs[node.id] for node in graph.nodes}
    assert structure.order == tuple(TopologicalSorter(sources).static_order())


def test_a_circle_is_named():
    layers = [Node("x", Input()), Node("a", Add()), Node("b", Dense()), Node("c", Dense())]
    wires = [Edge("x", "a"), Edge("c", "a"), Edge("a", "b"), Edge("b", "c")]
    structure, problems = resolve(Graph(tuple(layers), tuple(wires)), (2,))
    assert structure is None
    assert any("the wires go round in a circle: " in problem.message for problem in problems)


def test_an_input_that_is_left_out_is_named():
    layers = (Node("x", Input()), Node("a", Add()), Node("out", Dense()))
    wires = (Edge("x", "a", 0), Edge("x", "a", 3), Edge("a", "out"))
    _, problems = resolve(Graph(layers, wires), (2,))
    assert [problem.message for problem in problems] == ["nothing comes to input 1, but to a later one"]


def chain(*units):
    nodes = [Node("x", Input()), *(Node(f"h{i}", Dense(units=count)) for i, count in enumerate(units))]
    return Graph(tuple(nodes), tuple(Edge(a.id, b.id) for a, b in pairwise(nodes)))


def changed(graph, node, layer):
    return Graph(tuple(replace(n, layer=layer) if n.id == node else n for n in graph.nodes), graph.edges)


def test_an_edit_asks_the_layer_and_those_that_it_feeds_otherwise(monkeypatch):
    asked, shape = Counter(), Dense.output_shape
    monkeypatch.setattr(
        Dense, "output_shape", lambda layer, *shapes: (asked.update(["layer"]), shape(layer, *shapes))[1]
    )
    graph = chain(*[5] * 20)
    resolve(graph, (2,))
    assert asked["layer"] == 20
    asked.clear()
    same = changed(graph, "h3", Dense(units=5, bias=False))
    assert resolve(same, (2,))[0].shapes == resolve(graph, (2,))[0].shapes
    assert asked["layer"] == 1
    asked.clear()
    wider, _ = resolve(changed(same, "h3", Dense(units=7, bias=False)), (2,))
    assert wider.shapes["h3"] == (7,)
    assert asked["layer"] == 2  # h4 gives what it gave


def test_what_an_edit_broke_and_mended_is_known_again():
    layers = {"x": Input(), "a": Dense(units=3), "b": Dense(units=3), "c": Add(), "out": Dense()}
    wires = ("x a", "x b", "a c", "b c", "c out")
    graph = Graph(tuple(Node(*pair) for pair in layers.items()), tuple(Edge(*wire.split()) for wire in wires))
    sound = resolve(graph, (2,))[0].shapes
    broken, problems = resolve(changed(graph, "b", Dense(units=4)), (2,))
    assert broken is None
    assert [problem.where for problem in problems] == ["c"]
    assert resolve(changed(graph, "b", Dense(units=3)), (2,))[0].shapes == sound
    assert resolve(graph, (5,))[0].shapes == {**sound, "x": (5,)}
