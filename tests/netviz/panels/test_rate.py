"""The rate panel: the rate at the steps that were told, the plan dashed below it, and the worker's own numbers."""

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPointF

from engine.run.lane import RATES, Lane
from engine.run.opening import MOST_PLANNED, planned_rates
from engine.trainer import Trainer
from netviz import theme
from netviz.panels import rate
from netviz.panels.rate import RatePanel, planned
from netviz.widgets.curves import Style
from tests.engine.cases import project
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.test_every_panel import open_panel, picture

OUT = [{"id": "out", "kind": "dense", "units": 1}]


def panel_with(qtbot, rates, plan=(), names=("A",)) -> RatePanel:
    history = opened(*names)
    for lane in history.lanes:
        lane.info = msgspec.structs.replace(lane.info, planned=tuple(plan))
        for step, value in enumerate(rates):
            take(lane, lr=value, start=step * 10)
    return open_panel(qtbot, RatePanel, history, 500, 300)


def test_the_rate_is_where_it_was(qtbot) -> None:
    panel = panel_with(qtbot, [0.1, 0.1, 0.01, 0.01], names=("A", "B"))
    view = panel.plot.axes[1].view()
    assert (view.bottom, view.top) == (-3, 0)
    (bundle,) = panel.plot.axes[1].bundles
    assert bundle.steps.tolist() == [0, 10, 20, 30]
    np.testing.assert_array_equal(bundle.high[:, 0], [0.1, 0.1, 0.01, 0.01])
    spot, image = panel.plot.mapTo(panel, QPointF(float(view.x(5)), float(view.y(0.1))).toPoint()), picture(panel)
    drawn = [image.pixelColor(spot.x(), spot.y() + off).red() for off in (-1, 0, 1, 2)]
    assert max(drawn) > theme.lane_colour(1).red() - 40  # its edges are softened


def test_the_plan_is_dashed_at_its_steps(qtbot) -> None:
    panel = panel_with(qtbot, [0.1, 0.05], plan=[0.1, 0.08, 0.06, 0.04])
    plan, _ = panel.plot.axes[0].bundles
    assert plan.style is Style.DASHED
    steps, rates = planned(panel.history.lanes[0])
    np.testing.assert_allclose(steps, [0, 10 / 8, 20 / 8, 30 / 8])  # ten steps an epoch
    assert rates.tolist() == [0.1, 0.08, 0.06, 0.04]
    assert panel.table()[1][-1] == ("A", "planned", 3.75, 0.04)
    assert len(panel.table()[1]) == 2 + 4


def test_the_plan_is_read_once_a_run(qtbot, monkeypatch) -> None:
    panel = panel_with(qtbot, [0.1, 0.05], plan=[0.1, 0.08, 0.06, 0.04])
    monkeypatch.setattr(rate, "planned", lambda _: pytest.fail("read again"))
    take(panel.history.lanes[0], lr=0.02, start=20)
    panel.refresh()
    plan, done = panel.plot.axes[0].bundles
    assert plan.high.ravel().tolist() == [0.1, 0.08, 0.06, 0.04]
    assert done.steps.tolist() == [0, 10, 20]


def test_a_rate_of_zero_does_not_open_the_axis_without_end(qtbot) -> None:
    panel = panel_with(qtbot, [0.1, 1e-30, 0.0])
    bottom, top = panel.plot.axes[0].box.viewRange()[1]
    assert (bottom, top) == (-6, 0)
    picture(panel)


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "exponential", "gamma": 0.5},
        {"kind": "cosine", "period": 3, "warmup": 1},
        {"kind": "cyclic", "period": 2},
        {"kind": "constant", "warmup": 2},
    ],
    ids=lambda one: one["kind"],
)
def test_the_plan_is_what_training_does(schedule) -> None:
    """At steps that lie on a place of the plan: eight steps an epoch."""
    data = {"kind": "noise", "shape": [2], "samples": 80, "validation": 0.0}
    made = Trainer(project(OUT, "mse", data, batch_size=10, epochs=4, schedule=schedule))
    plan = planned_rates(made)
    assert len(plan) == 4 * 8 + 1
    done = [made.step().lr for _ in range(4 * 8)]
    np.testing.assert_allclose(plan[:-1], done, rtol=1e-12)


def test_there_is_no_plan_where_the_loss_decides_or_nothing_does() -> None:
    assert (
        planned_rates(Trainer(project(OUT, schedule={"kind": "plateau"}, data={"kind": "noise", "shape": [4]}))) == ()
    )
    assert planned_rates(Trainer(project(OUT, schedule=None, data={"kind": "noise", "shape": [4]}))) == ()
    long = project(OUT, schedule={"kind": "constant"}, epochs=10_000, data={"kind": "noise", "shape": [4]})
    assert len(planned_rates(Trainer(long))) == 8 * MOST_PLANNED + 1


@pytest.mark.parametrize("schedule", [None, {"kind": "cosine", "period": 3, "warmup": 1}, {"kind": "exponential"}])
def test_what_a_worker_tells_is_what_every_step_had(schedule) -> None:
    """However many steps go by between two answers, and with the rate and the batch size changed by hand."""
    data = {"kind": "noise", "shape": [2], "samples": 80, "validation": 0.0}
    made = project(OUT, "mse", data, batch_size=10, epochs=40, schedule=schedule)
    lane, stepped = Lane(Trainer(made)), Trainer(made)
    told, done = dict(lane.take_rates()), {}
    for steps in (1, 31, 8, 100, 60):
        for _ in range(steps):
            record = stepped.step()
            done[record.step] = record.lr
            lane.advance()
        stepped.set_learning_rate(0.3 / steps)
        lane.set_learning_rate(0.3 / steps)
        assert len(lane.rates) <= RATES + 2
        told |= dict(lane.take_rates())
    assert len(told) > (140 if schedule else 10)  # what does not change is told at both ends
    assert max(told) == 200
    np.testing.assert_allclose([told[step] for step in told if step in done], [done[s] for s in told if s in done])
    assert lane.take_rates() == ()


def test_the_rate_of_now_stands_above_in_figures(qtbot) -> None:
    assert panel_with(qtbot, []).says.text() == ""
    panel = panel_with(qtbot, [0.1, 0.03], names=("A", "B"))
    assert panel.says.text() == "η now 0.030"
    take(panel.history.lanes[1], lr=2e-4, start=20)
    panel.refresh()
    assert panel.says.text() == "η now 0.030 · 2.0e\N{MINUS SIGN}4"
    assert panel.says.toolTip() == "A: η now 0.030\nB: η now 2.0e\N{MINUS SIGN}4"
