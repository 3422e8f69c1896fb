"""The ways in which exporters write layers, held to onnxruntime: Keras' axes, products and sums apart, idioms."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from engine.importing.translate import OPERATORS
from tests.engine.importing.models import kinds, model, must_agree, normal, op, read, told


def test_pictures_whose_channels_come_last() -> None:
    """As Keras has them: turned before the convolution and back before they are flattened."""
    made = model(
        [
            op("Transpose", "x", "x_maps", perm=[0, 3, 1, 2]),
            op(
                "Conv",
                "x_maps net/conv2d/Conv2D/ReadVariableOp:0 bias",
                "c",
                "net/conv2d/Conv2D",
                auto_pad="SAME_UPPER",
                strides=[2, 2],
            ),
            op("Relu", "c", "r"),
            op("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
            op("Transpose", "p", "p_last", perm=[0, 2, 3, 1]),
            op("Reshape", "p_last flat", "f"),
            op("MatMul", "f net/dense/MatMul/ReadVariableOp:0", "m", "net/dense/MatMul"),
            op("Add", "m b", "z", "dense/BiasAdd"),
            op("Softmax", "z", "y", axis=-1),
        ],
        {
            "net/conv2d/Conv2D/ReadVariableOp:0": normal(5, 3, 3, 3),
            "bias": normal(5),
            "flat": np.array([-1, 20]),
            "net/dense/MatMul/ReadVariableOp:0": normal(20, 4),
            "b": normal(4),
        },
        ("N", 8, 8, 3),
    )
    x = normal(6, 8, 8, 3)
    found = must_agree(made, x, x.transpose(0, 3, 1, 2))
    assert kinds(found) == ["input", "conv2d", "relu", "max_pool2d", "flatten", "dense", "softmax"]
    assert [node.id for node in found.project.graph.nodes][1:6:4] == ["net_conv2d", "net_dense"]
    assert any("channels come last" in note for note in found.notes)
    assert any("weights of 0" in note for note in found.notes)  # the pads of stride 2 differ


def test_pictures_of_one_channel_need_no_turning() -> None:
    ops = [op("Transpose", "x", "t", perm=[0, 3, 1, 2]), op("Conv", "t k", "c"), op("Flatten", "c", "f")]
    found = must_agree(
        model([*ops, op("MatMul", "f w", "y")], {"k": normal(2, 1, 3, 3), "w": normal(32, 2)}, ("N", 6, 6, 1)),
        x := normal(3, 6, 6, 1),
        x,
    )
    assert kinds(found) == ["input", "reshape", "conv2d", "flatten", "dense"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"pads": [1, 0, 2, 3]},
        {"pads": [0, 1, 0, 0], "strides": [1, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 1]},
        {"auto_pad": "SAME_UPPER"},
        {"auto_pad": "VALID", "dilations": [2, 1]},
        {"pads": [0, 0, 2, 2], "dilations": [2, 2]},
    ],
)
def test_pads_that_differ_at_both_ends(attributes: dict[str, object]) -> None:
    ops = [op("Conv", "x k b", "c", **attributes), op("ReduceMean", "c", "y", axes=[2, 3], keepdims=0)]
    made = model(ops, {"k": normal(4, 2, 2, 3), "b": normal(4)}, ("N", 2, 7, 6))
    assert kinds(must_agree(made, normal(3, 2, 7, 6))) == ["input", "conv2d", "global_avg_pool2d"]


def test_a_margin_before_a_convolution_or_a_mean() -> None:
    pad = op("Pad", "x pads", "p")
    pads = np.array([0, 0, 1, 1, 0, 0, 2, 1])
    conv = model([pad, op("Conv", "p k", "c"), op("Flatten", "c", "y")], {"pads": pads, "k": normal(2, 2, 3, 3)},
                 ("N", 2, 5, 5))  # fmt: skip
    must_agree(conv, normal(3, 2, 5, 5))
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    mean = [pad, op("AveragePool", "p", "a", kernel_shape=[3, 3]), op("Flatten", "a", "f"), op("MatMul", "f w", "y")]
    must_agree(model(mean, {"pads": pads, "w": normal(50, 2)}, ("N", 2, 5, 5)), normal(3, 2, 5, 5))


def test_gemm_in_every_form() -> None:
    w, c = normal(4, 3), normal(3)
    for attributes, weight, bias in (
        ({}, w, c),
        ({"transB": 1}, w.T, c),
        ({"alpha": 0.5, "beta": -2.0}, w, c),
        ({"beta": 3.0}, w, c[None]),
        ({}, w, c[:1]),
        ({}, w, np.float32(0.7)),
    ):
        found = must_agree(model([op("Gemm", "x w c", "y", **attributes)], {"w": weight, "c": bias}), normal(5, 4))
        assert kinds(found) == ["input", "dense"]


def test_a_gemm_whose_sum_is_a_skip() -> None:
    ops = [op("Gemm", "x w", "h"), op("Relu", "h", "r"), op("Gemm", "r v x", "y", beta=0.5)]
    found = must_agree(model(ops, {"w": normal(4, 5), "v": normal(5, 4)}), normal(5, 4))
    assert sorted(kinds(found)) == ["add", "constant", "dense", "dense", "input", "multiply", "relu"]


def test_sums_and_products_become_the_layers_own_numbers() -> None:
    ops = [op("MatMul", "x w", "m"), op("Add", "b m", "a"), op("Mul", "a s", "t"), op("Sub", "t d", "u"),
           op("Div", "u q", "v"), op("Tanh", "v", "y")]  # fmt: skip
    constants = {"w": normal(4, 3), "b": normal(3), "s": normal(1, 3), "d": np.float32(0.3), "q": np.float32(1.7)}
    found = must_agree(model(ops, constants), normal(5, 4))
    assert kinds(found) == ["input", "dense", "tanh"]


def test_a_value_that_two_take_keeps_its_numbers() -> None:
    """A factor for one of them is a layer of its own."""
    ops = [op("MatMul", "x w", "m"), op("Mul", "m s", "t"), op("Sigmoid", "t", "g"), op("Mul", "m g", "y")]
    found = must_agree(model(ops, {"w": normal(4, 3), "s": normal(3)}), normal(5, 4))
    assert sorted(kinds(found)) == ["constant", "dense", "input", "multiply", "multiply", "sigmoid"]
    activations = [("HardSwish", {}), ("HardSigmoid", {}), ("Clip", {"min": "low", "max": "high"})]
    for kind, _ in activations:
        last = op(kind, "m low high", "y") if kind == "Clip" else op(kind, "m", "y")
        constants = {"w": normal(4, 3), "low": np.float32(-0.5), "high": np.float32(0.8)}
        must_agree(model([op("MatMul", "x w", "m"), last], constants), normal(9, 4))


def test_the_same_of_pictures_and_sequences() -> None:
    picture = [op("Relu", "x", "r"), op("Mul", "r s", "m"), op("Add", "m b", "a"), op("Flatten", "a", "y")]
    found = must_agree(model(picture, {"s": normal(2, 1, 1), "b": normal(1, 2, 1, 1)}, ("N", 2, 3, 3)),
                       normal(4, 2, 3, 3))  # fmt: skip
    assert kinds(found) == ["input", "relu", "subsampling", "flatten"]
    steps = [op("MatMul", "x w", "m"), op("Relu", "m", "r"), op("Mul", "r s", "t"), op("MatMul", "t v", "y")]
    found = must_agree(model(steps, {"w": normal(4, 3), "s": normal(5, 1), "v": normal(3, 2)}, ("N", 5, 4)),
                       normal(6, 5, 4))  # fmt: skip
    assert sorted(set(kinds(found))) == ["constant", "dense", "flatten", "input", "multiply", "relu", "reshape"]


def test_a_term_for_every_place_and_a_slope_for_every_map() -> None:
    ops = [op("Conv", "x k", "c"), op("Add", "c b", "a"), op("PRelu", "a s", "p"), op("Flatten", "p", "y")]
    constants = {"k": normal(3, 2, 2, 2), "b": normal(3, 4, 4), "s": normal(3, 1, 1)}
    found = must_agree(model(ops, constants, ("N", 2, 5, 5)), normal(4, 2, 5, 5))
    assert kinds(found) == ["input", "conv2d", "bias", "prelu", "flatten"]
    assert found.weights["s.weight"].shape == (3,)


@pytest.mark.parametrize("order", ["x first", "gate first"])
def test_gelu_by_erf_in_both_orders(order: str) -> None:
    root = {"root": np.float32(np.sqrt(2)), "one": np.float32(1), "half": np.float32(0.5), "w": normal(4, 3)}
    ops = [op("MatMul", "x w", "a"), op("Div", "a root", "d"), op("Erf", "d", "e"), op("Add", "e one", "p")]
    ops += (
        [op("Mul", "a p", "q"), op("Mul", "q half", "y")]
        if order == "x first"
        else [op("Mul", "half a", "q"), op("Mul", "q p", "y")]
    )
    assert kinds(must_agree(model(ops, root), 2 * normal(9, 4))) == ["input", "dense", "gelu"]


def test_a_layer_norm_by_its_formula() -> None:
    constants = {"w": normal(4, 6), "two": np.float32(2), "eps": np.float32(1e-3), "g": normal(6), "b": normal(6)}
    ops = [op("MatMul", "x w", "a"), op("ReduceMean", "a", "m", axes=[-1]), op("Sub", "a m", "d"),
           op("Pow", "d two", "s"), op("ReduceMean", "s", "v", axes=[-1]), op("Add", "v eps", "u"),
           op("Sqrt", "u", "r"), op("Div", "d r", "n"), op("Mul", "n g", "k"), op("Add", "k b", "y")]  # fmt: skip
    assert kinds(must_agree(model(ops, constants), normal(9, 4))) == ["input", "dense", "layer_norm"]


def test_groups_by_an_instance_norm_of_rows() -> None:
    constants = {"rows": np.array([0, 3, -1]), "pictures": np.array([-1, 6, 4, 5]), "g": normal(6, 1, 1),
                 "b": normal(6, 1, 1), "ones": np.ones(3, np.float32), "zeros": np.zeros(3, np.float32)}  # fmt: skip
    ops = [op("Reshape", "x rows", "r"), op("InstanceNormalization", "r ones zeros", "i", epsilon=1e-3),
           op("Reshape", "i pictures", "p"), op("Mul", "p g", "m"), op("Add", "m b", "a"),
           op("Flatten", "a", "y")]  # fmt: skip
    found = must_agree(model(ops, constants, ("N", 6, 4, 5)), normal(3, 6, 4, 5))
    assert kinds(found) == ["input", "group_norm", "flatten"]


def test_sizes_that_are_computed_from_the_shape() -> None:
    ops = [op("Relu", "x", "r"), op("Shape", "r", "s"), op("Gather", "s zero", "n", axis=0),
           op("Unsqueeze", "n axes", "n1"), op("Concat", "n1 rest", "to", axis=0), op("Reshape", "r to", "f"),
           op("MatMul", "f w", "y")]  # fmt: skip
    constants = {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1]), "w": normal(12, 2)}
    found = must_agree(model(ops, constants, ("N", 3, 4)), normal(5, 3, 4))
    assert kinds(found) == ["input", "relu", "flatten", "dense"]


def test_dense_at_each_step_by_merging_steps_and_examples() -> None:
    """As Keras' TimeDistributed: rows of all examples and steps, one product, and apart again."""
    ops = [op("Reshape", "x rows", "r"), op("Gemm", "r w b", "g"), op("Reshape", "g back", "s"), op("Relu", "s", "t"),
           op("Reshape", "t flat", "f"), op("MatMul", "f v", "y")]  # fmt: skip
    constants = {"rows": np.array([-1, 4]), "w": normal(4, 3), "b": normal(3), "back": np.array([-1, 5, 3]),
                 "flat": np.array([-1, 15]), "v": normal(15, 2)}  # fmt: skip
    found = must_agree(model(ops, constants, ("N", 5, 4)), normal(6, 5, 4))
    assert kinds(found) == ["input", "dense", "relu", "flatten", "dense"]


def test_an_embedding_of_whole_numbers() -> None:
    ops = [op("Cast", "x", "i", to=TensorProto.INT64), op("Gather", "table i", "e"), op("Flatten", "e", "f"),
           op("MatMul", "f w", "y")]  # fmt: skip
    made = model(ops, {"table": normal(9, 3), "w": normal(15, 2)}, ("N", 5))
    found = must_agree(made, np.random.default_rng(0).integers(0, 9, (4, 5)).astype(np.float32))
    assert kinds(found) == ["input", "embedding", "flatten", "dense"]


def test_columns_and_parts_of_the_input() -> None:
    ops = [op("Split", "x sizes", "a b", axis=1), op("MatMul", "a w", "p"), op("MatMul", "b v", "q"),
           op("Concat", "p q", "y", axis=1)]  # fmt: skip
    made = model(ops, {"sizes": np.array([1, 3]), "w": normal(1, 2), "v": normal(3, 2)})
    assert kinds(must_agree(made, normal(5, 4))).count("input") == 2


PARTS = {
    "a slice": ([op("Slice", "r starts ends axes", "p")], {"starts": [1], "ends": [3], "axes": [2]}, (3, 2)),
    "every other": (
        [op("Slice", "r starts ends axes steps", "p")],
        {"starts": [0], "ends": [9], "axes": [1], "steps": [2]},
        (2, 4),
    ),
    "backwards": (
        [op("Slice", "r starts ends axes steps", "p")],
        {"starts": [-1], "ends": [-99], "axes": [2], "steps": [-1]},
        (3, 4),
    ),
    "one place": ([op("Gather", "r place", "p", axis=1)], {"place": 1}, (4,)),
    "several, one twice": ([op("Gather", "r places", "p", axis=2)], {"places": [3, 0, -4]}, (3, 3)),
    "of axes that stand otherwise": (
        [op("Transpose", "r", "t", perm=[0, 2, 1]), op("Slice", "t starts ends axes", "p")],
        {"starts": [1], "ends": [4], "axes": [1]},
        (3, 3),
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_what_a_layer_gives(name: str) -> None:
    """They are picked by a dense layer that stays as it is."""
    ops, places, shape = PARTS[name]
    constants = {key: np.array(value, np.int64) for key, value in places.items()}
    ops = [op("Relu", "x", "r"), *ops, op("Flatten", "p", "f"), op("Mul", "f s", "m"), op("MatMul", "m w", "y")]
    numbers = {"s": normal(int(np.prod(shape))), "w": normal(int(np.prod(shape)), 2)}
    found = must_agree(model(ops, {**constants, **numbers}, ("N", 3, 4)), normal(5, 3, 4))
    (picking,) = (node for node in found.project.graph.nodes if node.layer.to_json().get("trainable") is False)
    assert set(np.unique(found.weights[f"{picking.id}.weight"])) == {0, 1}
    assert any(f"is picked by {picking.id}" in note for note in found.notes)


def test_of_a_value_that_is_too_large_no_part_is_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.importing.shapes.MOST_PICKED", 47)
    ops, places, _ = PARTS["one place"]
    constants = {key: np.array(value, np.int64) for key, value in places.items()}
    (line,) = told(model([op("Relu", "x", "r"), *ops], constants, ("N", 3, 4)))
    assert line.endswith("Gather: takes 4 of 12 numbers; netviz takes parts of smaller values")


def test_maps_side_by_side() -> None:
    """DenseNet's: pictures are joined map above map."""
    ops = [op("Conv", "x k", "c", pads=[1, 1, 1, 1]), op("Concat", "x c", "j", axis=1), op("Conv", "j l", "d"),
           op("GlobalAveragePool", "d", "g"), op("Squeeze", "g axes", "y")]  # fmt: skip
    constants = {"k": normal(3, 2, 3, 3), "l": normal(4, 5, 3, 3), "axes": np.array([2, 3])}
    found = must_agree(model(ops, constants, ("N", 2, 5, 5)), normal(3, 2, 5, 5))
    assert "concat" in kinds(found)


def test_a_recurrent_layer_whose_steps_come_first() -> None:
    w, r, b = normal(1, 12, 4), normal(1, 12, 3), normal(1, 24)
    lstm = op("LSTM", "x w r b", "all last", hidden_size=3)
    constants = {"w": w, "r": r, "b": b, "axes": np.array([0]), "v": normal(3, 2)}
    made = model([lstm, op("Squeeze", "last axes", "s"), op("MatMul", "s v", "y")], constants, (5, "N", 4))
    x = normal(5, 6, 4)
    found = must_agree(made, x, x.swapaxes(0, 1))
    assert kinds(found) == ["input", "lstm", "dense"]
    assert any("the steps come first" in note for note in found.notes)


def test_a_place_of_the_states_that_is_sliced_and_squeezed() -> None:
    """As models of opset 9 pick the states of both directions; of other slices what is missing is told."""
    w, r, b = normal(2, 12, 4), normal(2, 12, 3), normal(2, 24)
    lstm = op("LSTM", "t w r b", "all last", hidden_size=3, direction="bidirectional")
    turned, big = op("Transpose", "x", "t", perm=[1, 0, 2]), (1 << 63) - 1
    constants = {"w": w, "r": r, "b": b, "v": normal(6, 2)}

    def picked(second: tuple[int, int]) -> list[onnx.NodeProto]:
        cuts = [op("Slice", "last", f"s{n}", axes=[0], starts=[start], ends=[end])
                for n, (start, end) in enumerate([(-2, -1), second])]  # fmt: skip
        squeezed = [op("Squeeze", f"s{n}", f"q{n}", axes=[0]) for n in range(2)]
        return [turned, lstm, *cuts, *squeezed, op("Concat", "q0 q1", "c", axis=1), op("MatMul", "c v", "y")]

    found = must_agree(model(picked((-1, big)), constants, ("N", 5, 4), opset=9), normal(6, 5, 4))
    assert kinds(found) == ["input", "lstm", "dense"]
    twice = must_agree(model(picked((0, 1)), constants, ("N", 5, 4), opset=9), normal(6, 5, 4))
    assert kinds(twice).count("dense") == 3, "one state twice is picked"


def test_as_pytorch_has_written_since_its_second_exporter() -> None:
    """Scalars from sizes, whole shapes with allowzero, means for pooling; names of nodes that begin with node_."""
    ops = [op("Conv", "x conv.weight conv.bias", "conv2d", "node_conv2d", group=1, pads=[1, 1, 1, 1], dilations=[1, 1],
              strides=[1, 1], auto_pad="NOTSET"),
           op("Clip", "conv2d low high", "relu6", "node_hardtanh"),
           op("MaxPool", "relu6", "max_pool2d", "node_max_pool2d", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1,
              storage_order=0, pads=[0, 0, 0, 0], dilations=[1, 1], auto_pad="NOTSET"),
           op("ReduceMean", "max_pool2d last", "mean", "node_mean", keepdims=1, noop_with_empty_axes=0),
           op("Shape", "mean", "n", "node_Shape_4", start=0, end=1), op("Squeeze", "n", "sym_size", "node_sym_size"),
           op("Reshape", "sym_size row", "n1", "node_Reshape_6", allowzero=0),
           op("Concat", "n1 rest", "to", "node_Concat_7", axis=0),
           op("Reshape", "mean to", "view", "node_view", allowzero=1),
           op("LayerNormalization", "view ln.weight ln.bias", "ln", "node_layer_norm", axis=-1, epsilon=1e-5,
              stash_type=1),
           op("Gelu", "ln", "gelu", "node_gelu", approximate="none"),
           op("Gemm", "gelu fc.weight fc.bias", "y", "node_linear", alpha=1.0, beta=1.0, transB=1)]  # fmt: skip
    constants = {"conv.weight": normal(4, 2, 3, 3), "conv.bias": normal(4), "low": np.float32(0), "high": np.float32(6),
                 "last": np.array([-1, -2]), "row": np.array([-1]), "rest": np.array([4]), "ln.weight": normal(4),
                 "ln.bias": normal(4), "fc.weight": normal(3, 4), "fc.bias": normal(3)}  # fmt: skip
    found = must_agree(model(ops, constants, ("s77", 2, 8, 8), opset=20), 3 * normal(5, 2, 8, 8))
    assert [node.id for node in found.project.graph.nodes if node.id in ("conv", "ln", "fc")] == ["conv", "ln", "fc"]
    assert {"conv2d", "max_pool2d", "global_avg_pool2d", "layer_norm", "gelu", "dense"} <= set(kinds(found))


def test_weights_of_float64_stay_and_shorter_ones_are_widened() -> None:
    for dtype, kept in ((np.float64, np.float64), (np.float16, np.float32)):
        found = read(model([op("MatMul", "x w", "y")], {"w": normal(4, 3).astype(dtype)}))
        assert {array.dtype for array in found.weights.values()} == {np.dtype(kept)}


def test_two_layers_with_the_same_weights() -> None:
    """Turned round they are tied, as in an autoencoder; as they are, each has its own."""
    w = {"w": normal(4, 3)}
    turned = must_agree(model([op("Gemm", "x w", "h"), op("Gemm", "h w", "y", transB=1)], w), normal(5, 4))
    assert kinds(turned) == ["input", "dense", "tied"]
    square = {"w": normal(4, 4)}
    alike = must_agree(model([op("Gemm", "x w", "h"), op("Tanh", "h", "t"), op("Gemm", "t w", "y")], square),
                       normal(5, 4))  # fmt: skip
    assert kinds(alike) == ["input", "dense", "tanh", "dense"]


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceMax"])
def test_joins_and_means_of_pictures_whose_channels_come_last(kind: str, keep: int) -> None:
    ops = [op("Transpose", "x", "t", perm=[0, 3, 1, 2]), op("Conv", "t k", "c", pads=[1, 1, 1, 1]),
           op("Conv", "t l", "d", pads=[0, 0, 0, 0]), op("Transpose", "c", "c_last", perm=[0, 2, 3, 1]),
           op("Transpose", "d", "d_last", perm=[0, 2, 3, 1]), op("Concat", "c_last d_last", "j", axis=3),
           op("Relu", "j", "r"), op("Mul", "r s", "m"), op(kind, "m", "p", axes=[1, 2], keepdims=keep),
           op("Reshape", "p flat", "f"), op("MatMul", "f w", "y")]  # fmt: skip
    constants = {"k": normal(4, 2, 3, 3), "l": normal(3, 2, 1, 1), "s": normal(7), "flat": np.array([-1, 7]),
                 "w": normal(7, 2)}  # fmt: skip
    x = normal(3, 5, 6, 2)
    found = must_agree(model(ops, constants, ("N", 5, 6, 2)), x, x.transpose(0, 3, 1, 2))
    assert "concat" in kinds(found)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_joins_along_an_axis_of_one_place(axis: int) -> None:
    """Whole examples stand one behind the other, wherever the axis stands."""
    shape = [2, 3, 4]
    shape[axis - 1] = 1
    kernel = [shape[0], 1, 1]
    ops = [op("Conv", "x k", "c"), op("Relu", "x", "r"), op("Concat", "c r", "j", axis=axis), op("Tanh", "j", "t"),
           op("Flatten", "t", "f"), op("MatMul", "f w", "y")]  # fmt: skip
    constants = {"k": normal(shape[0], *kernel), "w": normal(2 * int(np.prod(shape)), 2)}
    found = must_agree(model(ops, constants, ("N", *shape)), normal(6, *shape))
    assert "concat" in kinds(found)


def test_means_over_steps_and_over_each_map_of_a_line() -> None:
    for axes in ([1], [2], [-1]):
        features = 3 if axes == [1] else 5
        ops = [op("MatMul", "x w", "m"), op("ReduceMean", "m", "p", axes=axes, keepdims=0), op("MatMul", "p v", "y")]
        must_agree(model(ops, {"w": normal(4, 3), "v": normal(features, 2)}, ("N", 5, 4)), normal(6, 5, 4))


def test_weights_that_another_layer_shares_take_no_factor() -> None:
    ops = [op("Gemm", "x w", "h"), op("Gemm", "x v", "g"), op("Gemm", "g w", "t", transB=1), op("Mul", "h s", "k"),
           op("Gemm", "k u", "q"), op("Add", "t q", "y")]  # fmt: skip
    constants = {"w": normal(4, 3), "v": normal(4, 3), "s": normal(3), "u": normal(3, 4)}
    assert "tied" in kinds(must_agree(model(ops, constants), normal(5, 4)))


def test_the_documentation_names_every_operator() -> None:
    text = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", text.partition("## What becomes what")[2].partition("\n\n##")[0]))
    assert named == set(OPERATORS)
