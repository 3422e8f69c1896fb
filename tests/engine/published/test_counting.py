"""Networks that were published with their counts, counted here without training or allocating them."""

import pytest

from engine.project import Project, project_from
from tests.engine.cases import project_json

# LeCun et al. 1990, "Handwritten digit recognition with a back-propagation network", section 4: which of the four maps
# of H2 each of the twelve of H3 sees: 20 of the 48 pairs.
SEEN = [[0], [0, 1], [0, 1], [1], [0, 1], [0, 1], [2], [2, 3], [2, 3], [3], [2, 3], [2, 3]]


def lenet(connections: list[list[int]] | None = SEEN) -> Project:
    """28×28 → 4@24×24 → 4@12×12 → 12@8×8 → 12@4×4 → 10."""
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "conv2d", "filters": 4, "kernel_size": 5},
        {"id": "a1", "kind": "scaled_tanh"},
        {"id": "h2", "kind": "subsampling", "kernel_size": 2},
        {"id": "a2", "kind": "scaled_tanh"},
        {"id": "h3", "kind": "conv2d", "filters": 12, "kernel_size": 5, "connections": connections},
        {"id": "a3", "kind": "scaled_tanh"},
        {"id": "h4", "kind": "subsampling", "kernel_size": 2},
        {"id": "a4", "kind": "scaled_tanh"},
        {"id": "flat", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 10},
    ]
    data = {"kind": "noise", "shape": [1, 28, 28], "targets": 10, "samples": 8}
    return project_from(project_json(layers, "mse", data), None)


def test_lenet_has_the_units_connections_and_parameters_that_were_published():
    """4 635 units, 98 442 connections, 2 578 independent parameters; the paper's units hold the constant one, too."""
    project = lenet()
    assert project.problems() == []
    structure = project.structure()
    shapes = {node: structure.shapes[node] for node in ("h1", "h2", "h3", "h4", "flat", "out")}
    assert shapes == {
        "h1": (4, 24, 24),
        "h2": (4, 12, 12),
        "h3": (12, 8, 8),
        "h4": (12, 4, 4),
        "flat": (192,),
        "out": (10,),
    }
    assert structure.unit_count() + 1 == 4635
    assert structure.connection_count() == 98_442
    assert sum(map(structure.parameter_count, structure.order)) == 2578


# LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition": each of the twelve maps of H2 sees
# eight of those of H1. Which ones the paper does not list; the counts do not depend on it.
EIGHT = [sorted((row + k) % 12 for k in range(8)) for row in range(12)]


def zip_codes(bias: bool = False) -> Project:
    """16×16 → 12@8×8 → 12@4×4 → 30 → 10; in place of a bias for each map one at every place of it."""
    window = {"kernel_size": 5, "stride": 2, "padding": 2, "filters": 12, "bias": bias}
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "conv2d", **window},
        *([] if bias else [{"id": "b1", "kind": "bias"}]),
        {"id": "a1", "kind": "scaled_tanh"},
        {"id": "h2", "kind": "conv2d", **window, "connections": EIGHT},
        *([] if bias else [{"id": "b2", "kind": "bias"}]),
        {"id": "a2", "kind": "scaled_tanh"},
        {"id": "flat", "kind": "flatten"},
        {"id": "h3", "kind": "dense", "units": 30},
        {"id": "a3", "kind": "scaled_tanh"},
        {"id": "out", "kind": "dense", "units": 10},
    ]
    return project_from(project_json(layers, "mse", {"kind": "noise", "shape": [1, 16, 16], "targets": 10}), None)


def test_the_reader_of_zip_codes_has_its_published_counts():
    """1 256 units, 64 660 connections and 9 760 independent parameters, of which 768 and 192 are biases of units."""
    project = zip_codes()
    assert project.problems() == []
    structure = project.structure()
    assert [structure.shapes[node] for node in ("b1", "b2")] == [(12, 8, 8), (12, 4, 4)]
    assert structure.unit_count() == 1256
    assert structure.connection_count() == 64_660
    assert [structure.parameter_count(node) for node in ("h1", "b1", "h2", "b2", "h3", "out")] == [
        *(300, 768, 2400, 192, 5790, 310)
    ]
    assert sum(map(structure.parameter_count, structure.order)) == 9760


def test_with_a_bias_for_each_map_there_are_fewer_parameters_and_as_many_connections():
    """The control."""
    structure = zip_codes(bias=True).structure()
    assert structure.connection_count() == 64_660
    assert sum(map(structure.parameter_count, structure.order)) == 9760 - (768 + 192) + 2 * 12


def test_without_its_table_of_connections_it_has_more():
    """The control."""
    structure = lenet(None).structure()
    assert structure.connection_count() == 98_442 + 28 * 25 * 64
    assert sum(map(structure.parameter_count, structure.order)) == 2578 + 28 * 25


def test_shared_weights_are_few_beside_as_many_connections_of_their_own():
    """A dense layer of as many units has a parameter for every connection."""
    layers = [{"id": "flat", "kind": "flatten"}, {"id": "h1", "kind": "dense", "units": 4 * 24 * 24}]
    data = {"kind": "noise", "shape": [1, 28, 28], "targets": 2304, "samples": 8}
    dense = project_from(project_json(layers, "mse", data), None).structure()
    shared = lenet().structure()
    assert dense.parameter_count("h1") == dense.connection_count() == 2304 * 785
    assert shared.parameter_count("h1") == 4 * 26


def test_alexnet_has_sixty_million_parameters(monkeypatch):
    """Krizhevsky, Sutskever and Hinton 2012, section 3.5: two groups where the two GPUs do not speak; 60 million."""
    monkeypatch.setattr("engine.parameters.Parameters.__init__", lambda *_: pytest.fail("memory was taken"))
    pool = {"kind": "max_pool2d", "kernel_size": 3, "stride": 2}
    convolutions = [
        {"id": "c1", "kind": "conv2d", "filters": 96, "kernel_size": 11, "stride": 4},
        {"id": "p1", **pool},
        {"id": "c2", "kind": "conv2d", "filters": 256, "kernel_size": 5, "padding": 2, "groups": 2},
        {"id": "p2", **pool},
        {"id": "c3", "kind": "conv2d", "filters": 384, "kernel_size": 3, "padding": 1},
        {"id": "c4", "kind": "conv2d", "filters": 384, "kernel_size": 3, "padding": 1, "groups": 2},
        {"id": "c5", "kind": "conv2d", "filters": 256, "kernel_size": 3, "padding": 1, "groups": 2},
        {"id": "p5", **pool},
        {"id": "flat", "kind": "flatten"},
    ]
    dense = [{"id": f"f{i}", "kind": "dense", "units": units} for i, units in ((6, 4096), (7, 4096), (8, 1000))]
    data = {"kind": "noise", "shape": [3, 227, 227], "classes": 1000, "samples": 8}
    structure = project_from(project_json(convolutions + dense, "cross_entropy", data), None).structure()
    assert structure.shapes["p5"] == (256, 6, 6)
    counts = [structure.parameter_count(node) for node in ("c1", "c2", "c3", "c4", "c5", "f6", "f7", "f8")]
    assert counts == [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]
    assert sum(map(structure.parameter_count, structure.order)) == 60_965_224
