"""Batch norm taken into dense layers and convolutions: the same outputs, without the norms."""

import numpy as np
import pytest

import engine
from engine.fusion import fused
from engine.inference import network_with
from engine.project import Project
from tests.engine.cases import project
from tests.engine.export.nets import act, chain, dense, graph_project

NORM = {"kind": "batch_norm", "eps": 0.01}
DATA = {"kind": "noise", "shape": [4], "targets": 2, "samples": 60}


def skip() -> Project:
    """The first norm's dense layer has another consumer; the second norm stands before one dense layer alone."""
    nodes = [act("x", "input"), dense("h1", 5), {"id": "n1", **NORM}, act("a1", "tanh"), act("s", "add")]
    nodes += [{"id": "n2", **NORM}, dense("out", 2)]
    edges = [["x", "h1"], ["h1", "n1"], ["n1", "a1"], ["a1", "s"], ["h1", "s"], ["s", "n2"], ["n2", "out"]]
    return graph_project(nodes, edges, "mse", DATA)


NETS = {
    "behind": (chain([dense("h1", 5), {"id": "n1", **NORM}, act("a1", "relu"), dense("out", 2)], data=DATA), set()),
    "behind, no bias": (chain([dense("h1", 5, bias=False), {"id": "n1", **NORM}, dense("out", 2)], data=DATA), set()),
    "in front": (chain([{"id": "n1", **NORM}, dense("out", 2, bias=False)], data=DATA), set()),
    "the output": (chain([dense("out", 2), {"id": "n1", **NORM}], data=DATA), set()),
    "twice": (chain([dense("h1", 5), {"id": "n1", **NORM}, {"id": "n2", **NORM}, dense("out", 2)], data=DATA), set()),
    "a skip": (skip(), {"n1"}),
    "behind a maxout": (
        chain([{"id": "m", "kind": "maxout", "units": 3}, {"id": "n1", **NORM}, act("a", "tanh"), dense("out", 2)]),
        {"n1"},
    ),
    "between others": (
        chain([dense("h1", 5), act("a1", "tanh"), {"id": "n1", **NORM}, act("a2", "tanh"), dense("out", 2)], data=DATA),
        {"n1"},
    ),
}


IMAGES = {"kind": "noise", "shape": [4, 6, 5], "targets": 2, "samples": 60}


def conv(node: str, filters: int, **fields: object) -> dict[str, object]:
    return {"id": node, "kind": "conv2d", "filters": filters, **fields}


def pictures(*layers: dict[str, object]) -> Project:
    return chain([*layers, act("f", "flatten"), dense("out", 2)], data=IMAGES)


N1, N2 = {"id": "n1", **NORM}, {"id": "n2", **NORM}
TABLE = [[0, 1], [1, 2, 3], [0, 3]]
NETS |= {
    "behind a convolution": (pictures(conv("c", 3, padding="same"), N1, act("a", "relu")), set()),
    "behind one in groups, no bias": (pictures(conv("c", 6, groups=2, stride=2, bias=False), N1), set()),
    "behind connections": (pictures(conv("c", 3, connections=TABLE), N1, act("a", "tanh")), set()),
    "in front of a convolution": (pictures(N1, conv("c", 3, kernel_size=[3, 2], dilation=2, bias=False)), set()),
    "in front of groups": (pictures(act("a", "relu"), N1, conv("c", 6, kernel_size=2, groups=2)), set()),
    "in front of each map": (pictures(N1, conv("c", 4, groups=4)), set()),
    "in front of connections": (pictures(N1, conv("c", 3, connections=TABLE)), set()),
    "in front of a padded one": (pictures(N1, conv("c", 3, padding=[0, 1])), {"n1"}),
    "in front of same": (pictures(N1, conv("c", 3, padding="same")), {"n1"}),
    "in front of a same that pads none": (pictures(N1, conv("c", 3, kernel_size=1, padding="same")), set()),
    "both sides": (pictures(N1, conv("c", 3), N2), set()),
    "in front of pooling": (pictures(N1, act("p", "max_pool2d"), conv("c", 3, kernel_size=2)), {"n1"}),
    "in front of a flatten": (pictures(conv("c", 3), act("a", "relu"), N1), {"n1"}),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_outputs_without_the_norms(name, dtype):
    made, stays = NETS[name]
    trainer = engine.Trainer(made, dtype=dtype)
    trainer.run(30)
    rng = np.random.default_rng(1)
    # Weights that no connection has count for nothing, whatever a file says they are.
    trainer.network.load_parameters(
        {n: a + rng.uniform(-0.1, 0.1, a.shape) for n, a in trainer.network.parameters().items()}
    )
    x = rng.standard_normal((9, *trainer.network.input_shape))
    project_, state = fused(made, trainer.network.state())
    assert {node.id for node in project_.graph.nodes if node.layer.kind() == "batch_norm"} == stays
    assert {n.partition(".")[0] for n in state} & {"n1", "n2"} == stays
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-12}
    np.testing.assert_allclose(network_with(project_, state).predict(x), trainer.network.predict(x), **close)
    assert {array.dtype for array in state.values() if array.ndim} == {np.dtype(dtype)}


def test_weights_that_are_tied_are_left_alone():
    layers = [dense("enc", 3), {"id": "n", **NORM}, {"id": "dec", "kind": "tied", "to": "enc", "units": 4}]
    made = project(layers, data={**DATA, "targets": 4})
    trainer = engine.Trainer(made)
    assert fused(made, trainer.network.state())[0] == made


def test_a_network_without_norms_is_what_it_was():
    made = chain([dense("h1", 5), act("a1", "relu"), dense("out", 2)], data=DATA)
    state = engine.Trainer(made).network.state()
    again, same = fused(made, state)
    assert again == made
    assert all(same[name] is state[name] for name in state)
