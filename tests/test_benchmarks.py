"""The benchmarks' machinery: a table from real steps, disagreement refused, and results that keep other groups."""

import shutil

import numpy as np
import pytest

from benchmarks import cost, gpu, lasting, step, window
from benchmarks.__main__ import GROUPS, Group, main
from benchmarks.measure import Effort, compare
from benchmarks.report import Row, merged, table
from benchmarks.screen import SIZE, Screen
from benchmarks.step import CASES, DisagreementError, EngineSide, largest_difference
from engine.backend import Backend
from engine.project import project_from
from tests.strict_array import strict

QUICK = Effort(pairs=2, seconds=0.001)
SMALL = {case.title: case for case in CASES if max(case.widths) < 100}


class Shifted(EngineSide):
    """A side that computes something else."""

    def parameters(self):
        return {name: array + 0.01 for name, array in super().parameters().items()}


class Ticking:
    """A side that keeps count of what it is asked to do."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def reset(self):
        self.log.append((self.name, "reset"))

    def run(self, steps):
        self.log.append((self.name, steps))
        sum(range(200 * steps))


@pytest.mark.parametrize("title", SMALL)
def test_a_case_against_the_engine_itself(title, tmp_path):
    case = SMALL[title]
    project = case.project(tmp_path)
    row = step.row(case, EngineSide(project), EngineSide(project), QUICK)
    assert row.what == title
    assert row.goal == case.goal
    assert 0 < row.spread[0] <= row.value <= row.spread[1]
    assert row.context.endswith("parameters within 0")


def test_a_worker_has_a_row_of_its_own(tmp_path):
    case = step.IN_A_WORKER[0]
    row = step.watched_row(case, case.project(tmp_path), QUICK)
    assert (row.what, row.goal) == (f"{case.title}, in a worker", step.KEPT)
    assert 0 < row.spread[0] <= row.value <= row.spread[1]
    assert row.context.endswith("µs")


def test_a_case_with_compiled_kernels_has_a_row_and_a_goal_of_its_own(tmp_path):
    pytest.importorskip("numba")
    project = CASES[0].project(tmp_path)
    sides = EngineSide(project, fast=True), EngineSide(project)
    assert [side.trainer.backend.kernels for side in sides] == ["numba", "numpy"]
    row = step.row(CASES[0], *sides, QUICK, fast=True)
    assert (row.what, row.goal) == (f"{CASES[0].title}, with fast", CASES[0].fast)
    assert all(case.fast for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_case_is_a_sound_project_of_its_shape(case, tmp_path):
    structure = case.project(tmp_path).structure()
    assert case.project(tmp_path).problems() == []
    shapes = [structure.shapes[node] for node in structure.order if not node.startswith("act")]
    assert shapes == case.shapes
    data = case.project(tmp_path).data.load(tmp_path)
    assert len(data.x) == (case.samples or case.batch)
    assert len(data.x) % case.batch == 0  # no smaller batch at an epoch's end


def test_the_xor_case_is_xor(tmp_path):
    data = CASES[0].project(tmp_path).data.load(tmp_path)
    np.testing.assert_array_equal(data.y, data.x[:, 0].astype(bool) ^ data.x[:, 1].astype(bool))


def test_a_card_that_is_not_there_leaves_its_group_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "cards", lambda: "CuPy finds no CUDA device or driver")
    results = tmp_path / "RESULTS.md"
    assert main(["gpu"], GROUPS, results) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("gpu: left out, it needs ")]
    assert line.endswith("a CUDA device (CuPy finds no CUDA device or driver)")  # and PyTorch, where that is missing
    assert not results.exists()


@pytest.mark.parametrize("case", gpu.CASES, ids=lambda case: case.title)
def test_every_case_of_the_card_is_a_sound_project(case, tmp_path):
    project = case.project(tmp_path)
    assert project.problems() == []
    assert len(project.data.load(tmp_path).x) % case.batch == 0


def test_the_side_of_a_card_computes_what_the_engine_does(tmp_path, monkeypatch):
    """On the stand-in, for want of a card."""
    monkeypatch.setattr(
        "engine.trainer.open_backend", lambda device, dtype, kernels: Backend(strict, device, dtype, "cuda")
    )
    project = SMALL[next(iter(SMALL))].project(tmp_path)
    there = gpu.CardSide(project)
    monkeypatch.undo()
    assert there.trainer.backend.device == "cuda"
    assert largest_difference(there, EngineSide(project)) < 1e-5


def test_sides_that_disagree_are_not_timed(tmp_path):
    project = CASES[0].project(tmp_path)
    with pytest.raises(DisagreementError, match=r"differ by 0\.01"):
        step.row(CASES[0], EngineSide(project), Shifted(project), QUICK)


def test_the_sides_are_compared_from_the_reset_state(tmp_path):
    ours, theirs = EngineSide(CASES[0].project(tmp_path)), EngineSide(CASES[0].project(tmp_path))
    ours.run(30)
    assert largest_difference(ours, theirs) == 0
    assert ours.trainer.step_number == theirs.trainer.step_number == step.CHECKED


def test_sides_take_turns_and_start_each_anew():
    log = []
    found = compare(Ticking(log, "a"), Ticking(log, "b"), Effort(pairs=4, seconds=0.002))
    turns = [(name, log[index + 2][1]) for index, (name, what) in enumerate(log) if what == "reset"][-8:]
    assert [name for name, _ in turns] == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert len(set(turns)) == 2  # each side does the same number of steps in every turn
    assert found.low <= found.ratio <= found.high


def test_rows_say_whether_the_goal_is_met():
    assert Row("speed", 20, 20).met is True
    assert Row("speed", 19.9, 20).met is False
    assert Row("latency", 6, 5, unit="ms", at_most=True).met is False
    assert Row("latency", 5, 5, unit="ms", at_most=True).met is True
    assert Row("context", 5).met is None
    lines = table([Row("speed", 19.94, 20, spread=(18, 21.04), context="1 / 20 µs"), Row("n", 1234.4)]).splitlines()
    assert lines[2] == "| speed | 19.9 × | 18 – 21 | ≥ 20 × | **no** | 1 / 20 µs |"
    assert lines[3] == "| n | 1234 × |  | – | – |  |"


def group(name, value, **more):
    return Group(name, f"title of {name}", f"about {name}", lambda effort: iter([Row(f"row of {name}", value)]), **more)


def test_only_sections_of_groups_that_ran_are_replaced(tmp_path):
    results = tmp_path / "RESULTS.md"
    first = (group("step", 1), group("window", 2))
    assert main([], first, results) == 0
    before = results.read_text("utf-8")
    assert "| row of step | 1 × |" in before
    assert "| row of window | 2 × |" in before
    assert main(["window"], (group("step", 3), group("window", 4)), results) == 0
    after = results.read_text("utf-8")
    assert after == before.replace("| row of window | 2 × |", "| row of window | 4 × |")
    assert [path.name for path in tmp_path.iterdir()] == ["RESULTS.md"]


def test_sections_stand_in_the_groups_order_whichever_ran_first(tmp_path):
    results = tmp_path / "RESULTS.md"
    groups = (group("step", 1), group("window", 2))
    main(["window"], groups, results)
    main(["step"], groups, results)
    text = results.read_text("utf-8")
    assert text.index("## step:") < text.index("## window:")
    assert text.count("# Benchmarks\n") == 1
    assert merged(text, {}, ["step", "window"]) == text
    assert "## older:" in merged(text + "\n## older: gone\n\nkept\n", {}, ["step", "window"])


def test_a_group_whose_package_is_missing_is_left_out(tmp_path, capsys):
    results = tmp_path / "RESULTS.md"
    results.write_text("as it was", "utf-8")
    assert main([], (group("step", 1, needs=("no_such_package",)),), results) == 0
    assert "step: left out, it needs no_such_package" in capsys.readouterr().out
    assert results.read_text("utf-8") == "as it was"


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    assert main(["--dry"], (group("step", 1),), tmp_path / "RESULTS.md") == 0
    assert "| row of step | 1 × |" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_group_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as error:
        main(["stpe"], GROUPS, tmp_path / "RESULTS.md")
    assert error.value.code == 2
    assert "there is no group 'stpe', the groups are step" in capsys.readouterr().err


def test_rows_of_a_window():
    seen = window.Seen(
        pairs=[(96.0, 100.0), (90.0, 100.0), (99.0, 100.0)],
        frames=[0.001] * 90 + [0.009] * 10,
        first=[0.002] * 10 + [0.009] * 10,
        inputs=[0.001] * 90 + [0.007] * 10,
        plays=[0.1],
        ticks=62.0,
        pictures={"loss": 30.0, "boundary": 14.0},
    )
    kept, late, frame, pictures = window.rows(window.Case("XOR", {}), seen)
    assert (kept.value, kept.spread, kept.met) == (0.96, (0.9, 0.99), True)
    assert kept.context == "96 / 100 steps/s"
    assert late.value == pytest.approx(7.0)  # milliseconds
    assert late.met is False
    assert frame.value == pytest.approx(9.0)
    assert frame.met is False
    assert frame.context.endswith("most 9 ms of 100; first second 9")
    assert (pictures.value, pictures.met) == (14.0, False)
    assert pictures.context == "loss 30, boundary 14; 62 ticks/s"


def test_window_cases_are_sound_projects_that_never_end(tmp_path):
    for case in window.cases():
        project = project_from(case.project, tmp_path)
        assert project.problems() == []
        assert all(lane.training.epochs == window.FOREVER for lane in project.lanes())


def test_memory_that_grows_is_seen_and_the_beginning_is_left_out():
    steady = lasting.row([100.0, 150.0, *[200.0, 204.0] * 4])
    assert steady.value == pytest.approx(100 * 2 / 202)
    assert steady.met is True
    assert lasting.row([100.0 + 10 * minute for minute in range(10)]).met is False


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="the group is left out without Xvfb")
def test_every_panel_is_watched_that_has_something_to_draw():
    (case,) = [case for case in window.cases() if case.title == "XOR, every panel"]
    with Screen() as screen:
        seen = window.watch(case, screen, QUICK)
    assert {"weights", "derivative", "representation", "neuron", "try", "follow"} < set(seen.pictures)
    assert not {"maps", "through_time", "fit", "landscape"} & set(seen.pictures)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="the group is left out without Xvfb")
def test_a_window_is_watched_on_a_screen_of_its_own():
    with Screen() as screen:
        assert screen.painted() == 0
        seen = window.watch(next(window.cases()), screen, QUICK)
        assert screen.painted() == 0  # it is closed again
    assert len(seen.pairs) == len(seen.plays) == 2
    assert all(rate > 100 for pair in seen.pairs for rate in pair)
    assert set(seen.pictures) == {"loss", "boundary", "histograms", "gradients", "saturation"}
    assert seen.inputs
    assert min(seen.inputs) > 0
    assert 0 < max(seen.frames) < 5


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="the group is left out without Xvfb")
def test_the_start_is_seen_on_the_screen():
    with Screen() as screen:
        assert 0.1 < window.start(screen) < 30
        assert screen.painted() < 0.01 * SIZE[0] * SIZE[1]


def test_the_cost_of_looking_is_measured_against_the_same_steps(tmp_path):
    case = next(iter(SMALL.values()))
    project = case.project(tmp_path)
    plain, looked_at = EngineSide(project), cost.LookedAt(project)
    for side in (plain, looked_at):
        side.reset()
        side.run(7)
    assert largest_difference(plain, looked_at) == 0
    row = cost.row(case, project, QUICK)
    assert row.at_most
    assert row.value > 0


def test_memory_is_measured_in_a_process_of_its_own():
    found = dict(cost.memory())
    assert list(found) == ["after 20 steps", "after a look at the layers"]
    assert all(0.9 < ratio < 3 for ratio in found.values())


def test_a_picture_is_new_where_what_a_panel_draws_is_new():
    """The worker's answers count, and where a panel has none the curves; nothing drawn is no picture."""
    pytest.importorskip("PySide6")
    from benchmarks.watched import pictured
    from netviz.panels.catalogue import PANELS
    from tests.netviz.panels.histories import opened, take

    (lane,) = opened("A").lanes
    assert {panel.ident: pictured(lane, panel.topics) for panel in PANELS} == {panel.ident: None for panel in PANELS}
    take(lane, [0.5, 0.4])
    first = pictured(lane, {"loss", "scores"})
    assert first is not None
    assert pictured(lane, {"loss", "scores"}) == first
    take(lane, [0.3], start=2)
    assert pictured(lane, {"loss", "scores"}) != first
    answer = lane.weights = object()
    assert pictured(lane, {"loss", "weights"}) == (answer,)
    take(lane, [0.2], start=3)
    assert pictured(lane, {"loss", "weights"}) == (answer,)
