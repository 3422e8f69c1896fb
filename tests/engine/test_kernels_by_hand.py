"""Kernels set by hand: what their names mean, that they filter as plain loops do, what turning them round changes."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.catalogue import LAYERS
from engine.errors import ProjectError, ShapeError
from engine.export.torch import torch_source
from engine.layers.by_hand import KernelName, numbers
from engine.layers.convolution import Conv1d, Conv2d
from engine.spec import build
from engine.trainer import Trainer
from tests.engine.cases import project

Array = np.ndarray[Any, Any]
NAMES = KernelName.__args__
PICTURES = {"kind": "noise", "shape": [2, 7, 6], "targets": 3, "samples": 6}
ODD = [[0.0, 0.25, 0.0], [0.5, 0.0, -2.0], [0.0, 0.0, 1.0]]


def test_three_by_three_they_are_those_of_the_books() -> None:
    tables = {
        "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        "box": np.ones((3, 3)) / 9,
        "gaussian": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
        "sobel_x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "sobel_y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    }
    assert set(tables) == set(NAMES)
    for name, table in tables.items():
        np.testing.assert_allclose(numbers(name, (3, 3)), table, rtol=1e-15)
        if name not in ("box", "gaussian"):
            np.testing.assert_array_equal(numbers(name, (5, 7)), np.pad(table, ((1, 1), (2, 2))))


def test_along_a_signal_they_are_differences_and_means() -> None:
    rows = {"identity": [0, 1, 0], "box": [1 / 3] * 3, "gaussian": [0.25, 0.5, 0.25], "sobel_y": [-1, 0, 1]}
    rows |= {"laplace": [1, -2, 1], "sharpen": [-1, 3, -1]}
    for name, row in rows.items():
        np.testing.assert_allclose(numbers(name, (3, 1))[:, 0], row)


@pytest.mark.parametrize("sides", [(3, 3), (5, 3), (7, 1), (4, 4)])
def test_blurs_keep_the_mean_and_edges_leave_nothing_of_it(sides: tuple[int, int]) -> None:
    for name in ("box", "gaussian"):
        assert numbers(name, sides).sum() == pytest.approx(1)
    if sides[0] % 2:
        assert numbers("laplace", sides).sum() == pytest.approx(0, abs=1e-12)
        assert numbers("sharpen", sides).sum() == pytest.approx(1)


def filtered(x: Array, kernel: Array, turned: bool) -> Array:
    """Σ k[j] x[i + j], or with the flip Σ k[j] x[i − j], by loops over single numbers; zeros around."""
    high, wide = kernel.shape
    made = np.zeros_like(x)
    for i, j, p, q in np.ndindex(*x.shape, high, wide):
        down, across = p - high // 2, q - wide // 2
        a, b = (i - down, j - across) if turned else (i + down, j + across)
        if 0 <= a < x.shape[0] and 0 <= b < x.shape[1]:
            made[i, j] += kernel[p, q] * x[a, b]
    return made


def outcome(layer: dict[str, object], data: dict[str, object] = PICTURES) -> tuple[Array, Array]:
    layers = [{"id": "c", "bias": False, **layer}, {"id": "f", "kind": "flatten"}, {"id": "out", "kind": "dense"}]
    layers[-1]["units"] = 3
    trainer = Trainer(project(layers, "mse", data), dtype="float64")
    x = np.asarray(trainer.data.x)
    plan = trainer.network.walk(x)
    return x, plan.counted(plan.vars["c"].value, "c").reshape(-1, len(x)).T


@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_is_filtered_as_by_plain_loops(turned: bool) -> None:
    kernels = [*NAMES, ODD]
    layer = {"kind": "conv2d", "filters": len(kernels), "padding": "same", "init": "kernels", "kernels": kernels}
    x, told = outcome({**layer, "turned": turned})
    for picture, maps in zip(x, told.reshape(len(x), len(kernels), 7, 6), strict=True):
        for kernel, found in zip(kernels, maps, strict=True):
            table = np.array(ODD) if kernel is ODD else numbers(kernel, (3, 3))
            np.testing.assert_allclose(found, filtered(picture.mean(axis=0), table, turned), atol=1e-12)


def test_turning_round_changes_the_sign_of_a_slope_and_nothing_of_a_blur() -> None:
    layer = {"kind": "conv2d", "filters": 4, "init": "kernels", "kernels": ["sobel_x", "gaussian", "laplace", ODD]}
    (_, plain), (_, turned) = outcome(layer), outcome({**layer, "turned": True})
    size = plain.shape[1] // 4
    np.testing.assert_allclose(turned[:, :size], -plain[:, :size], atol=1e-12)
    np.testing.assert_allclose(turned[:, size : 3 * size], plain[:, size : 3 * size], atol=1e-12)
    assert np.abs(turned[:, 3 * size :] - plain[:, 3 * size :]).max() > 1


def test_a_signal_is_filtered_as_numpy_convolves_it() -> None:
    data = {"kind": "noise", "shape": [20, 1], "targets": 3, "samples": 6}
    row = [0.5, 0.25, 0.0, -1.0, 0.125]
    layer = {"kind": "conv1d", "filters": 2, "kernel_size": 5, "padding": "same", "init": "kernels"}
    layer |= {"kernels": [[[value] for value in row], "box"]}
    for turned, formula in ((True, np.convolve), (False, np.correlate)):
        x, told = outcome({**layer, "turned": turned}, data)
        for signal, found in zip(x[:, :, 0], told.reshape(len(x), 20, 2), strict=True):
            np.testing.assert_allclose(found[:, 0], formula(signal, row, "same"), atol=1e-12)
            np.testing.assert_allclose(found[:, 1], formula(signal, np.ones(5) / 5, "same"), atol=1e-12)


def test_fewer_kernels_come_again_and_an_impulse_shows_the_kernel() -> None:
    """By correlation it comes out turned round, by convolution as it is."""
    layer = Conv2d(filters=3, init="kernels", kernels=("box", tuple(map(tuple, ODD))))
    weight = layer.initial("weight", (3, 2, 3, 3), np.random.default_rng(0))
    np.testing.assert_array_equal(weight[0], weight[2])
    np.testing.assert_array_equal(weight[1, 0] * 2, ODD)
    impulse = np.zeros((3, 3))
    impulse[1, 1] = 1
    np.testing.assert_array_equal(filtered(impulse, np.array(ODD), turned=False), np.array(ODD)[::-1, ::-1])
    np.testing.assert_array_equal(filtered(impulse, np.array(ODD), turned=True), ODD)


def test_each_filter_takes_the_mean_of_the_maps_that_it_sees() -> None:
    layer = Conv2d(filters=2, connections=((0, 1), (2,)), init="kernels", kernels=("identity",))
    weight = layer.initial("weight", (2, 3, 3, 3), np.random.default_rng(0))
    assert weight[:, :, 1, 1].tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    assert np.abs(weight).sum() == 2


@pytest.mark.parametrize("layer", [{"trainable": False}, {}], ids=["frozen", "trained"])
def test_frozen_kernels_stay(layer: dict[str, object]) -> None:
    layers = [
        {"id": "c", "kind": "conv2d", "init": "kernels", "kernels": ["sobel_x", "box"], **layer},
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    trainer = Trainer(project(layers, "mse", PICTURES))
    before = trainer.network.state()["c.weight"].copy()
    trainer.run(2)
    assert np.array_equal(before, trainer.network.state()["c.weight"]) is bool(layer)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kernel_size": 2, "kernels": ["sobel_x"]}, "sobel_x has a middle, the kernel of 2×2 has none"),
        ({"kernel_size": [3, 1], "kernels": ["sobel_x"]}, "sobel_x wants a side of 3 or more, the kernel is 3×1"),
        ({"kernels": [[[1.0, 2.0]]]}, "expected 3 rows of 3 numbers, got 2 numbers"),
        ({"kernels": [[[1.0], [2.0], [3.0]]]}, "expected 3 rows of 3 numbers, got 1 + 1 + 1 numbers"),
        ({"kernels": [[[float("nan")] * 3] * 3]}, "expected finite numbers"),
    ],
)
def test_what_has_no_form_is_refused(fields: dict[str, object], said: str) -> None:
    layer = build(LAYERS, {"kind": "conv2d", "init": "kernels", **fields}, "c")
    with pytest.raises(ShapeError) as caught:
        layer.output_shape((1, 8, 8))
    assert said in str(caught.value)
    assert layer.replace("init", "zeros").output_shape((1, 8, 8))  # what is not used is not looked at


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(ProjectError, match=r"c\.kernels\.1"):
        build(LAYERS, {"kind": "conv2d", "kernels": ["box", "blur"]}, "c")


def test_the_file_has_names_and_tables() -> None:
    for layer in (Conv2d(init="kernels", kernels=("box", ((1.0,),))), Conv1d(init="kernels", turned=True)):
        again = build(LAYERS, msgspec.json.decode(msgspec.json.encode(layer)), "c")
        assert again == layer


@pytest.mark.parametrize("connections", [None, [[0, 1], [1], [0]]])
@pytest.mark.parametrize("turned", [False, True])
def test_the_pytorch_source_sets_the_same_numbers(connections: Any, turned: bool) -> None:
    torch = pytest.importorskip("torch")
    layer = {"kind": "conv2d", "filters": 3, "init": "kernels", "kernels": ["gaussian", ODD], "turned": turned}
    layers = [
        {"id": "c", **layer, "bias_init": 0.5, "connections": connections},
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    made = project(layers, "mse", PICTURES)
    names: dict[str, Any] = {"__name__": "made"}
    exec(compile(torch_source(made), "<net>", "exec"), names)
    module = [made for made in names.values() if isinstance(made, type) and issubclass(made, torch.nn.Module)][-1]()
    names["initialize"](module)
    ours = Trainer(made).network.state()
    with torch.no_grad():
        np.testing.assert_allclose(module.c.weight.numpy(), ours["c.weight"], rtol=1e-6)
        assert (module.c.bias.numpy() == 0.5).all()
