"""Every experiment opens in a window, with the panels that show its point, and trains on the command line."""

from pathlib import Path

import pytest

from engine.memory import needs_side_by_side
from engine.project import load_project
from netviz.experiments import find_experiments
from netviz.panels.catalogue import PANELS
from tests.netviz.commands.command import here, lines
from tests.netviz.experiments.runs import WIDE, affordable

EXPERIMENTS = find_experiments()
LANES = [(name, lane.variant, lane) for name, found in EXPERIMENTS.items() for lane in load_project(found.path).lanes()]


@pytest.mark.parametrize(("name", "variant", "lane"), LANES, ids=[f"{name}: {variant}" for name, variant, _ in LANES])
def test_a_lane_trains_without_a_window(name, variant, lane, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told, path = tmp_path / "T.jsonl", affordable(name, tmp_path)
    done = here(capfd, "train", path, "--variant", variant, "--steps", 3, "--telemetry", told, "--quiet")
    assert (done.status, done.out) == (0, "")
    header, *records = lines(told)
    assert header["project"] == EXPERIMENTS[name].title
    assert header["layers"] == [node.id for node in lane.graph.nodes if node.layer.kind() != "input"]
    shown = [record for record in records if "layers" in record]
    assert [record["step"] for record in shown] == [0, 1, 2]
    assert all(record["loss"] is not None for record in shown)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_it_opens_with_its_panels_and_takes_a_step(name, open_window, qtbot, tmp_path: Path) -> None:
    window = open_window(affordable(name, tmp_path) if name in WIDE else name)
    made = load_project(EXPERIMENTS[name].path)
    rows = made.panels["rows"]
    shown = {panel.ident for panel in PANELS if window.docks[panel.ident].isVisible()}
    assert shown == {ident for row in rows for ident in row}
    assert [lane.info.name for lane in window.session.history.lanes] == [lane.variant for lane in made.lanes()]
    window.session.advance(steps=1)
    qtbot.waitUntil(lambda: window.session.step == 1 and window.session.state == "paused")


@pytest.mark.parametrize("name", list(WIDE))
def test_the_copy_of_a_wide_one_differs_in_its_units_alone(name, tmp_path: Path) -> None:
    many, few = WIDE[name]
    made = load_project(affordable(name, tmp_path))
    for wide, narrow in zip(load_project(EXPERIMENTS[name].path).lanes(), made.lanes(), strict=True):
        units = [getattr(node.layer, "units", 0) for node in wide.graph.nodes]
        assert [getattr(node.layer, "units", 0) for node in narrow.graph.nodes] == [
            few if count == many else count for count in units
        ]
        assert max(units) == many
        assert wide.training == narrow.training


def test_no_other_experiment_is_too_large_for_tests() -> None:
    """Four of them may be trained at once, each in a test of its own."""
    for name in EXPERIMENTS:
        made = load_project(EXPERIMENTS[name].path)
        wants = needs_side_by_side(made.lanes(), "float32").total
        assert (wants > 1 << 28) is (name in WIDE), (name, wants)
