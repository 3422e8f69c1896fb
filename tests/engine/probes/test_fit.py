"""The fit against a plain walk over the same places, and the sine itself."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes.fit import Fit, FitAnswer, places
from engine.trainer import Trainer
from tests.engine.cases import project, sigmoid, softmax, walk
from tests.strict_array import strict


def layers(units: int = 1, last: str | None = None) -> list[dict[str, object]]:
    made: list[dict[str, object]] = [
        {"id": "h", "kind": "dense", "units": 5},
        {"id": "a", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": units},
    ]
    return made + ([{"id": "p", "kind": last}] if last else [])


def trainer(net: list[dict[str, object]], loss: str = "mse", dtype: str = "float64", **data: object) -> Trainer:
    return Trainer(project(net, loss, {"kind": "sine", "samples": 60, **data}), dtype=dtype)


def ask(made: Trainer, **fields: Any) -> FitAnswer:
    answer = Fit(**fields).measure(made)
    assert answer is not None
    return answer


def out(made: Trainer, x: Any) -> Any:
    return walk(made.project, made.network.parameters(), np.asarray(x)[:, None])["out"]


@pytest.mark.parametrize("preprocess", ["none", "standardize"])
def test_curve_function_and_distance_are_those_by_hand(preprocess: str) -> None:
    made = trainer(layers(), frequency=2.0, preprocess=preprocess)
    made.run(20)
    answer, data = ask(made), made.data
    mean, std = (data.x.mean(), data.x.std()) if preprocess == "standardize" else (0.0, 1.0)
    np.testing.assert_allclose(answer.values, out(made, (answer.x - mean) / std), rtol=1e-9)
    np.testing.assert_allclose(answer.function, np.sin(4 * np.pi * answer.x), atol=1e-12)
    both = np.concatenate([data.x, data.x_val])
    assert answer.x[0] < both.min() < both.max() < answer.x[-1]
    for (x, y), off, xs, ys in (
        (answer.points, answer.off[0], data.x, data.y),
        (answer.points_val, answer.off[1], data.x_val, data.y_val),
    ):
        np.testing.assert_array_equal(x, xs[:, 0])
        np.testing.assert_array_equal(y, ys)
        assert off == pytest.approx(np.sqrt(((out(made, (x - mean) / std) - ys) ** 2).mean()), rel=1e-9)


@pytest.mark.parametrize(
    ("net", "loss", "classes"),
    [
        (layers(1), "binary_cross_entropy", 2),
        (layers(1, "sigmoid"), "binary_cross_entropy", 2),
        (layers(3), "cross_entropy", 3),
        (layers(3, "softmax"), "cross_entropy", 3),
    ],
)
def test_of_classes_it_is_their_probability(net: Any, loss: str, classes: int) -> None:
    made = trainer(net, loss, kind="noise", shape=[1], classes=classes)
    answer = ask(made, size=50)
    z = out(made, answer.x)
    np.testing.assert_allclose(answer.values, sigmoid(z) if z.shape[1] == 1 else softmax(z), rtol=1e-9)
    assert (len(answer.x), answer.classes, answer.function) == (50, classes, None)
    assert np.isnan(answer.off).all()
    np.testing.assert_array_equal(answer.points[1], made.data.y)


def test_other_than_one_input_has_no_curve() -> None:
    assert Fit().measure(trainer(layers(), kind="noise", shape=[2])) is None


def test_places_go_evenly_beyond_the_data() -> None:
    found = places(np.array([0.0, 10.0, 5.0]), 11)
    np.testing.assert_allclose(found, np.linspace(-0.8, 10.8, 11))
    assert places(np.array([3.0, 3.0]), 3).tolist() == [2.0, 3.0, 4.0]


def test_with_less_detail_it_is_coarser() -> None:
    made = trainer(layers())
    assert len(Fit().measure(made, 0.5).x) == 120  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_a_device_it_is_the_same_and_changes_nothing(dtype: str) -> None:
    made = project(layers(), "mse", {"kind": "sine", "samples": 60})
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    np.testing.assert_array_equal(ask(there).values, ask(here).values)
    other = Trainer(made, dtype=dtype)
    assert here.update() == other.update()
