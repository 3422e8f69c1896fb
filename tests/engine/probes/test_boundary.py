"""The picture of a decision against the network's own predictions."""

from typing import Any

import numpy as np
import pytest

from engine.probes.boundary import Boundary, BoundaryAnswer, grid, plane
from engine.trainer import Trainer
from tests.engine.cases import project, sigmoid, softmax

Layers = list[dict[str, object]]


def chain(units: int, last: str | None = None) -> Layers:
    layers: Layers = [
        {"id": "h1", "kind": "dense", "units": 6},
        {"id": "a1", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": units},
    ]
    return [*layers, {"id": "drawn", "kind": last}] if last else layers


def trained(layers: Layers, loss: str, data: dict[str, object]) -> Trainer:
    made = Trainer(project(layers, loss, data, optimizer={"kind": "adam", "lr": 0.05}), dtype="float64")
    made.run(40)
    return made


def noise(**fields: object) -> dict[str, object]:
    return {"kind": "noise", "shape": [2], "samples": 60, **fields}


def picture(made: Trainer, size: int = 20) -> BoundaryAnswer:
    answer = Boundary(size).measure(made)
    assert answer is not None
    assert answer.values.dtype == np.float32
    return answer


def cell(answer: BoundaryAnswer, row: int, column: int) -> np.ndarray[Any, Any]:
    """The middle of a cell, worked out by hand."""
    left, right, low, high = answer.bounds
    size = len(answer.values)
    return np.array([[left + (column + 0.5) * (right - left) / size, low + (row + 0.5) * (high - low) / size]])


def test_every_cell_is_what_the_network_says_there() -> None:
    made = trained(chain(1), "mse", noise(targets=1))
    answer = picture(made, 7)
    assert not answer.probability
    assert answer.winners is None
    for row in range(7):
        for column in range(7):
            expected = made.network.predict(cell(answer, row, column))[0, 0]
            assert answer.values[row, column] == pytest.approx(expected, rel=1e-6)


def test_the_corners_lie_where_they_should() -> None:
    """Row 0 is the lowest x₂, column 0 the lowest x₁: shown by a net that is x₁ + 10 x₂."""
    made = Trainer(project([{"id": "out", "kind": "dense", "units": 1}], "mse", noise(targets=1)), dtype="float64")
    made.network.load_parameters({"out.weight": np.array([[1.0, 10.0]]), "out.bias": np.zeros(1)})
    answer = picture(made, 10)
    left, right, low, high = answer.bounds
    half = (right - left) / 20
    for place, x1, x2 in (
        ((0, 0), left + half, low + half),
        ((0, -1), right - half, low + half),
        ((-1, 0), left + half, high - half),
        ((-1, -1), right - half, high - half),
    ):
        assert answer.values[place] == pytest.approx(x1 + 10 * x2, rel=1e-6)


def test_the_plane_is_a_square_around_all_examples() -> None:
    made = Trainer(project(chain(1), "mse", noise(targets=1)))
    left, right, low, high = plane(made)
    x = np.concatenate([made.data.x, made.data.x_val])
    assert right - left == pytest.approx(high - low)
    assert right - left == pytest.approx(1.1 * (x.max(axis=0) - x.min(axis=0)).max())
    assert (x > [left, low]).all()
    assert (x < [right, high]).all()
    points = grid((left, right, low, high), 5)
    assert points.shape == (25, 2)
    assert (np.diff(points[:5, 0]) > 0).all()


def test_logits_and_a_drawn_sigmoid_give_the_same_picture() -> None:
    data = noise(classes=2)
    pictures = [picture(trained(chain(1, last), "binary_cross_entropy", data)) for last in (None, "sigmoid")]
    np.testing.assert_allclose(pictures[0].values, pictures[1].values, rtol=1e-6)
    assert all(answer.probability and answer.winners is None for answer in pictures)
    made = trained(chain(1), "binary_cross_entropy", data)
    expected = sigmoid(made.network.predict(cell(pictures[0], 3, 5)))[0, 0]
    assert pictures[0].values[3, 5] == pytest.approx(expected, rel=1e-6)


def test_logits_and_a_drawn_softmax_give_the_same_picture() -> None:
    data = noise(classes=4)
    pictures = [picture(trained(chain(4, last), "cross_entropy", data)) for last in (None, "softmax")]
    for one in pictures:
        assert one.probability
        assert one.winners is not None
        assert one.winners.dtype == np.uint8
        assert one.values.min() >= 0.25  # the winner's share
    np.testing.assert_allclose(pictures[0].values, pictures[1].values, rtol=1e-6)
    np.testing.assert_array_equal(pictures[0].winners, pictures[1].winners)
    made = trained(chain(4), "cross_entropy", data)
    shares = softmax(made.network.predict(cell(pictures[0], 11, 2)))[0]
    assert pictures[0].values[11, 2] == pytest.approx(shares.max(), rel=1e-6)
    assert pictures[0].winners is not None
    assert pictures[0].winners[11, 2] == shares.argmax()


def test_several_classes_by_sigmoids() -> None:
    made = trained(chain(3), "binary_cross_entropy", noise(classes=3))
    answer = picture(made)
    chances = sigmoid(made.network.predict(cell(answer, 4, 9)))[0]
    assert answer.values[4, 9] == pytest.approx(chances.max(), rel=1e-6)
    assert answer.winners is not None
    assert answer.winners[4, 9] == chances.argmax()


@pytest.mark.parametrize("shape", [1, 3, 4])
def test_other_than_two_inputs_have_no_picture(shape: int) -> None:
    made = Trainer(project(chain(1), "mse", {"kind": "noise", "shape": [shape], "samples": 20}))
    assert Boundary().measure(made) is None


def test_a_plane_that_is_told_is_answered_for() -> None:
    made = trained(chain(1), "mse", noise(targets=1))
    answer = Boundary(5, (-3.0, 2.0, 10.0, 15.0)).measure(made)
    assert answer.bounds == (-3.0, 2.0, 10.0, 15.0)
    assert answer.values[4, 0] == pytest.approx(made.network.predict(np.array([[-2.5, 14.5]]))[0, 0], rel=1e-6)
