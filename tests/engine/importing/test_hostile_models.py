"""Files that are broken or mean harm: a line for what is wrong, nothing read that is not the model's, nothing huge."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import ProjectError
from engine.importing import onnx as door
from engine.importing.onnx import model_from, read_model
from tests.engine.importing.models import model, must_agree, normal, op, read, told

W = {"w": normal(4, 3)}
PLAIN = model([op("MatMul", "x w", "m"), op("Tanh", "m", "y")], W)


def outside(location: str, **more: object) -> onnx.ModelProto:
    """The model with its weights in another file."""
    made = model([op("MatMul", "x w", "y")], W)
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    return made


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"\0" * 8 + W["w"].tobytes())
    made = outside("w.bin", offset=8, length=48)
    found = read(made, tmp_path)
    np.testing.assert_array_equal(next(iter(found.weights.values())), W["w"].T)


@pytest.mark.parametrize("where", ["../secret.bin", "folder/../../secret.bin", "{absolute}", "link.bin", "", "a\0b"])
def test_nothing_outside_the_models_folder_is_read(tmp_path: Path, where: str) -> None:
    home = tmp_path / "home"
    (home / "folder").mkdir(parents=True)
    secret = tmp_path / "secret.bin"
    secret.write_bytes(W["w"].tobytes())
    (home / "link.bin").symlink_to(secret)
    (line,) = told(outside(where.format(absolute=secret)), home)
    assert line.startswith("w: keeps its numbers ")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "which is not there"),
        ({"offset": -1}, "its shape says 48"),
        ({"length": 8}, "its shape says 48"),
        ({"length": "many"}, "in a place that is none"),
    ],
)
def test_weights_that_are_not_there_or_of_another_size(tmp_path: Path, more: dict[str, object], why: str) -> None:
    (line,) = told(outside("w.bin", **more), tmp_path)
    assert why in line
    (tmp_path / "w.bin").write_bytes(W["w"].tobytes()[:-1])
    (line,) = told(outside("w.bin"), tmp_path)
    assert "ends before them" in line


def test_every_cut_of_a_file_is_a_line() -> None:
    content = PLAIN.SerializeToString()
    for length in range(len(content)):
        assert told(content[:length])


def test_bytes_that_are_changed_at_random_never_do_worse() -> None:
    content, rng = PLAIN.SerializeToString(), np.random.default_rng(0)
    lines, imported = list[str](), 0
    for _ in range(1000):
        spoilt = bytearray(content)
        for place in rng.integers(0, len(spoilt), rng.integers(1, 6)):
            spoilt[place] = rng.integers(0, 256)
        try:
            read(bytes(spoilt))
            imported += 1
        except ProjectError as error:
            lines += map(str, error.problems)
    assert 0 < imported < 1000
    assert not any("\n" in line for line in lines)


def test_a_circle_of_operators_is_told() -> None:
    made = model([op("Add", "x b", "a", "first"), op("Relu", "a", "b", "second"), op("MatMul", "b w", "y")], W)
    (line,) = told(made)
    assert line.startswith("first: Add: takes 'b', which comes after it: its operators go round in a circle")


def test_names_that_nobody_makes_or_two_make() -> None:
    assert told(model([op("MatMul", "z w", "y", "product")], W)) == [
        "product: MatMul: takes 'z', which nobody makes",
    ]
    twice = model([op("Relu", "x", "y", "one"), op("Tanh", "x", "y", "two")], W)
    assert told(twice) == ["two: Tanh: makes 'y', which another one makes too"]


def claims(dims: list[int]) -> onnx.ModelProto:
    made = model([op("MatMul", "x w", "y")], W)
    del made.graph.initializer[0].dims[:]
    made.graph.initializer[0].dims.extend(dims)
    return made


@pytest.mark.parametrize("dims", [[1 << 40, 1 << 20], [-4, 3], [1 << 33], [5, 3], [4, 3, 1 << 29], [1 << 62, 4]])
def test_sizes_that_the_numbers_do_not_have(dims: list[int]) -> None:
    (line,) = told(claims(dims))
    assert line.startswith(("w: is said to be", "w: is no sound tensor"))


def test_what_would_be_huge_is_refused_before_it_is_made() -> None:
    begun = time.process_time()
    expand = model([op("Expand", "one shape", "big"), op("Add", "x big", "y")],
                   {"one": np.float32(1), "shape": np.array([1 << 20, 1 << 20])})  # fmt: skip
    assert told(expand) == ["node 0 (big): Expand: makes a constant of 1099511627776 numbers"]
    filled = model([op("ConstantOfShape", "shape", "big"), op("Add", "x big", "y")], {"shape": np.array([1 << 40])})
    assert "makes a constant of" in told(filled)[0]
    counted = model([op("Range", "zero limit one", "big"), op("Add", "x big", "y")],
                    {"zero": np.array(0), "limit": np.array(1 << 40), "one": np.array(1)})  # fmt: skip
    assert "makes a constant of" in told(counted)[0]
    outer = model([op("Add", "a b", "big"), op("Add", "x big", "y")],
                  {"a": np.zeros((1 << 14, 1), np.float32), "b": np.zeros((1, 1 << 14), np.float32)})  # fmt: skip
    assert "makes a constant of" in told(outer)[0]
    assert "has examples of" in told(model([op("Relu", "x", "y")], x=("N", 1 << 40, 1 << 20)))[0]
    pads = model([op("Conv", "x k", "y", pads=[4000] * 4)], {"k": normal(60_000, 1, 1, 1)}, ("N", 1, 9, 9))
    assert "numbers for each example" in told(pads)[0]
    assert "expected" in told(model([op("Conv", "x k", "y", pads=[1 << 50] * 4)], {"k": normal(2, 1, 1, 1)},
                                    ("N", 1, 9, 9)))[0]  # fmt: skip
    assert time.process_time() - begun < 20


def test_an_input_without_a_length_is_told() -> None:
    assert told(model([op("Relu", "x", "y")], x=("N", 3, "H", "W"))) == [
        "x: has the shape N×3×?×?; say one example's by --shape, or export the model with fixed lengths"
    ]
    both = model([op("Resize", "x", "r", "larger"), op("Relu", "r", "y")], x=("N", 3, "H", 4))
    assert told(both)[0].startswith("x: has the shape N×3×?×4")
    assert told(both)[1:] == ["larger: Resize: netviz has no layer for it"]
    texts = model([op("MatMul", "x w", "y")], W, dtype=TensorProto.STRING)
    assert told(texts) == ["x: is no tensor of numbers"]
    assert told(model([op("Relu", "x", "y")], x=())) == ["x: has no shape with an axis for the examples"]


def test_several_outputs_are_told() -> None:
    made = model([op("MatMul", "x w", "m"), op("Tanh", "m", "y")], W)
    made.graph.output.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, None))
    assert told(made) == ["graph: has 2 outputs (y, m); a netviz network has one: choose by --output"]


def test_what_leads_nowhere_is_left_out() -> None:
    """An operator that nobody understands does no harm where the output does not follow from it."""
    made = model([op("Einsum", "x", "e", equation="ij->ij"), op("MatMul", "x w", "y")], W)
    must_agree(made, normal(3, 4))


def test_operators_with_graphs_or_code_of_their_own_are_told() -> None:
    inner = helper.make_graph([op("Relu", "x", "r")], "inner", [], [helper.make_tensor_value_info("r", 1, None)])
    chosen = model([op("If", "flag", "c", "choice", then_branch=inner, else_branch=inner), op("Add", "x c", "y")],
                   {"flag": np.array(True)})  # fmt: skip
    (line,) = told(chosen)
    assert line == "choice: If: netviz has no layer for it"
    made = model([op("Own", "x", "y", "mine", domain="own")], W)
    made.functions.append(
        helper.make_function("own", "Own", ["a"], ["b"], [op("Relu", "a", "b")], [helper.make_opsetid("", 17)])
    )
    assert told(made) == ["Own: is an operator that the model defines itself; export without functions"]


def test_attributes_of_another_kind_are_told() -> None:
    for attributes, why in (
        ({"pads": [1.0, 2.0, 1.0, 1.0]}, "attribute pads: expected a list of int"),
        ({"strides": "two"}, "attribute strides: expected a list of int"),
        ({"group": 0.5}, "attribute group: expected a whole number"),
        ({"strides": [0, 1]}, "strides: expected 2 numbers from 1"),
        ({"group": 0}, "its weights take 0 maps"),
        ({"group": -1}, "its weights take -1 maps"),
        ({"auto_pad": "SOME"}, "auto_pad is 'SOME'"),
        ({"kernel_shape": [9, 9]}, "kernel_shape [9, 9] is not that of its weights"),
    ):
        made = model([op("Conv", "x k", "y", "c", **attributes)], {"k": normal(2, 1, 2, 2)}, ("N", 1, 5, 5))
        (line,) = told(made)
        assert line.startswith(f"c: Conv: {why}"), line


def test_inputs_that_are_missing_are_told() -> None:
    for kind in ("Conv", "Gemm", "MatMul", "BatchNormalization", "LSTM", "Gather", "Reshape", "Add", "PRelu", "Concat"):
        made = model([op(kind, "x", "y", "short")], x=("N", 2, 5, 5))
        lines = told(made)
        assert len(lines) == 1
        assert lines[0].startswith((f"short: {kind}: ", "graph: no layer has weights")), lines


def test_a_name_of_many_lines_is_one_line() -> None:
    (line,) = told(model([op("Einsum", "x", "y", "a\nb" * 100, equation="ij->ij")], W))
    assert "\n" not in line
    assert len(line) < 200


def test_a_file_larger_than_a_message_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.onnx"
    path.write_bytes(PLAIN.SerializeToString())
    monkeypatch.setattr(door, "MOST_BYTES", 10)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("was read"))
    with pytest.raises(ProjectError, match="an ONNX file holds"):
        read_model(path)


def test_too_many_operators_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_OPERATORS", 1)
    assert told(PLAIN) == ["has 2 operators, at most 1 are read"]


def test_weights_that_are_no_numbers_are_kept() -> None:
    spoilt = W["w"].copy()
    spoilt[0, 0] = np.nan
    found = read(model([op("MatMul", "x w", "y")], {"w": spoilt}))
    np.testing.assert_array_equal(next(iter(found.weights.values())), spoilt.T)


def test_a_network_of_no_weights_is_told() -> None:
    assert told(model([op("Relu", "x", "y")])) == ["graph: no layer has weights, so there is nothing to train"]


def test_reading_runs_nothing_of_the_model(tmp_path: Path) -> None:
    """Numbers are looked at, a text in the model is never a program or a path."""
    made = model([op("Constant", "", "c", value_string="__import__('os').system('touch ran')"), op("Add", "x c", "y")])
    assert len(told(made, tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []
    assert model_from(PLAIN.SerializeToString(), tmp_path).opset == 17
    assert numpy_helper.to_array(PLAIN.graph.initializer[0]).shape == (4, 3)


def test_a_tensor_larger_than_any_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_NUMBERS", 11)
    assert told(PLAIN) == ["w: is said to be 4×3 numbers large, at most 11 are read"]


def test_onnx_is_imported_when_a_file_is_read_and_not_before() -> None:
    names = ["engine.importing.project", "netviz.commands.import_onnx", "netviz.cli"]
    program = f"import sys, {', '.join(names)}; print({{'onnx', 'onnxruntime', 'torch', 'PySide6'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
