"""The shipped tables are those of UCI: counts, sums and ranges as their descriptions list them."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.shipped import BreastCancer, Iris, Wine

HERE = Path()
SETS = [Iris(), Wine(), BreastCancer()]
COUNTS = {
    "iris": {"setosa": 50, "versicolor": 50, "virginica": 50},
    "wine": {"1": 59, "2": 71, "3": 48},
    "breast_cancer": {"malignant": 212, "benign": 357},
}
# Least and greatest of some features, and mean and deviation where the descriptions give them.
RANGES = {
    "iris": {
        "sepal_length": (4.3, 7.9, 5.84, 0.83),
        "sepal_width": (2.0, 4.4, 3.05, 0.43),
        "petal_length": (1.0, 6.9, 3.76, 1.76),
        "petal_width": (0.1, 2.5, 1.20, 0.76),
    },
    "wine": {
        "alcohol": (11.03, 14.83, 13.0, 0.8),
        "hue": (0.48, 1.71, 0.96, 0.23),
        "proline": (278, 1680, 746, 315),
    },
    "breast_cancer": {
        "mean_radius": (6.981, 28.11),
        "mean_area": (143.5, 2501.0),
        "se_area": (6.802, 542.2),
        "worst_fractal_dimension": (0.055, 0.2075),
    },
}
each = pytest.mark.parametrize("source", SETS, ids=lambda source: source.kind())


@each
def test_all_rows_and_classes_are_there(source):
    data, summary = source.replace("validation", 0.0).load(HERE), source.summary(HERE)
    assert data.x.shape == (len(data.y), *summary.shape)
    assert (data.x.dtype, data.y.dtype) == (np.float64, np.int64)
    assert data.classes == summary.classes == len(summary.class_names)
    assert dict(zip(summary.class_names, np.bincount(data.y).tolist(), strict=True)) == COUNTS[source.kind()]
    assert len(summary.features) == summary.shape[0] == {"iris": 4, "wine": 13, "breast_cancer": 30}[source.kind()]


@each
def test_features_have_their_ranges(source):
    data, features = source.replace("validation", 0.0).load(HERE), source.summary(HERE).features
    for name, (low, high, *more) in RANGES[source.kind()].items():
        column = data.x[:, features.index(name)]
        assert (column.min(), column.max()) == pytest.approx((low, high), abs=6e-4)
        if more:
            rounding = 10 if name == "proline" else 0.06
            assert (column.mean(), column.std(ddof=1)) == pytest.approx(tuple(more), abs=rounding)


def test_fishers_numbers_are_the_right_ones():
    """UCI's file has 4.9,3.1,1.5,0.1 and 4.9,3.1,1.5,0.1 in rows 35 and 38 (Bezdek et al. 1999)."""
    data = Iris(validation=0.0).load(HERE)
    assert data.x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert data.x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


@each
def test_a_linear_map_reads_most_of_them(source):
    """Features and classes belong together: least squares on standardized features, judged on what was kept away."""
    data = source.load(HERE)
    mean, std = data.x.mean(axis=0), data.x.std(axis=0)
    train, kept = (np.column_stack([(x - mean) / std, np.ones(len(x))]) for x in (data.x, data.x_val))
    weights, *_ = np.linalg.lstsq(train, np.eye(data.classes)[data.y], rcond=None)
    assert ((kept @ weights).argmax(axis=1) == data.y_val).mean() > 0.75


@each
def test_the_seed_draws_the_validation_part_and_nobody_can_change_the_table(source):
    first, other = source.load(HERE), source.replace("seed", 1).load(HERE)
    assert not np.array_equal(first.x_val, other.x_val)
    first.x[...] = 0
    assert source.load(HERE).x.any()
