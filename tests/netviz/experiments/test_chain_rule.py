"""The chain rule's flow graph: gradients are products along the wires, summed where ways meet, and they train it."""

import dataclasses

import numpy as np
import pytest

from engine.graph import Graph, Node
from engine.probes.follow import Follow
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, begun, experiment, scores

NAME = "chain-rule"


def told(trainer: Trainer, index: int):
    answer = Follow(index=index).measure(trainer)
    assert answer is not None
    return answer


@pytest.mark.parametrize("index", range(5))
def test_every_gradient_is_the_product_along_its_ways(index: int) -> None:
    """Written by hand for s·exp(c s²) with s = w x + b, L = (out − y)²."""
    trainer = begun(NAME, experiment(NAME).variant, 0, dtype="float64")
    answer = told(trainer, index)
    x, y, (w, b, c) = float(answer.x[0]), float(answer.target[0]), (1.0, 0.5, -0.5)
    s = w * x + b
    g = np.exp(c * s * s)
    out = s * g
    d_out = 2 * (out - y)
    d_g, d_t = d_out * s, d_out * s * g
    d_s = d_out * g + d_t * c * 2 * s  # two ways meet
    expected = {
        "out": d_out, "g": d_g, "t": d_t, "c": d_t * s * s, "q": d_t * c, "s": d_s, "wx": d_s, "b": d_s,
        "w": d_s * x, "x": d_s * w,
    }  # fmt: skip
    found = {node.node: float(node.gradients[0]) for node in answer.nodes}
    assert found == pytest.approx(expected, rel=1e-12)
    along = {wire: float(back[0]) for wire, back in zip(answer.wires, answer.returns, strict=True)}
    assert along["s", "out"] == pytest.approx(d_out * g, rel=1e-12)
    assert along["s", "q"] == pytest.approx(d_t * c * 2 * s, rel=1e-12)
    assert answer.loss == pytest.approx((out - y) ** 2, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_numbers_learn_a_wave_and_frozen_ones_do_not(seed: int) -> None:
    project = experiment(NAME)
    train, _ = scores(NAME, project.variant, seed)
    assert train.loss < 0.02
    still = Graph(
        tuple(
            Node(node.id, node.layer.replace("trainable", False)) if node.layer.kind() == "constant" else node
            for node in project.graph.nodes
        ),
        project.graph.edges,
    )
    frozen = Trainer(dataclasses.replace(project, graph=still), seed=seed)
    before = frozen.evaluate()[0].loss
    frozen.run(50)
    assert frozen.evaluate()[0].loss == before > 10 * train.loss
