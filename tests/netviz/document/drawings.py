"""Projects to draw on."""

import itertools

from engine.data.toy import Xor
from engine.graph import Edge, Graph, Node
from engine.layers.activations import Relu, Tanh
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam, Sgd
from engine.project import Project, Variant
from engine.training import Training


def chain(*layers):
    """x, then the layers, one after the other."""
    nodes = (Node("x", Input()), *(Node(name, layer) for name, layer in layers))
    return Graph(nodes, tuple(Edge(a.id, b.id) for a, b in itertools.pairwise(nodes)))


def graph(text):
    """`x>h1 h1>a1 a1>j1:1`: kinds by the first letter of an id (x, h, a, o; j is a join); `gone` is a missing node."""
    edges = []
    names = {}
    for word in text.split():
        source, _, rest = word.partition(">")
        target, _, port = rest.partition(":")
        names[source] = None
        if target:
            names[target] = None
            edges.append(Edge(source, target, int(port) if port else None))
    return Graph(tuple(Node(name, layer(name)) for name in names if name != "gone"), tuple(edges))


def layer(name):
    return {"x": Input(), "h": Dense(units=4), "a": Tanh(), "o": Dense(units=1), "j": Add()}[name[0]]


def project(own=None, variants=(), **more):
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03))
    return Project(
        name="XOR",
        data=Xor(),
        graph=own or chain(("h1", Dense(units=4)), ("a1", Tanh()), ("out", Dense(units=1))),
        training=training,
        variants=variants,
        **more,
    )


def three():
    """The project's own; one with a graph of its own; one that shares the graph and has its own training."""
    other = chain(
        ("h1", Dense(units=4)), ("a1", Relu()), ("h2", Dense(units=4)), ("a2", Relu()), ("out", Dense(units=1))
    )
    slow = Training(loss=BinaryCrossEntropy(), optimizer=Sgd(lr=0.001))
    return project(
        variants=(Variant("deep", graph=other), Variant("slow", training=slow, layout={"out": (500.0, 50.0)})),
        layout={"h1": (200.0, 30.0)},
    )


def wires(graph):
    """The wires as `drawings.graph` reads them."""
    return " ".join(f"{e.source}>{e.target}" + ("" if e.port is None else f":{e.port}") for e in graph.edges)
