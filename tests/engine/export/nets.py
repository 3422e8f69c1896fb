"""Networks to export: chains, skips, joins, drawn outputs, and ids that mean something else in a program."""

import ast
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.network import Network
from engine.project import Project, project_from
from tests.engine.cases import network

Array = np.ndarray[Any, Any]
Node = dict[str, object]

CLASSES = {"kind": "noise", "shape": [4], "samples": 40, "classes": 3}
NUMBERS = {"kind": "noise", "shape": [4], "samples": 40, "targets": 2}
PAIR = {"kind": "noise", "shape": [4], "samples": 40, "classes": 2}


def dense(node: str, units: int, **fields: object) -> Node:
    return {"id": node, "kind": "dense", "units": units, **fields}


def act(node: str, kind: str) -> Node:
    return {"id": node, "kind": kind}


def graph_project(nodes: list[Node], edges: list[Any], loss: str, data: dict[str, Any], **rest: Any) -> Project:
    training = {"loss": {"kind": loss}, "optimizer": {"kind": "sgd", "lr": 0.1}, **rest.pop("training", {})}
    parts = {"format": "netviz-project", "version": 1, "name": "net", "data": data, "training": training, **rest}
    made = project_from({**parts, "graph": {"nodes": nodes, "edges": edges}}, Path())
    assert not made.problems(), made.problems()
    return made


def chain(layers: list[Node], loss: str = "mse", data: dict[str, Any] | None = None, **rest: Any) -> Project:
    """The layers one after another, behind an input called x."""
    ids = ["x", *(str(layer["id"]) for layer in layers)]
    data = data or {"kind": "noise", "shape": [4], "targets": int(str(layers[-1].get("units", 2))), "samples": 40}
    return graph_project([act("x", "input"), *layers], [list(e) for e in pairwise(ids)], loss, data, **rest)


def residual() -> Project:
    """Two skips, one of them over two layers; an output that feeds three layers, and one of them twice."""
    nodes = [act("x", "input"), dense("h1", 6), act("a1", "tanh"), dense("h2", 6), act("a2", "relu"), dense("h3", 6)]
    nodes += [act("s1", "add"), act("s2", "add"), dense("out", 2)]
    edges = [["x", "h1"], ["h1", "a1"], ["a1", "h2"], ["h2", "a2"], ["a2", "s1"], ["a1", "s1"], ["s1", "h3"]]
    edges += [["h3", "s2"], ["a1", "s2"], ["a1", "s2"], ["s1", "s2"], ["s2", "out"]]
    return graph_project(nodes, edges, "mse", {"kind": "noise", "shape": [4], "targets": 2, "samples": 40})


def concat() -> Project:
    """Three inputs whose numbers are not the order of the wires; the raw input is one of them."""
    nodes = [act("x", "input"), dense("h1", 3), act("a1", "sigmoid"), dense("h2", 5), act("cat", "concat")]
    nodes += [dense("out", 3)]
    edges = [["x", "h1"], ["h1", "a1"], ["x", "h2"], ["x", "cat", 2], ["h2", "cat", 0], ["a1", "cat", 1]]
    return graph_project(nodes, [*edges, ["cat", "out"]], "cross_entropy", CLASSES)


def ends_in(kind: str) -> Project:
    """A join as the output."""
    nodes = [act("x", "input"), dense("p", 2), dense("q", 2), act("j", kind)]
    data = {"kind": "noise", "shape": [4], "targets": 4 if kind == "concat" else 2, "samples": 40}
    return graph_project(nodes, [["x", "p"], ["x", "q"], ["p", "j"], ["q", "j"]], "mse", data)


def odd_ids() -> Project:
    """Ids that are names of the exported programs, or that Python treats in a way of its own."""
    names = ["y", "self", "torch", "nn", "__private", "__debug__", "_", "__", "__9", "private", "sum", "l", "logits"]
    names += ["initialize", "model", "super", "match", "print", "torch_", "x_", "__name__", "batches", "F", "X"]
    nodes: list[Node] = [act("data", "input")]
    for number, name in enumerate(names):
        nodes.append(dense(name, 4, bias=number % 3 > 0, init="he_normal"))
    nodes += [act("j", "add"), dense("x", 1), act("drawn", "sigmoid")]
    edges = [list(edge) for edge in pairwise(["data", *names, "j", "x", "drawn"])]
    edges += [[name, "j"] for name in names[:-1]]
    return graph_project(nodes, edges, "binary_cross_entropy", PAIR, training={"regularization": {"l1": 0.1}})


def long_names(length: int) -> Project:
    """Ids of so many letters: of 64, the most that are allowed, few lines fit."""
    wide = [dense(f"{letter * length}", 4, bias=False) for letter in "abcd"]
    ids = [str(node["id"]) for node in wide]
    nodes = [act("x", "input"), *wide, act("e" * length, "concat"), dense("f" * length, 4), act("g" * length, "add")]
    nodes += [dense("h" * length, 2, trainable=False), act("i" * length, "softmax")]
    edges: list[Any] = [["x", ids[0]], *map(list, pairwise(ids)), *([name, "e" * length] for name in ids)]
    edges += [["e" * length, "f" * length], ["f" * length, "g" * length], *([name, "g" * length] for name in ids)]
    edges += [["g" * length, "h" * length], ["h" * length, "i" * length]]
    training = {"optimizer": {"kind": "adam", "lr": 0.0123456789, "beta1": 0.123456789}, "clip_norm": 1e-20}
    training |= {"regularization": {"l1": 0.012, "l2": 0.0345}}
    name = "A name of very many words " * 7
    return graph_project(nodes, edges, "cross_entropy", PAIR, training=training, name=name)


def many_inputs(kind: str = "add", count: int = 30) -> Project:
    """Joins of so many inputs that they stand in lines of their own."""
    ids = [f"branch{number}" for number in range(count)]
    nodes = [act("x", "input"), *(dense(name, 3) for name in ids), act("cat", "concat"), act("all", kind)]
    nodes += [dense("out", 2)]
    edges = [["x", name] for name in ids] + [[name, "cat"] for name in ids]
    nodes.insert(-1, dense("narrow", 3))
    edges += [["cat", "narrow"], *([name, "all"] for name in ids), ["narrow", "all"], ["all", "out"]]
    return graph_project(nodes, edges, "mse", {"kind": "noise", "shape": [4], "targets": 2, "samples": 40})


def flow() -> Project:
    """Constants beside the input: added to it, and as a column of their own."""
    nodes = [act("x", "input"), {"id": "three", "kind": "constant", "value": 3.0, "units": 4}]
    nodes += [{"id": "c", "kind": "constant", "trainable": True}, act("sum", "add"), act("cat", "concat")]
    edges = [["three", "sum"], ["x", "sum"], ["sum", "cat"], ["c", "cat"], ["cat", "out"]]
    data = {"kind": "noise", "shape": [4], "targets": 2, "samples": 40}
    return graph_project([*nodes, dense("out", 2)], edges, "mse", data)


def tied(**fields: object) -> Project:
    """An autoencoder whose decoder has the encoder's weights, under ids that Python would change."""
    layers = [
        dense("__enc", 3),
        act("code", "tanh"),
        {"id": "__dec", "kind": "tied", "to": "__enc", "units": 4, **fields},
    ]
    return chain(layers, data={"kind": "noise", "shape": [4], "targets": 4, "samples": 40})


def several_inputs() -> Project:
    """Two inputs that take a part of x each, one of them under two layers, and one that takes all of it."""
    nodes: list[Node] = [{"id": "left", "kind": "input", "columns": [0, 1]}, act("all", "input")]
    nodes += [{"id": "x", "kind": "input", "columns": [1, 4]}, dense("h1", 3), dense("h2", 3), dense("h3", 3)]
    nodes += [act("j", "add"), act("cat", "concat"), dense("out", 2)]
    edges = [["left", "h1"], ["x", "h2"], ["all", "h3"], ["h1", "j"], ["h2", "j"], ["h3", "j"], ["j", "cat"]]
    edges += [["x", "cat"], ["cat", "out"]]
    return graph_project(nodes, edges, "mse", {"kind": "noise", "shape": [4], "targets": 2, "samples": 40})


def pictures() -> Project:
    """A small net of LeNet's kind, with a skip, and ids that Python would change."""
    nodes: list[Node] = [act("x", "input"), {"id": "__c1", "kind": "conv2d", "filters": 4, "padding": "same"}]
    nodes += [
        act("n1", "batch_norm"),
        act("a1", "relu"),
        {"id": "__s2", "kind": "subsampling"},
        act("n2", "group_norm"),
    ]
    table = [[0, 1, 2], [1, 2, 3], [0, 3], [0, 1, 2, 3]]
    nodes += [{"id": "c3", "kind": "conv2d", "filters": 4, "kernel_size": 3, "padding": 1, "connections": table}]
    nodes += [act("skip", "add"), {"id": "p4", "kind": "max_pool2d", "kernel_size": [2, 3], "stride": 1}]
    nodes += [
        {"id": "n4", "kind": "instance_norm", "eps": 0.1},
        {"id": "c5", "kind": "conv2d", "filters": 6, "groups": 2, "bias": False},
    ]
    nodes[-1]["kernel_size"] = 2
    nodes += [act("m", "global_avg_pool2d"), act("f", "flatten"), act("cat", "concat"), dense("out", 3)]
    nodes.append(act("p", "softmax"))
    ids = [str(node["id"]) for node in nodes if node["id"] not in ("f", "cat")]
    edges: list[Any] = [list(edge) for edge in pairwise(ids) if edge != ("m", "out")]
    edges += [["n2", "skip"], ["n4", "f"], ["m", "cat"], ["f", "cat"], ["cat", "out"]]
    data = {"kind": "noise", "shape": [1, 7, 9], "samples": 40, "classes": 3}
    return graph_project(nodes, edges, "cross_entropy", data, training={"regularization": {"l2": 0.1}})


NETS: dict[str, Project] = {
    "pictures": pictures(),
    "norm and dropout": chain([dense("h1", 5), act("n1", "batch_norm"), act("d1", "dropout"), dense("out", 2)]),
    "constants": flow(),
    "several inputs": several_inputs(),
    "tied": tied(),
    "tied, no bias": tied(bias=False),
    "one layer": chain([dense("out", 2)]),
    "no bias": chain([dense("h1", 3, bias=False), act("a1", "relu"), dense("out", 2, bias=False)]),
    "frozen": chain([dense("h1", 3, trainable=False), act("a1", "tanh"), dense("out", 2)]),
    "all frozen": chain([dense("out", 2, trainable=False)]),
    "residual": residual(),
    "concat": concat(),
    "ends in add": ends_in("add"),
    "ends in multiply": ends_in("multiply"),
    "ends in concat": ends_in("concat"),
    "logits": chain([dense("h1", 5), act("a1", "tanh"), dense("out", 1)], "binary_cross_entropy", PAIR),
    "a drawn sigmoid": chain([dense("h1", 5), dense("out", 1), act("p", "sigmoid")], "binary_cross_entropy", PAIR),
    "a drawn softmax": chain([dense("h1", 5), dense("out", 3), act("p", "softmax")], "cross_entropy", CLASSES),
    "a sigmoid under mse": chain([dense("out", 1), act("p", "sigmoid")], "mse", PAIR),
    "a softmax inside": chain([dense("h1", 5), act("p", "softmax"), dense("out", 2)]),
    "odd ids": odd_ids(),
    **{f"ids of {length}": long_names(length) for length in (12, 20, 28, 36, 40, 64)},
    "many inputs": many_inputs(),
    "many factors": many_inputs("multiply", 9),
    "decay and limits": chain(
        [dense("h1", 3), act("a1", "relu"), dense("out", 2)],
        training={
            "optimizer": {"kind": "adamw", "weight_decay": 0.05, "amsgrad": True},
            "regularization": {"l2": 0.1, "max_norm": 3.0},
            "clip_value": 0.5,
            "clip_norm": 2.0,
        },
    ),
    "lbfgs": chain(
        [dense("h1", 3), act("a1", "tanh"), dense("out", 2)],
        training={
            "optimizer": {"kind": "lbfgs", "history": 5},
            "regularization": {"l1": 0.01, "l2": 0.1, "max_norm": 2.0},
            "batch_size": "all",
        },
    ),
    "zeros kept": chain(
        [dense("h1", 3, init="sparse", init_nonzero=2), act("a1", "tanh"), dense("out", 2)],
        training={"keep_zeros": True, "regularization": {"l2": 0.1, "max_norm": 3.0}, "early_stopping": {}},
    ),
    "zeros kept, lbfgs": chain(
        [dense("h1", 3), act("a1", "tanh"), dense("out", 2)],
        training={"keep_zeros": True, "optimizer": {"kind": "lbfgs"}, "batch_size": "all"},
    ),
    "easy first, with noise": chain(
        [dense("h1", 3), act("a1", "tanh"), dense("out", 3)],
        "cross_entropy",
        CLASSES,
        training={"curriculum": {}, "augmentation": {"shift": 0, "noise": 0.1}},
    ),
    "in order, moved": chain(
        [{"id": "flat", "kind": "flatten"}, dense("out", 3)],
        "cross_entropy",
        {**CLASSES, "shape": [2, 5, 4]},
        training={
            "curriculum": {"by": "order", "start": 0.25, "epochs": 3},
            "augmentation": {"shift": 2, "rotate": 20.0, "flip": True},
            "shuffle": False,
        },
    ),
    "newton": chain([dense("out", 2)], training={"optimizer": {"kind": "newton"}, "batch_size": "all"}),
    "hinge": chain([dense("h1", 5), act("a1", "tanh"), dense("out", 1)], "hinge", PAIR),
    "hinge of classes": chain([dense("out", 3)], "hinge", CLASSES),
    "weighted classes": chain(
        [dense("out", 3)],
        "cross_entropy",
        CLASSES,
        training={
            "loss": {"kind": "cross_entropy", "class_weights": [1.0, 2.123456789, 0.123456789], "label_smoothing": 0.1}
        },
    ),
    "smooth": chain(
        [dense("out", 1)],
        "binary_cross_entropy",
        PAIR,
        training={"loss": {"kind": "binary_cross_entropy", "label_smoothing": 0.123456789}},
    ),
    "lion": chain([dense("out", 2)], training={"optimizer": {"kind": "lion", "weight_decay": 0.1}}),
}

# The raw input goes through numbers of the data first; in "skips" it does so once, for three layers.
PREPARED: dict[str, Project] = {
    **{
        f"preprocess {kind}": chain([dense("h1", 5), dense("out", 3), act("p", "softmax")], "cross_entropy", data)
        for kind in ("center", "standardize", "pca", "whiten")
        for data in ({**CLASSES, "preprocess": kind},)
    },
    "preprocess skips": project_from({**concat().to_json(), "data": {**CLASSES, "preprocess": "whiten"}}, Path()),
    **{
        f"preprocess pictures {kind}": chain([act("flat", "flatten"), dense("out", 2)], data=data)
        for kind in ("standardize", "whiten")
        for data in ({**NUMBERS, "shape": [2, 3, 4], "preprocess": kind},)
    },
    "preprocess columns": project_from(
        {**several_inputs().to_json(), "data": {**several_inputs().data.to_json(), "preprocess": "pca"}}, Path()
    ),
    "preprocess frozen": chain([dense("preprocessed", 2, trainable=False)], data={**NUMBERS, "preprocess": "pca"}),
}


def trained(made: Project, dtype: str = "float32") -> Network:
    """The network with every parameter drawn anew, so that no two layers and no bias are alike."""
    return network(made, dtype, seed=3)


def examples(made: Project, count: int = 7) -> Array:
    shape = made.summary().shape
    return np.random.default_rng(1).standard_normal((count, *shape)).astype(np.float32)


def by_hand() -> Project:
    """A net with a skip, a frozen layer and a drawn softmax, whose exported text a test holds in whole."""
    layers = [dense("h1", 6), act("a1", "tanh"), dense("h2", 6, bias=False, init="normal", trainable=False)]
    layers += [act("skip", "add"), dense("out", 3), act("p", "softmax")]
    training = {"optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}, "batch_size": 8}
    training |= {"regularization": {"l2": 0.01}, "clip_norm": 1.0, "epochs": 5, "seed": 7}
    made = chain([*layers[:3], *layers[4:]], "cross_entropy", CLASSES, training=training, name="XOR, by hand")
    edges = [["x", "h1"], ["h1", "a1"], ["a1", "h2"], ["h2", "skip"], ["a1", "skip"], ["skip", "out"], ["out", "p"]]
    data = made.to_json()
    data["graph"] = {"nodes": [act("x", "input"), *layers], "edges": edges}
    return project_from(data, Path())


def network_class(source: str) -> ast.ClassDef:
    """The last class, which everything that reads the file takes."""
    return [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)][-1]
