"""Every experiment opens in a window, with the panels that show its point, and trains on the command line."""

from pathlib import Path

import pytest

from engine.project import load_project
from netviz.experiments import find_experiments
from netviz.panels.catalogue import PANELS
from tests.netviz.commands.command import here, lines

EXPERIMENTS = find_experiments()
LANES = [(name, lane.variant, lane) for name, found in EXPERIMENTS.items() for lane in load_project(found.path).lanes()]


@pytest.mark.parametrize(("name", "variant", "lane"), LANES, ids=[f"{name}: {variant}" for name, variant, _ in LANES])
def test_a_lane_trains_without_a_window(name, variant, lane, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "T.jsonl"
    done = here(
        capfd, "train", EXPERIMENTS[name].path, "--variant", variant, "--steps", 3, "--telemetry", told, "--quiet"
    )
    assert (done.status, done.out) == (0, "")
    header, *records = lines(told)
    assert header["project"] == EXPERIMENTS[name].title
    assert header["layers"] == [node.id for node in lane.graph.nodes if node.layer.kind() != "input"]
    shown = [record for record in records if "layers" in record]
    assert [record["step"] for record in shown] == [0, 1, 2]
    assert all(record["loss"] is not None for record in shown)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_it_opens_with_its_panels_and_takes_a_step(name, open_window, qtbot) -> None:
    window = open_window(name)
    made = load_project(EXPERIMENTS[name].path)
    rows = made.panels["rows"]
    shown = {panel.ident for panel in PANELS if window.docks[panel.ident].isVisible()}
    assert shown == {ident for row in rows for ident in row}
    assert [lane.info.name for lane in window.session.history.lanes] == [lane.variant for lane in made.lanes()]
    window.session.advance(steps=1)
    qtbot.waitUntil(lambda: window.session.step == 1 and window.session.state == "paused")
