"""The loss panel draws the history's own numbers, and keeps its axes still."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from netviz import theme
from netviz.panels.loss import FEW, SPIKE, LossPanel, _without_spikes
from netviz.widgets.axes import Scale
from netviz.widgets.curves import Style
from tests.netviz.panels.histories import opened, score, take
from tests.netviz.panels.test_every_panel import open_panel, picture


def losses(steps: int) -> np.ndarray:
    return np.exp(-np.arange(steps) / 100)


def scored(steps: int) -> list:
    return [score(s, 0.5 / s, 1 - 1 / s, 0.6 / s, 1 - 2 / s) for s in range(10, steps + 1, 10)]


def test_bundles_are_the_batches_and_both_scores(qtbot) -> None:
    history = opened("A", "B")
    take(history.lanes[0], losses(100), scored(100))
    panel = open_panel(qtbot, LossPanel, history)
    batch, _, scores = panel.loss.bundles
    assert batch.style is Style.BAND
    np.testing.assert_array_equal(batch.low[:, 0], losses(100))
    np.testing.assert_array_equal(scores.steps, np.arange(10, 101, 10))
    assert scores.names == ("A train", "A validation")
    assert scores.style == (Style.STRONG, Style.DASHED)
    np.testing.assert_allclose(scores.high.T, [0.5 / scores.steps, 0.6 / scores.steps])
    (shares,) = panel.accuracy.bundles
    np.testing.assert_allclose(shares.high.T, [1 - 1 / scores.steps, 1 - 2 / scores.steps])
    assert scores.colours == (theme.lane_colour(0),) * 2


def test_scores_that_are_not_told_have_no_curve(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100), [score(s, 0.5 / s, val_loss=0.6 / s) for s in range(10, 101, 10)])
    panel = open_panel(qtbot, LossPanel, history)
    assert [bundle.names for bundle in panel.loss.bundles] == [("batch",), ("train", "validation")]
    assert panel.accuracy.bundles == []
    history = opened()
    take(history.lanes[0], losses(100), [score(s, 0.5 / s, 1 - 1 / s) for s in range(10, 101, 10)])
    panel = open_panel(qtbot, LossPanel, history)
    assert [bundle.names for bundle in panel.loss.bundles] == [("batch",), ("train",)]
    assert [bundle.names for bundle in panel.accuracy.bundles] == [("train",)]


def test_the_train_curve_is_where_its_value_is(qtbot) -> None:
    history = opened()
    take(history.lanes[0], np.full(101, 0.4), [score(s, 0.8) for s in range(10, 101, 10)])
    panel = open_panel(qtbot, LossPanel, history)
    view = panel.loss.view()
    spot = panel.plot.mapTo(panel, QPoint(round(float(view.x(55))), round(float(view.y(0.8)))))
    image = picture(panel)
    column = [image.pixelColor(spot.x(), spot.y() + d) for d in (-1, 0, 1)]
    wanted = theme.lane_colour(0)
    assert min(abs(c.red() - wanted.red()) + abs(c.blue() - wanted.blue()) for c in column) < 60
    assert image.pixelColor(spot.x(), spot.y() - 8).name() == theme.DARK.card


def test_a_step_beyond_the_axis_grows_it_in_steps(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100))
    panel = open_panel(qtbot, LossPanel, history)
    ranges = set()
    for start in range(100, 400):
        take(history.lanes[0], losses(400)[start : start + 1], start=start)
        panel.refresh()
        ranges.add(tuple(panel.loss.box.viewRange()[0]))
    assert len(ranges) < 20
    assert 399 <= panel.loss.box.viewRange()[0][1] <= 400 * 1.13


@given(st.integers(FEW, 400), st.integers(0, 20), st.floats(-2, 20), st.integers(0, 9))
def test_a_spike_is_what_is_far_above_the_highest_fiftieth(count, spikes, size, seed) -> None:
    rng = np.random.default_rng(seed)
    losses = rng.random(count)
    losses[rng.permutation(count)[:spikes]] *= size
    in_order = np.sort(losses)[::-1]
    largest, usual = in_order[0], in_order[-(-count // 50) - 1]
    wanted = largest if largest <= SPIKE * usual else 1.5 * usual
    assert _without_spikes(losses, float(largest)) == wanted


def test_a_rare_spike_does_not_set_the_axis(qtbot) -> None:
    history = opened()
    values = losses(1000)
    values[500] = 1e6
    take(history.lanes[0], values)
    panel = open_panel(qtbot, LossPanel, history)
    assert panel.loss.box.viewRange()[1][1] < 10


def test_l_makes_the_loss_logarithmic_and_the_button_shows_it(qtbot) -> None:
    history = opened()
    take(history.lanes[0], [0.0, 1.0, 0.1, 0.01], scored(40))
    panel = open_panel(qtbot, LossPanel, history)
    QTest.keyClick(panel, Qt.Key.Key_L)
    assert panel.log.isChecked()
    assert panel.loss.scale is Scale.LOG
    assert panel.state() == {"log": True}
    bottom, top = panel.loss.box.viewRange()[1]
    assert bottom == round(bottom) <= -2
    assert top == round(top) >= 0
    QTest.keyClick(panel.plot, Qt.Key.Key_L)
    assert panel.loss.scale is Scale.LINEAR


def test_without_accuracy_there_is_no_second_plot(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(50), [score(10, 0.5), score(20, 0.4)])
    panel = open_panel(qtbot, LossPanel, history)
    assert panel.plot.visible_axes() == [panel.loss]
    take(history.lanes[0], [], [score(30, 0.3, 0.9)])
    panel.refresh()
    assert panel.plot.visible_axes() == [panel.loss, panel.accuracy]


def test_the_readout_shortens_before_it_is_cut(qtbot) -> None:
    history = opened("plain", "hidden")
    for lane in history.lanes:
        take(lane, losses(100), [score(100, 0.0341, 1.0, 0.0412, 0.975)])
    panel = open_panel(qtbot, LossPanel, history, 700, 300)
    text = panel.readout.texts()[0].replace("\N{NO-BREAK SPACE}", " ")
    assert text == "plain  train  0.034 · validation  0.041 · accuracy 97.5 %"
    panel.resize(240, 160)
    QApplication.processEvents()
    texts = panel.readout.texts()
    assert all("…" not in text and "0.034" in text for text in texts)
    assert len({len(text) for text in texts}) == 1


def test_names_that_begin_alike_are_told_apart_in_any_room(qtbot) -> None:
    names = "LSTM, forget bias 0", "LSTM, forget bias 2"
    history = opened(*names)
    for lane in history.lanes:
        take(lane, losses(100), [score(100, 0.0341, 1.0, 0.0412, 0.975)])
    panel = open_panel(qtbot, LossPanel, history, 800, 300)
    assert all(text.startswith(name) for text, name in zip(panel.readout.texts(), names, strict=True))
    said = set()
    for wide in range(700, 120, -20):
        panel.resize(wide, 240)
        QApplication.processEvents()
        texts = panel.readout.texts()
        assert all("97.5" in text for text in texts), wide
        if "LSTM" in texts[0]:
            assert texts[0] != texts[1], wide
            said.add(texts[0].split("  ")[0])
    assert len(said) > 1
    assert panel.readout.tip(QPointF(2, panel.readout.height() - 2)).startswith("LSTM, forget bias 2 train 0.034")


def test_the_button_stays_in_its_corner_without_a_run(qtbot) -> None:
    panel = open_panel(qtbot, LossPanel, opened(), 400, 240)
    place = panel.log.geometry()
    assert place.right() > 380
    panel.history.lanes = []
    panel.refresh()
    QApplication.processEvents()
    assert panel.log.geometry() == place


def test_after_early_stopping_the_figures_are_of_the_weights_that_were_put_back(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100), scored(100))
    panel = open_panel(qtbot, LossPanel, history, 700, 300)
    assert panel.loss.moments == ()
    view = panel.loss.view()
    spot = panel.plot.mapTo(panel, QPoint(round(float(view.x(40))), round(view.rect.bottom())))
    before = picture(panel)
    take(history.lanes[0], start=100, kept=score(40, 0.123, 0.91, 0.234, 0.87))
    panel.refresh()
    text = panel.readout.texts()[0].replace("\N{NO-BREAK SPACE}", " ")
    assert text == "train  0.123 · validation  0.234 · accuracy 87.0 % · epoch 5 put back"
    assert "epoch 5 put back" in panel.summary()
    (moment,) = panel.loss.moments
    assert (moment.step, moment.text) == (40, "epoch 5 put back")
    after, wanted = picture(panel), theme.lane_colour(0).name()
    column = [
        (before.pixelColor(spot.x(), y).name(), after.pixelColor(spot.x(), y).name()) for y in range(40, spot.y())
    ]
    dashes = sum(new == wanted != old for old, new in column)
    assert len(column) / 4 < dashes < len(column) * 3 / 4
    take(history.lanes[0], losses(10), start=100)  # trained on
    panel.refresh()
    assert panel.loss.moments == ()
    assert "put back" not in panel.summary()


def test_zooming_holds_until_a_double_click(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100), scored(100))
    panel = open_panel(qtbot, LossPanel, history)
    whole = panel.loss.box.viewRange()
    QTest.keyClick(panel.plot, Qt.Key.Key_Plus)
    part = panel.loss.box.viewRange()[0]
    assert part[1] - part[0] == pytest.approx(0.8 * (whole[0][1] - whole[0][0]))
    assert panel.accuracy.box.viewRange()[0] == pytest.approx(part)
    take(history.lanes[0], losses(900), start=100)
    panel.refresh()
    assert panel.loss.box.viewRange()[0] == part
    QTest.mouseDClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 60))
    assert panel.loss.box.viewRange()[0][1] >= 999


def test_the_wheel_zooms_the_steps_only(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100), scored(100))
    panel = open_panel(qtbot, LossPanel, history)
    steps, values = panel.loss.box.viewRange()
    viewport, place = panel.plot.viewport(), panel.loss.box.geometry().center()
    from PySide6.QtGui import QWheelEvent

    event = QWheelEvent(
        place,
        QPointF(viewport.mapToGlobal(place.toPoint())),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)
    after = panel.loss.box.viewRange()
    assert after[0][1] - after[0][0] < steps[1] - steps[0]
    assert after[1] == values
    assert panel.plot.zoomed


def test_hovering_reads_every_curve(qtbot) -> None:
    history = opened()
    take(history.lanes[0], losses(100), scored(100))
    panel = open_panel(qtbot, LossPanel, history)
    from netviz.widgets.hover import read

    reading = read(panel.loss.bundles, 52)
    assert reading.step == 52
    lines = {name: text.strip() for name, _, text in reading.lines}
    assert lines == {"batch": f"{losses(100)[52]:.3f}", "train": "0.010", "validation": "0.012"}
    before = picture(panel)
    QTest.mouseMove(panel.plot.viewport(), panel.loss.box.geometry().center().toPoint())
    qtbot.waitUntil(lambda: picture(panel) != before)


def test_two_lanes_have_their_own_colours(qtbot) -> None:
    history = opened("A", "B")
    take(history.lanes[0], np.full(50, 0.2))
    take(history.lanes[1], np.full(50, 0.8))
    panel = open_panel(qtbot, LossPanel, history)
    view, image = panel.loss.view(), picture(panel)
    for i, value in ((0, 0.2), (1, 0.8)):
        spot = panel.plot.mapTo(panel, QPoint(round(float(view.x(21))), round(float(view.y(value)))))
        wanted = theme.mix(theme.DARK.card, theme.lane_colour(i), 0.32)
        found = [image.pixelColor(spot.x(), spot.y() + d) for d in (-1, 0, 1)]
        assert QColor(wanted).name() in [c.name() for c in found]
