"""A layer's outputs laid on a plane, against the singular value decomposition of what plain NumPy says they are."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend, open_backend
from engine.probes.principal import LARGE, greatest_two, principal
from engine.probes.representation import INPUT, LINES, MOST_LAYERS, LayerView, Representation, RepresentationAnswer
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

XOR = {"kind": "xor", "samples": 120, "validation": 0.25}


def chain(*units: int, act: str = "tanh", last: int = 1) -> list[dict[str, object]]:
    layers: list[dict[str, object]] = []
    for number, count in enumerate(units, 1):
        layers += [{"id": f"h{number}", "kind": "dense", "units": count}, {"id": f"a{number}", "kind": act}]
    return [*layers, {"id": "out", "kind": "dense", "units": last}]


def trained(*units: int, data: dict[str, object] | None = None, steps: int = 30) -> Trainer:
    loss = "mse" if data and "targets" in data else "binary_cross_entropy"
    last = int(str(data["targets"])) if data and "targets" in data else 1
    made = Trainer(project(chain(*units, last=last), loss, data or XOR), dtype="float64")
    if steps:
        made.run(steps)
    return made


def outputs(made: Trainer, x: np.ndarray, layers: int) -> np.ndarray:
    """Behind so many tanh layers, examples as rows, without the engine."""
    weights = made.network.parameters()
    for number in range(1, layers + 1):
        x = np.tanh(x @ weights[f"h{number}.weight"].T + weights[f"h{number}.bias"])
    return x


def one(made: Trainer, node: str, detail: float = 1.0) -> tuple[LayerView, RepresentationAnswer]:
    answer = Representation((node,)).measure(made, detail)
    (view,) = answer.layers
    assert view.node == node
    return view, answer


def by_svd(h: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of rows `h` and `others` on the first two axes of `h`, each axis' largest entry positive; variances."""
    mean = h.mean(axis=0)
    _, sizes, axes = np.linalg.svd(h - mean, full_matrices=False)
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    return (h - mean) @ axes.T, (others - mean) @ axes.T, sizes**2 / len(h)


@pytest.mark.parametrize(("units", "samples"), [((5,), 120), ((7, 40), 30)], ids=["more examples", "more units"])
def test_points_are_the_scores_on_the_principal_axes(units: tuple[int, ...], samples: int) -> None:
    made = trained(*units, data={**XOR, "samples": samples})
    view, answer = one(made, f"a{len(units)}")
    x, x_val = made.data.x, made.data.x_val
    points, held, variances = by_svd(outputs(made, x, len(units)), outputs(made, x_val, len(units)))
    assert (view.units, view.exact, view.lost) == (units[-1], False, 0)
    np.testing.assert_allclose(view.points, points, atol=1e-5)
    np.testing.assert_allclose(view.points_val, held, atol=1e-5)
    np.testing.assert_allclose(view.shares, variances[:2] / variances.sum(), rtol=1e-6)
    assert view.dimensions == pytest.approx(variances.sum() ** 2 / (variances**2).sum(), rel=1e-6)
    np.testing.assert_array_equal(answer.y, made.data.y)
    np.testing.assert_array_equal(answer.y_val, made.data.y_val)
    assert answer.counts == (len(x), len(x_val))


def test_examples_spread_alike_along_d_axes_fill_d_directions() -> None:
    values = np.concatenate([np.eye(6)[:3], -np.eye(6)[:3]]).T  # ±1 on three of six axes
    axes = principal(open_backend(dtype="float64"), values)
    assert axes.dimensions == pytest.approx(3)
    assert axes.shares == pytest.approx((1 / 3, 1 / 3))
    line = np.outer(np.array([3.0, -4.0, 0.0]), np.linspace(-1, 1, 9))
    axes = principal(open_backend(dtype="float64"), line)
    assert axes.dimensions == pytest.approx(1)
    assert axes.shares == pytest.approx((1, 0))
    np.testing.assert_allclose(axes.directions[:, 0], [-0.6, 0.8, 0], atol=1e-12)  # the larger entry is positive
    assert np.abs(axes.places(line)[:, 1]).max() < 1e-12


DECAYS = {
    "fast": 0.9 ** np.arange(300),
    "slow": 1 / np.arange(1, 301),
    "two that are nearly alike": np.r_[10.0, 9.99, np.ones(298)],
    "all alike": np.ones(300),
    "one direction": np.r_[1.0, np.zeros(299)],
}


@pytest.mark.parametrize("sizes", DECAYS.values(), ids=DECAYS)
def test_the_two_greatest_directions_of_a_large_matrix(sizes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    turned, _ = np.linalg.qr(rng.standard_normal((300, 300)))
    product = turned * sizes @ turned.T
    rounding = float(np.finfo(np.float32).eps)
    taken_apart: list[int] = []
    whole = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda a: (taken_apart.append(len(a)), whole(a))[1])
    variances, columns = greatest_two(product, rounding)
    np.testing.assert_allclose(variances, sizes[:2], atol=10 * rounding * sizes[0])
    np.testing.assert_allclose(columns.T @ columns, np.eye(2), atol=1e-10)
    np.testing.assert_allclose(product @ columns, columns * variances, atol=2 * rounding * sizes[0])
    assert max(taken_apart) < LARGE  # all of it is never taken apart where few directions tell


def test_a_large_matrix_whose_directions_do_not_stand_out_is_taken_apart_as_a_whole() -> None:
    values = np.random.default_rng(0).standard_normal((300, 2000))
    product = values @ values.T
    variances, columns = greatest_two(product, float(np.finfo(np.float64).eps))
    sizes, vectors = np.linalg.eigh(product)
    np.testing.assert_allclose(variances, sizes[:-3:-1], rtol=1e-12)
    np.testing.assert_allclose(np.abs(columns.T @ vectors[:, :-3:-1]), np.eye(2), atol=1e-8)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_neither_tiny_nor_huge_outputs_lose_their_axes(size: float) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((4, 50)) * np.array([[3.0], [2.0], [0.5], [0.1]])
    plain = principal(open_backend(dtype="float64"), values)
    scaled = principal(open_backend(dtype="float32"), (values * size).astype(np.float32))
    assert scaled.shares == pytest.approx(plain.shares, rel=1e-4)
    assert scaled.dimensions == pytest.approx(plain.dimensions, rel=1e-4)


def test_two_units_are_shown_as_they_are() -> None:
    made = trained(6, 2)
    view, _ = one(made, "a2")
    assert view.exact
    h = outputs(made, made.data.x, 2)
    np.testing.assert_allclose(view.points, h, atol=1e-6)
    np.testing.assert_allclose(view.shares, h.var(axis=0) / h.var(axis=0).sum(), rtol=1e-6)
    single, _ = one(made, "out")
    weights = made.network.parameters()
    expected = h @ weights["out.weight"].T + weights["out.bias"]
    np.testing.assert_allclose(single.points, np.column_stack([expected, 0 * expected]), atol=1e-5)
    assert single.dimensions == pytest.approx(1)


def test_the_grid_of_the_input_plane_is_bent_by_the_layer() -> None:
    made = trained(2, steps=0)
    turn = np.array([[0.0, -2.0], [1.0, 0.0]])
    made.network.load_parameters({**made.network.parameters(), "h1.weight": turn, "h1.bias": np.zeros(2)})
    straight, bent, seen = (one(made, node)[0] for node in (INPUT, "a1", "h1"))
    assert straight.lines.shape == (2 * LINES, straight.lines.shape[1], 2)
    assert (straight.lines[:LINES] == straight.lines[:LINES, :1])[..., 0].all()  # the first ones keep x₁
    assert (straight.lines[LINES:] == straight.lines[LINES:, :1])[..., 1].all()  # the others x₂
    np.testing.assert_allclose(seen.lines, straight.lines @ turn.T, atol=1e-5)
    np.testing.assert_allclose(bent.lines, np.tanh(seen.lines), atol=1e-5)
    x = np.concatenate([made.data.x, made.data.x_val])
    reach = straight.lines.reshape(-1, 2)
    assert (x > reach.min(axis=0)).all()
    assert (x < reach.max(axis=0)).all()


def test_the_grid_lies_in_the_plane_of_the_training_examples() -> None:
    made = trained(5)
    view, straight = one(made, "a1")[0], one(made, INPUT)[0]
    _, lines, _ = by_svd(outputs(made, made.data.x, 1), outputs(made, straight.lines.reshape(-1, 2), 1))
    np.testing.assert_allclose(view.lines.reshape(-1, 2), lines, atol=1e-4)


def test_prepared_inputs_are_shown_as_the_first_layer_takes_them() -> None:
    data = {"kind": "noise", "shape": [2], "samples": 60, "targets": 1, "preprocess": "standardize"}
    made = trained(4, data=data)
    view, _ = one(made, INPUT)
    np.testing.assert_allclose(view.points, made.network.prepared(made.data.x), atol=1e-5)
    np.testing.assert_allclose(view.points.mean(axis=0), 0, atol=1e-6)


def test_more_inputs_have_no_grid_and_numbers_have_targets() -> None:
    made = trained(6, data={"kind": "noise", "shape": [5], "samples": 50, "targets": 2})
    view, answer = one(made, "a1")
    assert view.lines is None
    assert answer.classes is None
    np.testing.assert_allclose(answer.y, made.data.y[:, 0], rtol=1e-6)


def test_every_layer_at_once_and_unknown_ones_passed_over() -> None:
    made = trained(3, 4)
    assert [view.node for view in Representation().measure(made).layers] == [INPUT, "h1", "a1", "h2", "a2", "out"]
    assert [view.node for view in Representation(("a2", "b", "a2")).measure(made).layers] == ["a2"]
    deep = trained(*[3] * 20, steps=0)
    answer = Representation().measure(deep)
    assert len(answer.layers) == MOST_LAYERS
    assert (answer.layers[0].node, answer.layers[-1].node, answer.left_out) == (INPUT, "out", 42 - MOST_LAYERS)


def test_a_collapsed_layer_is_one_spot() -> None:
    made = trained(4, steps=0)
    made.network.load_parameters({name: 0 * array for name, array in made.network.parameters().items()})
    view, _ = one(made, "a1")
    assert np.isnan([*view.shares, view.dimensions]).all()
    assert not view.points.any()
    assert view.lost == 0


def test_numbers_that_are_none_are_counted_and_the_others_keep_their_places() -> None:
    made = trained(4)
    weights = made.network.parameters()
    broken = weights["h1.weight"].copy()
    broken[2, 0] = np.inf  # of examples with x₁ > 0 and x₁ < 0 an infinite sum, whose tanh is ±1
    made.network.load_parameters({**weights, "h1.weight": broken})
    view, _ = one(made, "h1")
    assert view.lost == len(made.data.x)
    assert not np.isfinite(view.points).any()
    assert one(made, "a1")[0].lost == 0
    made.network.load_parameters({**weights, "out.bias": np.array([np.nan])})
    assert one(made, "out")[0].lost == len(made.data.x)
    values = np.random.default_rng(1).standard_normal((3, 20))
    spoilt = np.column_stack([values, [np.nan, 0, 0]])
    backend = open_backend(dtype="float64")
    expected = principal(backend, values).directions
    np.testing.assert_allclose(principal(backend, spoilt).directions, expected, rtol=1e-9)


def test_less_detail_and_large_networks_look_at_fewer() -> None:
    made = trained(3, data={**XOR, "samples": 4000}, steps=0)
    full, quarter = one(made, "a1"), one(made, "a1", 0.25)
    assert (len(full[1].y), len(full[1].y_val)) == (400, 150)
    assert (len(quarter[1].y), len(quarter[1].y_val)) == (100, 38)
    assert quarter[0].lines.size < full[0].lines.size
    np.testing.assert_array_equal(quarter[1].y, full[1].y[:100])
    large = trained(1200, 1200, data={**XOR, "samples": 4000}, steps=0)
    assert len(one(large, "a1")[1].y) < 110


def test_looking_changes_nothing() -> None:
    made, other = trained(5, steps=3), trained(5, steps=3)
    Representation().measure(made)
    assert made.run(5) == other.run(5)
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


@pytest.mark.parametrize("units", [(3,), (2,), (90,)], ids=str)
def test_on_a_device_the_same(units: tuple[int, ...]) -> None:
    made = project(chain(*units), "binary_cross_entropy", XOR)
    there, here = Trainer(made, backend=Backend(strict, "strict", "float64")), Trainer(made, dtype="float64")
    for theirs, mine in zip(Representation().measure(there).layers, Representation().measure(here).layers, strict=True):
        np.testing.assert_allclose(theirs.points, mine.points, atol=1e-6)
        np.testing.assert_allclose(theirs.lines, mine.lines, atol=1e-6)
        assert theirs.dimensions == pytest.approx(mine.dimensions)


def test_of_very_wide_layers_every_nth_unit_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trained(11, 11)
    monkeypatch.setattr("engine.probes.representation.MOST_UNITS", 4)
    view, _ = one(made, "a2")
    assert (view.units, view.looked_at) == (11, 4)
    h = outputs(made, made.data.x, 2)[:, ::3]
    points, _, variances = by_svd(h, h)
    np.testing.assert_allclose(view.points, points, atol=1e-5)
    np.testing.assert_allclose(view.shares, variances[:2] / variances.sum(), rtol=1e-6)
