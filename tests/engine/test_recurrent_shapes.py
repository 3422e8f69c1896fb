"""Recurrent layers and embeddings: shapes that do not fit, codes, and vocabularies too large for one piece."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.initializers import INITIALIZERS
from engine.project import project_from
from tests.engine.cases import CLOSE, network, project, project_json
from tests.engine.export.nets import graph_project

# Wrong shapes


def test_shapes_that_do_not_fit_are_told():
    def wrong(shape, *layers):
        data = {"kind": "noise", "shape": shape, "targets": 2}
        out = {"id": "out", "kind": "dense", "units": 2}
        return [str(p) for p in project_from(project_json([*layers, out], data=data), Path()).problems()]

    r = {"id": "r", "kind": "gru", "units": 4}
    assert wrong([5], r) == [
        "r: expected a sequence of steps × features, got shape 5; an embedding or a reshape before it makes one"
    ]
    assert wrong([1, 5, 5], r) == [
        "r: expected a sequence of steps × features, got shape 1×5×5; a reshape before it makes one"
    ]
    assert wrong([5, 3], r) == []
    assert wrong([5], {"id": "e", "kind": "embedding", "vocabulary": 4, "dim": 3}, r) == []
    assert wrong([5, 3], {"id": "e", "kind": "embedding", "vocabulary": 4, "dim": 3}) == [
        "e: expected a vector of codes, got shape 5×3"
    ]
    assert wrong([5, 3], {**r, "return_sequences": True}) == [
        "out: the output must be a vector, it has shape 5×2; a flatten makes one"
    ]


@pytest.mark.parametrize("field", ["units", "layers", "nonlinearity", "forget_bias", "recurrent_init", "vocabulary"])
def test_values_out_of_range_name_the_field(field):
    kind = {"nonlinearity": "rnn", "forget_bias": "lstm", "vocabulary": "embedding"}.get(field, "gru")
    value = {"nonlinearity": "sigmoid", "forget_bias": "open", "recurrent_init": "lsuv"}.get(field, 0)
    with pytest.raises(Exception, match=re.escape(f"r.{field}")):
        project_from(project_json([{"id": "r", "kind": kind, field: value}]), Path())


def test_codes_are_rounded_to_those_there_are():
    layers = [{"id": "e", "kind": "embedding", "vocabulary": 5, "dim": 3}, {"id": "f", "kind": "flatten"}]
    net = network(project(layers, data={"kind": "noise", "shape": [2], "targets": 6, "samples": 8}))
    w = net.parameters()["e.weight"]
    for x, code in ((0, 0), (4, 4), (3.4, 3), (-7, 0), (99, 4), (1e300, 4)):
        np.testing.assert_array_equal(net.predict(np.full((1, 2), x))[0], np.tile(w[code], 2))


def test_a_large_vocabulary_s_gradient_comes_in_pieces(monkeypatch):
    layers = [{"id": "e", "kind": "embedding", "vocabulary": 23, "dim": 3}, {"id": "f", "kind": "flatten"}]
    net = network(project(layers, data={"kind": "noise", "shape": [4], "targets": 12, "samples": 8}))
    x, y = np.random.default_rng(0).integers(0, 23, (6, 4)), np.random.default_rng(1).standard_normal((6, 12))
    whole = net.loss_and_gradients(x, y)[1]["e.weight"]
    expected = np.zeros((23, 3))
    delta = 2 * (net.predict(x) - y).reshape(6, 4, 3) / y.size
    for codes, rows in zip(x, delta, strict=True):
        for code, row in zip(codes, rows, strict=True):
            expected[code] += row
    np.testing.assert_allclose(whole, expected, **CLOSE["float64"])
    monkeypatch.setattr("engine.layers.embedding.PIECE", 5 * 24)
    again = network(replace(project(layers, data={"kind": "noise", "shape": [4], "targets": 12, "samples": 8})))
    np.testing.assert_array_equal(again.loss_and_gradients(x, y)[1]["e.weight"], whole)


def test_what_goes_past_an_embedding_does_not_add_up_from_step_to_step():
    nodes = [{"id": "x", "kind": "input"}, {"id": "pre", "kind": "dense", "units": 4}]
    nodes += [{"id": "past", "kind": "reshape", "shape": [4]}]  # before the embedding, which has the last word then
    nodes += [{"id": "e", "kind": "embedding", "vocabulary": 3, "dim": 1}, {"id": "f", "kind": "flatten"}]
    made = graph_project(
        [*nodes, {"id": "sum", "kind": "add"}],
        [["x", "pre"], ["pre", "past"], ["past", "sum"], ["pre", "e"], ["e", "f"], ["f", "sum"]],
        "mse",
        {"kind": "noise", "shape": [4], "targets": 4, "samples": 8},
    )
    net = network(made)
    x, y = np.random.default_rng(0).standard_normal((2, 6, 4))
    first, second = (net.loss_and_gradients(x, y)[1]["pre.weight"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, (2 * (net.predict(x) - y) / y.size).T @ x, **CLOSE["float64"])


def test_every_drawn_law_is_one_of_the_initializers():
    from engine.layers.recurrent.base import StateInit, WeightInit

    assert {*WeightInit.__args__, *StateInit.__args__} - {"by_units", "identity"} <= set(INITIALIZERS)
