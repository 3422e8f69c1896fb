"""What panels draw with: thinning keeps extremes and does not shimmer, ticks are few, figures keep their width."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from netviz.widgets.curves import Bundle, Style, View, decimate, means
from netviz.widgets.endlabels import spread
from netviz.widgets.marks import Heights
from netviz.widgets.strokes import draw
from netviz.widgets.ticks import Reach, decade_ticks, figure, linear_ticks, nice_up, percent


@given(st.integers(1, 3000), st.integers(2, 500), st.integers(0, 20))
def test_thinning_keeps_the_extremes_of_each_column(count, pixels, seed) -> None:
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.integers(1, 4, count)).astype(float)
    low = rng.normal(size=(count, 2))
    high = low + rng.random((count, 2))
    x, bottom, top = decimate(steps, low, high, 0.0, steps[-1] + 1, pixels)
    assert len(x) <= max(pixels, min(count, pixels))
    starts = np.searchsorted(steps, x)
    np.testing.assert_array_equal(bottom, np.fmin.reduceat(low, starts, axis=0))
    np.testing.assert_array_equal(top, np.fmax.reduceat(high, starts, axis=0))


@given(st.integers(100, 2000), st.integers(1, 500), st.integers(10, 90))
def test_columns_that_are_full_never_change(count, more, pixels) -> None:
    values = np.random.default_rng(count).normal(size=(count + more, 1))
    steps = np.arange(count + more, dtype=float)
    right = 2500.0
    some, all_ = (decimate(steps[:n], values[:n], values[:n], 0.0, right, pixels) for n in (count, count + more))
    if count > pixels:
        full = len(some[0]) - 1
        for before, after in zip(some, all_, strict=True):
            np.testing.assert_array_equal(before[:full], after[:full])


def test_only_what_is_in_sight_and_one_bucket_beyond_is_drawn() -> None:
    steps, values = np.arange(1000.0), np.arange(1000.0)[:, None]
    x, _, _ = decimate(steps, values, values, 100.0, 120.0, 500)
    assert x[0] <= 100
    assert x[-1] >= 120
    assert len(x) <= 24


def test_means_of_columns() -> None:
    steps, values = np.arange(100.0), np.arange(100.0)[:, None]
    x, middle = means(steps, values, 0.0, 100.0, 10)
    np.testing.assert_array_equal(x, np.arange(0, 100, 10))
    np.testing.assert_allclose(middle[:, 0], np.arange(4.5, 100, 10))


def drawn(values: list[float], style: Style, *, log: bool = False) -> list[list[bool]]:
    """Which pixels of a 40 × 40 picture are drawn on, for values at steps 0, 1, … over 0 to 40 (or four decades)."""
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#171a21"))
    painter = QPainter(image)
    column = np.array(values, float)[:, None]
    bundle = Bundle(np.arange(len(values)) * 4.0, column, column, ("a",), (QColor("#ff0000"),), style)
    view = View(QRectF(0, 0, 40, 40), 0.0, 40.0, -4.0 if log else 0.0, 0.0 if log else 40.0, log)
    draw(painter, view, [bundle])
    painter.end()
    return [[image.pixelColor(x, y).red() > 100 for x in range(40)] for y in range(40)]


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("count", [30, 500])
def test_curves_with_a_style_each_look_as_they_do_alone(count, flat, gap) -> None:
    rng = np.random.default_rng(count)
    low = rng.random((count, 2)) * 40
    high = low + rng.random((count, 2))
    if flat:
        low[:, 0] = high[:, 0] = 12.5
    if gap:
        low[20, 1] = high[20, 1] = np.nan
    steps, styles, colours = np.linspace(0, 120, count), (Style.STRONG, Style.DASHED), (QColor("red"), QColor("blue"))
    together = [Bundle(steps, low, high, ("a", "b"), colours, styles)]
    parts = zip("ab", colours, styles, low.T, high.T, strict=True)
    alone = [Bundle(steps, low[:, None], high[:, None], (n,), (c,), style) for n, c, style, low, high in parts]
    images = []
    for bundles in (together, alone):
        image = QImage(120, 40, QImage.Format.Format_RGB32)
        image.fill(QColor("#171a21"))
        with QPainter(image) as painter:
            draw(painter, View(QRectF(0, 0, 120, 40), 0.0, 120.0, 0.0, 41.0), bundles)
        images.append(image)
    assert images[0] == images[1]


def test_a_gap_is_not_drawn_across() -> None:
    pixels = drawn([20, 20, 20, np.nan, np.nan, 20, 20, 20], Style.STRONG)
    row = [any(pixels[y][x] for y in range(17, 24)) for x in range(40)]
    assert all(row[1:7])
    assert not any(row[10:19])
    assert all(row[21:27])


def test_a_single_value_is_seen() -> None:
    pixels = drawn([np.nan, np.nan, 20, np.nan], Style.LINE)
    assert any(pixels[y][x] for y in range(18, 23) for x in range(5, 12))


def test_zero_on_a_logarithmic_axis_lies_along_the_bottom() -> None:
    pixels = drawn([0.01, 0.01, 0.0, 0.0, 0.01, 0.01], Style.LINE, log=True)
    assert any(pixels[37][x] or pixels[38][x] for x in range(8, 13))
    assert not any(pixels[y][x] for y in range(36) for x in range(9, 12))


def test_what_lies_far_out_does_not_break_the_painter() -> None:
    assert any(map(any, drawn([1e300, -1e300, np.inf, 20, 20], Style.LINE)))


@given(st.floats(1e-12, 1e12))
def test_axis_ends_are_just_beyond_the_data(value) -> None:
    assert value * (1 - 1e-9) <= nice_up(value) <= value * 1.144


def test_an_axis_grows_at_once_and_shrinks_late() -> None:
    reach = Reach(1.0)
    assert [reach.take(v) for v in (3.0, 10.0, 6.0, 4.0, 0.1, float("nan"))] == [3.2, 10.0, 10.0, 4.0, 1.0, 1.0]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(1, 12))
def test_linear_ticks_are_few_inside_and_all_different(low, size, most) -> None:
    high = low + max(size, abs(low) * 1e-6)
    ticks = linear_ticks(low, high, most)
    assert len(ticks) <= most + 1
    slack = (high - low) * 1e-6
    assert all(low - slack <= value <= high + slack for value, _ in ticks)
    assert len({round(value / (high - low), 9) for value, _ in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0.0", "0.5", "1.0"]),
        (0, 30_000, ["0", "10k", "20k", "30k"]),
        (-2, 2, ["−2", "0", "2"]),
        (0, 3e6, ["0", "1M", "2M", "3M"]),
    ],
)
def test_ticks_read_well(low, high, texts) -> None:
    assert [text for _, text in linear_ticks(low, high, 4)] == texts


@pytest.mark.parametrize(("low", "high", "texts"), [(2000, 2001, ["2000", "2001"]), (0, 3, ["0", "1", "2", "3"])])
def test_what_is_counted_has_no_halves(low, high, texts) -> None:
    assert [text for _, text in linear_ticks(low, high, 6, 1.0)] == texts


def test_decades_are_thinned_to_what_fits() -> None:
    assert [text for _, text in decade_ticks(-3, 0, 10)] == ["10⁻³", "10⁻²", "10⁻¹", "10⁰"]
    assert [value for value, _ in decade_ticks(-12, 0, 4)] == [-12, -8, -4, 0]


@given(st.floats(-1e30, 1e30), st.floats(0, 1))
def test_figures_keep_their_width(value, share) -> None:
    assert len(figure(value)) == 7
    assert len(percent(share)) == len(percent(float("nan")))
    assert len(percent(share, 0)) == 5


def test_nearly_all_is_not_all() -> None:
    assert percent(0.99999) == "99.9\N{NO-BREAK SPACE}%"
    assert percent(1.0).strip() == "100\N{NO-BREAK SPACE}%"
    assert percent(1e-6).strip() == "0.1\N{NO-BREAK SPACE}%"


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=9))
def test_labels_stay_in_order_apart_and_inside(wanted) -> None:
    places = spread(wanted, 10.0, 0.0, 100.0)
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(np.array(places)[order])
    assert (gaps >= 10 - 1e-9).all()
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)


def test_words_are_measured_once_a_width() -> None:
    asked = []

    class Metrics:
        def boundingRect(self, box: QRectF, flags: int, text: str) -> QRectF:
            asked.append((text, box.width()))
            return QRectF(0, 0, box.width(), 10.0 * len(text))

    high = Heights(Metrics())
    assert [high(*one) for one in (("ab", 50.0), ("ab", 50.0), ("abc", 50.0), ("ab", 40.0))] == [20.0, 20.0, 30.0, 20.0]
    assert asked == [("ab", 50.0), ("abc", 50.0), ("ab", 40.0)]
