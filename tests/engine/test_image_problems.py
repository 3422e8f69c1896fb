"""Layers of images that do not fit say what they expected and what they got."""

import re
from pathlib import Path

import pytest

from engine.project import project_from
from tests.engine.cases import project_json


def wrong(shape, *layers):
    data = {"kind": "noise", "shape": list(shape), "targets": 2}
    ends = [{"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 2}]
    return [str(p) for p in project_from(project_json([*layers, *ends], data=data), Path()).problems()]


MAPS = "expected an image of channels × height × width"
SHAPES = {
    "vector": ((64,), {"kind": "conv2d"}, f"{MAPS}, got shape 64; a reshape before it makes one"),
    "sequence": ((8, 8), {"kind": "max_pool2d"}, f"{MAPS}, got shape 8×8"),
    "image": ((1, 8, 8), {"kind": "conv1d"}, "expected a sequence of steps × features, got shape 1×8×8"),
    "small": (
        (1, 4, 4),
        {"kind": "conv2d", "kernel_size": 5},
        "the window is 5×5, the input 1×4×4 is only 4×4 with its padding",
    ),
    "dilated": (
        (1, 4, 9),
        {"kind": "conv2d", "dilation": [3, 1], "padding": 1},
        "the window is 7×3, the input 1×4×9 is only 6×11 with its padding",
    ),
    "short": ((2, 3), {"kind": "conv1d"}, "the window is 3×1, the input 2×3 is only 2×1 with its padding"),
    "strided same": (
        (1, 4, 4),
        {"kind": "conv2d", "padding": "same", "stride": 2},
        "padding 'same' goes with stride 1, got 2",
    ),
    "groups": (
        (3, 4, 4),
        {"kind": "conv2d", "groups": 2},
        "3 input maps and 8 filters cannot be divided into 2 groups",
    ),
    "rows": (
        (2, 4, 4),
        {"kind": "conv2d", "filters": 3, "connections": [[0], [1]]},
        "connections have 2 rows, expected one for each of 3 filters",
    ),
    "map": (
        (2, 4, 4),
        {"kind": "conv2d", "filters": 2, "connections": [[0, 1], [2]]},
        "connections of filter 1: expected input maps from 0 to 1, each once, got [2]",
    ),
    "twice": (
        (2, 4, 4),
        {"kind": "conv2d", "filters": 2, "connections": [[0, 0], [1]]},
        "connections of filter 0: expected input maps from 0 to 1, each once, got [0, 0]",
    ),
    "unseen": (
        (3, 4, 4),
        {"kind": "conv2d", "filters": 2, "connections": [[0], [2]]},
        "connections: no filter sees input map 1 of 3",
    ),
    "both": (
        (2, 4, 4),
        {"kind": "conv2d", "filters": 2, "connections": [[0], [1]], "groups": 2},
        "has connections and groups: only one of them can say what a filter sees",
    ),
    "padding": (
        (1, 4, 4),
        {"kind": "avg_pool2d", "kernel_size": 3, "padding": 2},
        "padding 2 is more than half of the window 3",
    ),
    "norm": ((3, 4, 4), {"kind": "group_norm", "groups": 2}, "3 maps cannot be divided into 2 groups"),
    "sequence norm": (
        (3, 4),
        {"kind": "batch_norm"},
        "expected a vector or an image of channels × height × width, got 3×4",
    ),
    "one number": ((3, 1, 1), {"kind": "instance_norm"}, "maps of one number are all 0 less their mean; expected more"),
    "mean": ((3, 4), {"kind": "global_avg_pool2d"}, f"{MAPS}, got shape 3×4"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_told(name):
    shape, layer, problem = SHAPES[name]
    assert wrong(shape, {"id": "node", **layer}) == [f"node: {problem}"]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("conv2d", "kernel_size", 0),
        ("conv2d", "kernel_size", [3]),
        ("conv2d", "kernel_size", [3, 0]),
        ("conv2d", "kernel_size", [1, 2, 3]),
        ("conv2d", "kernel_size", "same"),
        ("conv2d", "padding", -1),
        ("conv2d", "padding", [1, -1]),
        ("conv2d", "padding", "valid"),
        ("conv2d", "stride", 0),
        ("conv2d", "groups", 0),
        ("conv2d", "filters", 0),
        ("conv2d", "connections", [[]]),
        ("conv2d", "connections", [[-1]]),
        ("conv1d", "kernel_size", [3, 1]),
        ("max_pool2d", "kernel_size", 5000),
        ("avg_pool2d", "count_include_pad", 1),
        ("group_norm", "groups", 0),
        ("instance_norm", "eps", 0),
        ("batch_norm", "momentum", 0),
    ],
)
def test_values_out_of_range_name_the_field(kind, field, value):
    with pytest.raises(Exception, match=re.escape(f"c.{field}")):
        project_from(project_json([{"id": "c", "kind": kind, field: value}]), Path())
