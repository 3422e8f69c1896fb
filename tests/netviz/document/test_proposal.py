"""The first network for some data fits them, trains on them, and is no larger than they can teach."""

from math import prod

import numpy as np
import pytest

from engine.catalogue import DATASETS
from engine.data.source import Summary
from engine.graph import resolve
from engine.project import Project
from engine.spec import build
from engine.trainer import Trainer
from netviz.document.proposal import advice, first_network

CASES = {
    "wine": (Summary((13,), 3, 1), 178, "13 → 16 ReLU → 3, cross-entropy, Adam"),
    "tumours": (Summary((30,), 2, 1), 569, "30 → 32 ReLU → 16 ReLU → 1, binary cross-entropy, Adam"),
    "digits": (Summary((64,), 10, 1), 1797, "64 → 64 ReLU → 32 ReLU → 10, cross-entropy, Adam"),
    "a curve": (Summary((1,), None, 1), 200, "1 → 8 ReLU → 1, mean squared error, Adam"),
    "two numbers": (Summary((4,), None, 2), 50, "4 → 8 ReLU → 2, mean squared error, Adam"),
    "one class": (Summary((2,), 1, 1), 20, "2 → 8 ReLU → 1, binary cross-entropy, Adam"),
    "pictures": (Summary((1, 28, 28), 10, 1), 60_000, "1×28×28 flat → 128 ReLU → 64 ReLU → 10, cross-entropy, Adam"),
    "few rows of many numbers": (Summary((1000,), 2, 1), 40, "1000 → 8 ReLU → 1, binary cross-entropy, Adam"),
}


@pytest.mark.parametrize(("summary", "rows", "words"), CASES.values(), ids=CASES)
def test_it_is_as_large_as_the_data_allow(summary, rows, words) -> None:
    made = first_network(summary, rows)
    assert made.words == words
    structure, problems = resolve(made.graph, summary.shape)
    assert problems == []
    outputs = structure.shapes[structure.output][0]
    made.training.loss.targets(summary.example(), summary.classes, outputs)  # raises where they do not fit
    assert 8 <= made.training.batch_size <= 128
    assert 10 <= made.training.epochs <= 300


def test_it_grows_with_rows_never_beyond_a_bound() -> None:
    sizes = []
    for rows in (10, 100, 1000, 10_000, 10**6):
        made = first_network(Summary((500,), 5, 1), rows)
        dense = [node.layer for node in made.graph.nodes if node.layer.kind() == "dense"]
        sizes.append(dense[0].units)
        assert dense[0].units * (500 + 1 + 5) <= 4 * rows or dense[0].units == 8
    assert sizes == sorted(sizes)
    assert sizes[-1] == 128


def test_it_learns_what_comes_with_the_program(tmp_path) -> None:
    for kind, least in (("iris", 0.9), ("wine", 0.9)):
        source = build(DATASETS, {"kind": kind, "preprocess": "standardize"}, "data")
        summary, data = source.summary(tmp_path), source.load(tmp_path)
        made = first_network(summary, len(data.x) + len(data.x_val))
        trainer = Trainer(Project(kind, source, made.graph, made.training))
        trainer.run(600)
        right = (np.argmax(trainer.network.predict(data.x_val), axis=1) == data.y_val).mean()
        assert right >= least, kind
        assert prod(summary.shape) in (4, 13)


@pytest.mark.parametrize(
    ("ranges", "kind", "words"),
    [
        ([(0, 1), (-1, 1)], "none", "small"),
        ([(0, 1), (278, 1680)], "standardize", "1680"),
        ([(0, 1), (-20, 0)], "standardize", "20"),
        ([(0, 0.1), (0, 1)], "standardize", "10 times as wide"),
        ([(3, 3), (0, 1)], "none", "small"),  # the same everywhere has no scale
        ([], "none", "small"),
        ([(float("inf"), float("-inf")), (0, 1)], "none", "small"),  # a column without numbers
    ],
)
def test_numbers_of_unlike_scales_are_to_be_standardized(ranges, kind, words) -> None:
    found = advice(ranges)
    assert found.kind == kind
    assert words in found.why
