"""A good project file, and a table of what can be wrong with it: each change and the line that names it."""

import copy

GOOD = {
    "format": "netviz-project",
    "version": 1,
    "name": "good",
    "data": {"kind": "blobs", "classes": 3, "samples": 60},
    "graph": {
        "nodes": [
            {"id": "x", "kind": "input", "shape": [2]},
            {"id": "h1", "kind": "dense", "units": 4, "init": "normal", "init_std": 0.1},
            {"id": "a1", "kind": "tanh"},
            {"id": "out", "kind": "dense", "units": 3, "bias_init": "ones"},
        ],
        "edges": [["x", "h1"], ["h1", "a1", 0], ["a1", "out"]],
    },
    "training": {
        "loss": {"kind": "cross_entropy"},
        "optimizer": {"kind": "adam", "lr": 0.01},
        "schedule": None,
        "regularization": {"l1": 0.0, "l2": 0.01},
        "clip_norm": 1.0,
        "early_stopping": None,
        "batch_size": "all",
        "shuffle": False,
        "epochs": 7,
        "seed": 3,
    },
    "variant": "tanh",
    "variants": [
        {
            "name": "relu",
            "graph": {
                "nodes": [{"id": "x", "kind": "input"}, {"id": "out", "kind": "dense", "units": 3}],
                "edges": [["x", "out"]],
            },
            "layout": {"x": [0, 0.5]},
            "weights": "relu.safetensors",
        },
        {"name": "sgd", "training": {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "momentum": 0.9}}},
    ],
    "weights": "good.safetensors",
    "layout": {"x": [0, 0], "h1": [160, -20.5]},
    "panels": {"open": ["loss", {"at": [1, 2]}]},
}


def changed(*changes):
    """GOOD with values replaced at paths; `...` deletes, a path that ends in "+" appends."""
    data = copy.deepcopy(GOOD)
    for path, value in changes:
        *steps, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
        at = data
        for step in steps:
            at = at[step]
        if value is ...:
            del at[last]
        elif last == "+":
            at.append(value)
        else:
            at[last] = value
    return data


def deep(levels):
    nested = []
    for _ in range(levels):
        nested = [nested]
    return nested


def assert_one_line(error):
    for text in (str(error), *map(str, error.problems)):
        assert text
        assert text.isprintable()
        assert len(text) < 1500
        assert text.encode()  # no lone surrogates
    assert str(error) == str(error.problems[0])


CHAIN = [["x", "h1"], ["h1", "a1"], ["a1", "out"]]
BAD = [
    # what is changed, and how the one line begins
    ([("format", "other")], "format: expected 'netviz-project', got 'other'"),
    ([("format", ...)], "format: expected 'netviz-project', got None"),
    ([("format", deep(500))], "format: expected 'netviz-project', got [[["),
    ([("version", 2)], "version: the file is of version 2, made by a newer netviz; this one reads up to 1"),
    ([("version", 10**18)], "version: the file is of version 1000000000000000000, made by a newer netviz"),
    ([("version", ...)], "version: expected a whole number from 1, got None"),
    ([("version", True)], "version: expected a whole number from 1, got True"),
    ([("version", 0)], "version: expected a whole number from 1, got 0"),
    ([("version", "1")], "version: expected a whole number from 1, got '1'"),
    ([("version", 1.0)], "version: expected a whole number from 1, got 1.0"),
    ([("name", 3)], "name: expected a text of at most 200 characters, got 3"),
    ([("name", "n" * 201)], "name: expected a text of at most 200 characters, got 'nnn"),
    ([("grahp", {})], "grahp: unknown field 'grahp' (did you mean 'graph'?), allowed: format, version"),
    ([("a\nb", 1)], "a\\nb: unknown field 'a\\nb'"),
    ([("data", ...)], "data: is missing"),
    ([("graph", ...)], "graph: is missing"),
    ([("training", ...)], "training: is missing"),
    ([("data", [])], "data: expected an object with a kind, got []"),
    ([("data/kind", "blops")], "data.kind: unknown kind 'blops' (did you mean 'blobs'?), allowed: xor"),
    ([("data/kind", ...)], "data.kind: unknown kind None, allowed: xor"),
    ([("data/kind", ["blobs"])], "data.kind: unknown kind ['blobs'], allowed"),
    ([("data/nosie", 1)], "data.nosie: unknown field 'nosie' (did you mean 'noise'?), allowed: samples"),
    ([("data/noise", -1)], "data.noise: expected float >= 0.0, got -1"),
    ([("data/noise", True)], "data.noise: expected float, got True"),
    ([("data/noise", 10**400)], "data.noise: number out of range, got 1000"),
    ([("data/samples", 1)], "data.samples: expected int >= 2, got 1"),
    ([("data/samples", True)], "data.samples: expected int, got True"),
    ([("data/samples", 50.5)], "data.samples: expected int, got 50.5"),
    ([("data/validation", 1)], "data.validation: expected float < 1.0, got 1"),
    ([("data", {"kind": "npz"})], "data.path: is missing"),
    ([("data", {"kind": "npz", "path": ""})], "data.path: expected str of length >= 1, got ''"),
    ([("data", {"kind": "npz", "path": "none.npz"})], "data.path: 'none.npz' there is no such file"),
    ([("data", {"kind": "npz", "path": "."})], "data.path: '.' is not a file"),
    ([("data", {"kind": "npz", "path": "case.netviz"})], "data.path: 'case.netviz' is not an npz file"),
    ([("data", {"kind": "npz", "path": "a\0b"})], "data.path: 'a\\x00b' there is no such file"),
    ([("data", {"kind": "npz", "path": "p" * 1000})], "data.path: 'ppp"),
    ([("graph", [])], "graph: expected an object with nodes and edges"),
    ([("graph/nods", [])], "graph.nods: unknown field 'nods' (did you mean 'nodes'?), allowed: nodes, edges"),
    ([("graph/nodes", {})], "graph.nodes: expected a list of nodes"),
    ([("graph/nodes", [])], "graph.edges.x->h1: there is no node 'x'"),
    ([("graph/edges", {})], "graph.edges: expected a list of wires"),
    ([("graph/nodes/1", "h1")], "graph.nodes.1: expected an object with id and kind"),
    ([("graph/nodes/1/id", ...)], "graph.nodes.1.id: expected a text, got None"),
    ([("graph/nodes/1/id", 7)], "graph.nodes.1.id: expected a text, got 7"),
    ([("graph/nodes/1/id", deep(400))], "graph.nodes.1.id: expected a text, got [[["),
    ([("graph/nodes/1/id", "1h")], "graph.nodes.1.id: '1h': an id is a letter or underscore"),
    ([("graph/nodes/1/id", "h" * 65)], "graph.nodes.1.id: 'hhh"),
    ([("graph/nodes/1/id", "h1\n")], "graph.nodes.1.id: 'h1\\n': an id is a letter"),
    ([("graph/nodes/1/id", "é")], "graph.nodes.1.id: 'é': an id is a letter"),
    ([("graph/nodes/1/id", "lambda")], "graph.nodes.1.id: 'lambda' is a keyword of Python"),
    ([("graph/nodes/1/id", "None")], "graph.nodes.1.id: 'None' is a keyword of Python"),
    ([("graph/nodes/1/id", "forward")], "graph.nodes.1.id: 'forward' is an attribute of exported modules"),
    ([("graph/nodes/1/id", "training")], "graph.nodes.1.id: 'training' is an attribute of exported modules"),
    ([("graph/nodes/1/id", "preprocess")], "graph.nodes.1.id: 'preprocess' is an attribute of exported modules"),
    ([("graph/nodes/1/id", "a1")], "a1: two nodes have this id"),
    ([("graph/nodes/1/kind", "dence")], "h1.kind: unknown kind 'dence' (did you mean 'dense'?), allowed: input, dense"),
    ([("graph/nodes/1/kind", ...)], "h1.kind: unknown kind None, allowed: input, dense"),
    ([("graph/nodes/1/kind", deep(400))], "h1.kind: unknown kind [[["),
    ([("graph/nodes/1/unit", 3)], "h1.unit: unknown field 'unit' (did you mean 'units'?), allowed: units, bias"),
    ([("graph/nodes/1/a - at `$.b`", 3)], "h1.a - at `$.b`: unknown field 'a - at `$.b`', allowed: units"),
    ([("graph/nodes/1/units", 0)], "h1.units: expected int >= 1, got 0"),
    ([("graph/nodes/1/units", 65_537)], "h1.units: expected int <= 65536, got 65537"),
    ([("graph/nodes/1/units", True)], "h1.units: expected int, got True"),
    ([("graph/nodes/1/units", "4")], "h1.units: expected int, got '4'"),
    ([("graph/nodes/1/units", None)], "h1.units: expected int, got None"),
    ([("graph/nodes/1/units", 4.5)], "h1.units: expected int, got 4.5"),
    ([("graph/nodes/1/units", deep(400))], "h1.units: expected int, got [[["),
    ([("graph/nodes/1/bias", 1)], "h1.bias: expected bool, got 1"),
    ([("graph/nodes/1/trainable", "no")], "h1.trainable: expected bool, got 'no'"),
    ([("graph/nodes/1/init", "glorot")], "h1.init: unknown value 'glorot'"),
    ([("graph/nodes/1/init", 3)], "h1.init: expected str, got 3"),
    ([("graph/nodes/1/init_std", 0)], "h1.init_std: expected float > 0.0, got 0"),
    ([("graph/nodes/3/bias_init", "one")], "out.bias_init: unknown value 'one' (did you mean 'ones'?), allowed: zeros"),
    ([("graph/nodes/3/bias_init", [])], "out.bias_init: expected float | str, got []"),
    ([("graph/nodes/2/units", 3)], "a1.units: unknown field 'units', allowed: "),
    ([("graph/nodes/0/shape", [3])], "x: shape is 3, but the data's examples have 2"),
    ([("graph/nodes/0/shape", [2, 1])], "x: shape is 2×1, but the data's examples have 2"),
    ([("graph/nodes/0/shape", [])], "x.shape: expected array of length >= 1, got []"),
    ([("graph/nodes/0/shape", [0])], "x.shape.0: expected int >= 1, got 0"),
    ([("graph/nodes/0/shape", 2)], "x.shape: expected array | null, got 2"),
    ([("graph/edges/0", ["x"])], 'graph.edges.0: expected ["from", "to"]'),
    ([("graph/edges/0", "xh")], 'graph.edges.0: expected ["from", "to"]'),
    ([("graph/edges/0", ["x", "h1", True])], 'graph.edges.0: expected ["from", "to"]'),
    ([("graph/edges/0", ["x", "h1", "0"])], 'graph.edges.0: expected ["from", "to"]'),
    ([("graph/edges/0", deep(400))], 'graph.edges.0: expected ["from", "to"] or ["from", "to", input], got [[['),
    ([("graph/edges/0", ["y", "h1"])], "graph.edges.y->h1: there is no node 'y'"),
    ([("graph/edges/0", ["y\n", "h1"])], "graph.edges.y\\n->h1: there is no node 'y\\n'"),
    ([("graph/edges/0", ["x", "h1", 1])], "h1: 'x' comes to input 1, allowed: 0"),
    ([("graph/edges/0", ["x", "h1", -1])], "h1: 'x' comes to input -1, allowed: 0"),
    ([("graph/edges/+", ["x", "a1"])], "a1: takes one input, got another from 'x'"),
    ([("graph/edges/+", ["out", "x"])], "x: takes no input, got one from 'out'"),
    ([("graph/edges", CHAIN[1:])], "h1: takes one input, got none"),
    ([("graph/edges", [])], "h1: takes one input, got none"),
    ([("graph/edges", ...)], "h1: takes one input, got none"),
    ([("graph/edges", [["a1", "h1"], *CHAIN[1:]])], "h1: the wires go round in a circle: h1 -> a1 -> h1"),
    ([("graph/edges", [["h1", "h1"], *CHAIN[1:]])], "h1: the wires go round in a circle: h1 -> h1"),
    (
        [("graph/nodes/+", {"id": "b", "kind": "relu"}), ("graph/edges/+", ["h1", "b"])],
        "b: one node must be the output",
    ),
    ([("graph/nodes/+", {"id": "y", "kind": "input"})], "y: one node must be the output, but nothing follows out, y"),
    (
        [("graph", {"nodes": [{"id": "h", "kind": "dense"}, {"id": "a", "kind": "relu"}], "edges": [["h", "a"]]})],
        "h: takes one input, got none",
    ),
    ([("graph", {"nodes": [{"id": "h", "kind": "dense"}], "edges": [["h", "h"]]})], "h: the wires go round"),
    (
        [("graph", {"nodes": [{"id": "x", "kind": "input"}, {"id": "a", "kind": "relu"}], "edges": [["x", "a"]]})],
        "graph: no layer has weights, so there is nothing to train",
    ),
    (
        [("data", {"kind": "noise", "shape": [2, 3, 1]}), ("graph/nodes/0/shape", ...)],
        "h1: expected a vector of features, got shape 2×3×1; a flatten before it makes one",
    ),
    (
        [("data", {"kind": "noise", "shape": [2, 3]}), ("graph/nodes/0/shape", ...)],
        "out: the output must be a vector, it has shape 2×3; a flatten makes one",
    ),
    ([("training", 3)], "training: expected an object"),
    ([("training/loss", ...)], "training.loss: is missing"),
    ([("training/optimizer", ...)], "training.optimizer: is missing"),
    ([("training/loss", "mse")], "training.loss: expected an object with a kind, got 'mse'"),
    ([("training/loss/kind", "msee")], "training.loss.kind: unknown kind 'msee' (did you mean 'mse'?), allowed: mse"),
    ([("training/loss/x", 1)], "training.loss.x: unknown field 'x', allowed: "),
    ([("training/optimizer/kind", "adan")], "training.optimizer.kind: unknown kind 'adan' (did you mean 'adam'?)"),
    ([("training/optimizer/lr", 0)], "training.optimizer.lr: expected float > 0.0, got 0"),
    ([("training/optimizer/lr", "0.1")], "training.optimizer.lr: expected float, got '0.1'"),
    ([("training/optimizer/lr", False)], "training.optimizer.lr: expected float, got False"),
    ([("training/optimizer/momentum", 0.9)], "training.optimizer.momentum: unknown field 'momentum', allowed: lr"),
    ([("training/optimizer/beta1", 1)], "training.optimizer.beta1: expected float < 1.0, got 1"),
    ([("training/epoch", 1)], "training.epoch: unknown field 'epoch' (did you mean 'epochs'?), allowed: "),
    ([("training/epochs", 0)], "training.epochs: expected int >= 1, got 0"),
    ([("training/epochs", True)], "training.epochs: expected int, got True"),
    ([("training/seed", -1)], "training.seed: expected int >= 0, got -1"),
    ([("training/seed", 2**63)], "training.seed: "),
    ([("training/shuffle", 0)], "training.shuffle: expected bool, got 0"),
    ([("training/batch_size", 0)], "training.batch_size: expected int >= 1, got 0"),
    ([("training/batch_size", "some")], "training.batch_size: unknown value 'some', allowed: all, a whole number"),
    ([("training/batch_size", 1.5)], "training.batch_size: expected int | str, got 1.5"),
    ([("training/clip_norm", 0)], "training.clip_norm: expected float >= 1e-30, got 0"),
    ([("training/clip_norm", 1e300)], "training.clip_norm: expected float <= 1e+30, got 1e+300"),
    ([("training/regularization", None)], "training.regularization: expected object, got None"),
    ([("training/regularization/l2", -1)], "training.regularization.l2: expected float >= 0.0, got -1"),
    ([("training/regularization/l3", 1)], "training.regularization.l3: unknown field 'l3'"),
    ([("training/regularization/l\n3", 1)], "training.regularization.l\\n3: unknown field 'l\\n3'"),
    ([("training/schedule", "cosine")], "training.schedule: expected an object with a kind, got 'cosine'"),
    ([("training/schedule", {"kind": "steps"})], "training.schedule.kind: unknown kind 'steps' (did you mean 'step'?)"),
    ([("training/schedule", {"kind": "step", "period": 0})], "training.schedule.period: expected float > 0.0, got 0"),
    ([("training/early_stopping", 5)], "training.early_stopping: expected object | null, got 5"),
    (
        [("training/early_stopping", {"patience": 0})],
        "training.early_stopping.patience: expected int >= 1, got 0",
    ),
    ([("graph/nodes/3/units", 2)], "training.loss: cross_entropy wants an output per class: 3 classes, 2 outputs"),
    ([("graph/nodes/3/units", 1)], "training.loss: cross_entropy wants an output per class: 3 classes, one output"),
    (
        [("training/loss/kind", "binary_cross_entropy"), ("graph/nodes/3/units", 1)],
        "training.loss: binary_cross_entropy on one output wants 2 classes, the data have 3",
    ),
    (
        [("training/loss/kind", "mse"), ("graph/nodes/3/units", 2)],
        "training.loss: the data have 3 classes, the network 2 outputs",
    ),
    (
        [("data", {"kind": "noise", "targets": 4}), ("training/loss/kind", "mse")],
        "training.loss: the data's y has 4 columns, the network 3 outputs",
    ),
    (
        [("data", {"kind": "noise"}), ("graph/nodes/3/units", 1)],
        "training.loss: cross_entropy wants class numbers (integers), or rows of probabilities that sum to 1",
    ),
    (
        [("data", {"kind": "noise"})],
        "training.loss: cross_entropy wants class numbers (integers), or 3 probabilities; the data's y is one column",
    ),
    ([("layout", [])], "layout: expected an object of node ids with [x, y]"),
    ([("layout/x", [1])], "layout: expected an object of node ids with [x, y]"),
    ([("layout/x", ["1", 2])], "layout: expected an object of node ids with [x, y]"),
    ([("panels", [])], "panels: expected an object"),
    ([("weights", 3)], "weights: expected a text of at most 200 characters, got 3"),
    ([("variant", None)], "variant: expected a text of at most 200 characters, got None"),
    ([("variants", {})], "variants: expected a list"),
    ([("variants/0", [])], "variants.0: expected an object with a name"),
    ([("variants/0/name", ...)], "variants.0.name: expected a text of at most 200 characters, got None"),
    ([("variants/0/data", {})], "variants.0.data: unknown field 'data', allowed: name, graph"),
    ([("variants/0/name", "sgd")], "variants: two of them have the same name: tanh, sgd, sgd"),
    ([("variants/0/graph", None)], "variants.0.graph: expected an object with nodes and edges"),
    ([("variants/0/graph/edges", [])], "variants.relu.out: takes one input, got none"),
    ([("variants/1/training/loss/kind", "x")], "variants.1.training.loss.kind: unknown kind 'x', allowed: mse"),
    ([("variants/0/graph/nodes/1/units", 2)], "variants.relu.training.loss: cross_entropy wants an output per class"),
    ([("variants/0/layout", 1)], "variants.0.layout: expected an object of node ids with [x, y]"),
]
