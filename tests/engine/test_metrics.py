"""Measures against their definitions in plain Python, on the host and on a device, and where a run writes them."""

import json

import numpy as np
import pytest

from engine import metrics
from engine.backend import Backend, open_backend
from engine.run.lane import Lane
from engine.telemetry import TelemetryFile
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project
from tests.strict_array import strict

BACKENDS = [open_backend("cpu", dtype) for dtype in DTYPES] + [Backend(strict, "strict", dtype) for dtype in DTYPES]
each_backend = pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: f"{b.device} {b.dtype}")


def outputs(units=7, count=40, seed=2):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((units, count)), rng.integers(0, units, count)


def on(backend, array):
    return backend.xp.asarray(np.asarray(array))


@each_backend
def test_decisions(backend):
    z, labels = outputs()
    chosen = metrics.decided(backend.xp, backend.from_host(z), 0.5)
    mine = backend.to_host(chosen)
    assert [int(k) for k in mine] == [max(range(7), key=lambda j: z[j, i]) for i in range(40)]
    right = sum(int(k) == label for k, label in zip(mine, labels, strict=True)) / 40
    there = on(backend, labels)
    assert metrics.accuracy(chosen, there) == right
    assert 0 < right < 1
    one = np.array([[0.2, 0.6, 0.5, -1.0]])
    for threshold, expected in ((0.5, [0, 1, 0, 0]), (0.0, [1, 1, 1, 0])):
        of_one = metrics.decided(backend.xp, backend.from_host(one), threshold)
        assert backend.to_host(of_one).tolist() == expected


@each_backend
def test_confusion(backend):
    z, labels = outputs()
    chosen = metrics.decided(backend.xp, backend.from_host(z), 0.5)
    table = backend.to_host(metrics.confusion(backend.xp, chosen, on(backend, labels), 7))
    expected = np.zeros((7, 7))
    for taken, label in zip(backend.to_host(chosen), labels, strict=True):
        expected[label, int(taken)] += 1
    np.testing.assert_array_equal(table, expected)
    assert not np.array_equal(table, table.T)  # so that rows and columns could not be changed about


@each_backend
@pytest.mark.parametrize("k", [1, 3, 5, 7])
def test_among_the_largest(backend, k):
    z, labels = outputs()
    y = np.eye(7)[labels].T
    among = backend.to_host(metrics.among_the_largest(backend.xp, backend.from_host(z), backend.from_host(y), k))
    expected = [label in sorted(range(7), key=lambda j: -z[j, i])[:k] for i, label in enumerate(labels)]
    assert among.tolist() == expected


@each_backend
def test_no_number_is_not_among_the_largest(backend):
    z, y = np.full((7, 1), np.nan), np.eye(7)[:, :1]
    assert not metrics.among_the_largest(backend.xp, backend.from_host(z), backend.from_host(y), 5).any().item()


@each_backend
def test_the_share_of_the_variance_that_is_explained(backend):
    rng = np.random.default_rng(3)
    y = np.column_stack([rng.normal(5, 1, 50), rng.normal(0, 30, 50), np.full(50, 2.0)])
    z = y + rng.normal(0, 0.5, y.shape)
    z, y = (backend.to_host(backend.from_host(a)).astype(np.float64) for a in (z, y))
    residual = backend.to_host(metrics.squares_off(backend.from_host(z.T), backend.from_host(y.T)))
    spread = metrics.Spread()
    for piece in (y[:7], y[7:8], y[8:]):
        spread.add(backend.from_host(piece.T))
    around = backend.to_host(spread.total)
    np.testing.assert_allclose(around, ((y - y.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-12)
    by_hand = [1 - sum((z[:, j] - y[:, j]) ** 2) / sum((y[:, j] - y[:, j].mean()) ** 2) for j in (0, 1)]
    assert metrics.r2(residual, around) == pytest.approx(np.mean(by_hand), rel=1e-9)
    assert metrics.r2(residual[2:], around[2:]) is None  # all targets alike
    mean = np.broadcast_to(y.mean(axis=0)[:, None], (3, 50))
    assert metrics.r2(np.array([((mean[j] - y[:, j]) ** 2).sum() for j in range(3)]), around) == pytest.approx(0)


LINE = [{"id": "out", "kind": "dense", "units": 2}]
TEN = {"kind": "noise", "shape": [3], "samples": 50, "classes": 8, "validation": 0.2}


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_score_of_numbers(dtype):
    data = {"kind": "noise", "shape": [3], "targets": 2, "samples": 50, "validation": 0.2}
    made = Trainer(project(LINE, "mse", data), dtype=dtype)
    made.run(200)
    train, validation = made.evaluate()
    for score, x, y in ((train, made.data.x, made.data.y), (validation, made.data.x_val, made.data.y_val)):
        off = ((made.network.predict(x) - y) ** 2).sum(axis=0)
        assert score.r2 == pytest.approx((1 - off / ((y - y.mean(axis=0)) ** 2).sum(axis=0)).mean(), rel=1e-5)
        assert (score.accuracy, score.top5) == (None, None)
    assert train.r2 > 0


def test_the_score_of_many_classes():
    made = Trainer(project([{"id": "out", "kind": "dense", "units": 8}], "cross_entropy", TEN), dtype="float64")
    for score, x, y in zip(
        made.evaluate(), (made.data.x, made.data.x_val), (made.data.y, made.data.y_val), strict=True
    ):
        largest = made.network.predict(x).argsort(axis=1)[:, -5:]
        assert score.top5 == np.mean([label in row for label, row in zip(y, largest, strict=True)])
        assert score.r2 is None
    assert made.evaluate()[0].top5 > made.evaluate()[0].accuracy


@pytest.mark.parametrize(
    ("layers", "loss", "data", "keys"),
    [
        (LINE, "mse", {"kind": "noise", "shape": [3], "targets": 2, "samples": 50}, {"loss", "accuracy", "r2"}),
        ([{**LINE[0], "units": 8}], "cross_entropy", TEN, {"loss", "accuracy", "top5"}),
        ([{**LINE[0], "units": 5}], "cross_entropy", {**TEN, "classes": 5}, {"loss", "accuracy"}),
        ([{**LINE[0], "units": 8}], "hinge", TEN, {"loss", "accuracy", "top5"}),
    ],
)
def test_telemetry_has_what_there_is(tmp_path, layers, loss, data, keys):
    made = Trainer(project(layers, loss, data))
    lane = Lane(made, telemetry=TelemetryFile(tmp_path / "T", made))
    for _ in range(made.steps_per_epoch):
        lane.advance()
    lane.telemetry.close()
    end = json.loads((tmp_path / "T").read_text().splitlines()[-1])
    score, _ = made.evaluate()
    assert end["train"].keys() == keys
    assert all(end["train"][key] == getattr(score, key) for key in keys)
