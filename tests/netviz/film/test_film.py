"""A film is the run, frame by frame: as many frames as asked for, the last as the panel is after as many steps."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from engine.project import Project, load_project
from engine.run.lane import Lane
from engine.run.messages import RunState
from engine.trainer import Trainer
from netviz import theme
from netviz.experiments import find_experiments
from netviz.film import encoding
from netviz.film.dialog import FilmDialog
from netviz.film.encoding import write_film
from netviz.film.feed import WAITING
from netviz.film.maker import FilmMaker
from netviz.film.plan import GIF_BYTES, HOLD, NETWORK, NO_VIDEO, WINDOW, FilmPlan
from netviz.subjects import PanelSubject
from tests.netviz.commands.command import netviz, write
from tests.netviz.exporting import LONG, action, banner_says, choose, train

__all__ = ["choose"]  # a fixture
SIZE = {"width": 320, "height": 200}


@pytest.fixture
def xor(qapp) -> Iterator[Project]:
    theme.start(qapp, "dark")
    yield load_project(find_experiments()["xor"].path)
    qapp.setStyleSheet("")


def film(qtbot, project: Project, path: Path, plan: FilmPlan, worker: str = "thread") -> str:
    """Makes it; a word on what is unusual about it."""
    maker, told = FilmMaker(plan, project, path, worker), []
    maker.made.connect(told.append)
    maker.failed.connect(lambda error: told.append(error))
    maker.start()
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    assert isinstance(told[0], str), told[0]
    return told[0]


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def pixels(image: QImage) -> np.ndarray:
    made = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(bytes(made.constBits()), np.uint8).reshape(made.height(), made.bytesPerLine())
    return rows[:, : made.width() * 3].reshape(made.height(), made.width(), 3)


@pytest.mark.parametrize(("worker", "scale"), [("thread", 1), ("process", 2)])
def test_the_last_frame_is_the_panel_after_as_many_steps(open_window, qtbot, tmp_path, xor, worker, scale):
    plan = FilmPlan("boundary", 23, 5, scale=scale, exact=True, **SIZE)
    assert film(qtbot, xor, tmp_path / "f.webp", plan, worker) == ""
    shown = frames(tmp_path / "f.webp")
    assert len(shown) == plan.frames == 6
    assert {frame.shape for frame in shown} == {(200 * scale, 320 * scale, 3)}
    assert all((a != b).any() for a, b in pairwise(shown))
    window = open_window()
    panel = next(panel for panel in window.panels if panel.ident == "boundary")
    for steps, frame in ((10, 2), (13, 5)):
        train(window, qtbot, steps)
        assert np.array_equal(pixels(PanelSubject(panel).image(QSize(320, 200), scale)), shown[frame])


def test_a_landscape_is_complete_in_every_frame(open_window, qtbot, qapp, tmp_path):
    theme.start(qapp, "dark")
    project = load_project(find_experiments()["zig-zag"].path)
    film(qtbot, project, tmp_path / "f.webp", FilmPlan("landscape", 20, 10, exact=True, **SIZE))
    shown = frames(tmp_path / "f.webp")
    window = open_window("zig-zag")
    panel = next(panel for panel in window.panels if panel.ident == "landscape")

    session = window.session
    for number in range(3):
        if number:
            session.advance(steps=10)
        qtbot.waitUntil(lambda step=10 * number: session.answered == (RunState.PAUSED, step), timeout=LONG)
        for _ in range(3):  # what is seen then may be more to ask for
            qtbot.waitUntil(lambda: not session.studying, timeout=LONG)
            panel.refresh()
        below = slice(48, None)  # the window writes beside the names in what the networks differ
        made = pixels(PanelSubject(panel).image(QSize(320, 200), 1))
        assert np.array_equal(made[below], shown[number][below]), number


def test_the_first_frame_is_the_run_before_its_first_step(open_window, qtbot, tmp_path, xor):
    film(qtbot, xor, tmp_path / "f.webp", FilmPlan("loss", 3, 1, exact=True, **SIZE))
    window = open_window()
    expected = PanelSubject(window.panels[0]).image(QSize(320, 200), 1)
    assert np.array_equal(pixels(expected), frames(tmp_path / "f.webp")[0])


def test_a_gif_and_its_times(qtbot, tmp_path, xor):
    plan = FilmPlan("loss", 8, 2, fps=30, suffix=".gif", **SIZE)
    film(qtbot, xor, tmp_path / "f.gif", plan)
    with Image.open(tmp_path / "f.gif") as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (5, (320, 200), 0)
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert times == [30, 40, 30, 30, HOLD]  # hundredths of a second that do not drift from 30 a second
    shown = frames(tmp_path / "f.gif")
    assert all((a != b).any() for a, b in pairwise(shown))


def test_a_video(qtbot, tmp_path, xor):
    av = pytest.importorskip("av")
    plan = FilmPlan("boundary", 24, 2, fps=25, suffix=".mp4", **SIZE)
    film(qtbot, xor, tmp_path / "f.mp4", plan)
    film(qtbot, xor, tmp_path / "f.webp", FilmPlan("boundary", 24, 2, exact=True, **SIZE))
    with av.open(str(tmp_path / "f.mp4")) as container:
        assert container.streams.video[0].average_rate == 25
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    expected = frames(tmp_path / "f.webp")
    assert len(shown) == len(expected) == 13

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(int) - b).mean())

    lost = max(apart(mine, theirs) for mine, theirs in zip(shown, expected, strict=True))
    assert lost < 4  # of 255: by the codec's colours
    assert apart(shown[0], expected[-1]) > lost + 4


@pytest.mark.parametrize(("what", "size"), [(WINDOW, (1280, 800)), (NETWORK, (640, 320))])
def test_the_window_and_the_network(qtbot, qapp, tmp_path, xor, what, size):
    shown_before = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    film(qtbot, xor, tmp_path / "f.gif", FilmPlan(what, 4, 2, width=size[0], height=size[1], suffix=".gif"))
    shown = frames(tmp_path / "f.gif")
    assert shown[0].shape == (size[1], size[0], 3)
    assert len(np.unique(shown[0].reshape(-1, 3), axis=0)) > 20
    if what == WINDOW:
        assert len(shown) == 3
        assert (shown[0] != shown[-1]).any()
    qtbot.wait(50)
    assert [window for window in qapp.topLevelWidgets() if window.isVisible()] == shown_before


def test_a_run_whose_loss_is_no_number_stands_still(qtbot, tmp_path, qapp):
    theme.start(qapp, "dark")
    project = load_project(write(tmp_path, loss="mse", optimizer={"kind": "sgd", "lr": 1e6}))
    said = film(qtbot, project, tmp_path / "f.webp", FilmPlan("loss", 40, 1, exact=True, **SIZE))
    assert said.endswith("the film stands still from there")
    with Image.open(tmp_path / "f.webp") as image:
        shown = [(frame.load(), frame.info["duration"])[1] for frame in ImageSequence.Iterator(image)]
    # Frames that are alike are one that stays: 0, 1, 2 and 3 steps, and then no more.
    assert shown == [50, 50, 50, 37 * 50 + HOLD]


def test_a_run_that_stops_early_stands_still_and_is_not_urged_on(qtbot, tmp_path, qapp):
    theme.start(qapp, "dark")
    file = write(tmp_path, early_stopping={"patience": 2, "min_delta": 1e6})
    lane = Lane(Trainer(load_project(file)))
    while not lane.stopped:
        lane.advance()
    steps = lane.trainer.step_number
    assert 0 < steps < 40
    maker = FilmMaker(FilmPlan("loss", 40, 4, exact=True, **SIZE), load_project(file), tmp_path / "f.webp", "thread")
    with qtbot.waitSignal(maker.made, timeout=LONG) as made:
        maker.start()
    assert made.args[0].startswith("; stopped early: no lower validation loss for 2 epochs")
    assert maker._stage.session.step == steps
    with Image.open(tmp_path / "f.webp") as image:
        shown = [(frame.load(), frame.info["duration"])[1] for frame in ImageSequence.Iterator(image)]
    assert sum(shown) == 10 * 50 + HOLD


# What goes wrong


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".mp4"])
def test_cancelled_means_nothing_written(qtbot, tmp_path, xor, suffix):
    if suffix == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"f{suffix}"
    path.write_text("of another program")
    maker = FilmMaker(FilmPlan("boundary", 2000, 1, suffix=suffix, **SIZE), xor, path, "thread")
    drawn: list[int] = []
    maker.progressed.connect(lambda done, _: drawn.append(done))
    maker.start()
    qtbot.waitUntil(lambda: len(drawn) > 5, timeout=LONG)
    with qtbot.waitSignal(maker.cancelled, timeout=LONG):
        maker.cancel()
    assert path.read_text() == "of another program"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".mp4"])
def test_a_full_disk_leaves_the_old_file(qtbot, tmp_path, xor, monkeypatch, suffix):
    if suffix == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"f{suffix}"
    path.write_text("of another program")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("engine.files.os.fsync", full)
    maker = FilmMaker(FilmPlan("boundary", 3, 1, suffix=suffix, **SIZE), xor, path, "thread")
    with qtbot.waitSignal(maker.failed, timeout=LONG) as failed:
        maker.start()
    assert failed.args[0].strerror == "No space left on device"
    assert path.read_text() == "of another program"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_worker_that_dies_is_told_of(qtbot, tmp_path, xor):
    path = tmp_path / "f.webp"
    maker = FilmMaker(FilmPlan("boundary", 2000, 1, **SIZE), xor, path, "process")
    with qtbot.waitSignal(maker.progressed, timeout=LONG):
        maker.start()
    with qtbot.waitSignal(maker.failed, timeout=LONG) as failed:
        os.kill(maker._stage.session.line.transport.pid, 9)
    assert "ended unexpectedly" in str(failed.args[0])
    assert not path.exists()


def test_no_more_frames_wait_than_are_allowed(qtbot, tmp_path, xor, monkeypatch):
    most = []

    def slow(file: Any, plan: FilmPlan, incoming: Iterator[bytes]) -> None:
        for number in range(plan.frames):
            next(incoming)
            ends = time.monotonic() + LONG / 1000
            while number == 0 and not maker._feed.full and time.monotonic() < ends:
                time.sleep(0.002)
            time.sleep(0.02)
            most.append(maker._feed._frames.qsize())

    monkeypatch.setitem(encoding.ENCODERS, ".webp", slow)
    maker = FilmMaker(FilmPlan("boundary", 30, 1, **SIZE), xor, tmp_path / "f.webp", "thread")
    with qtbot.waitSignal(maker.made, timeout=LONG):
        maker.start()
    assert max(most) == WAITING


def test_pillow_takes_frames_one_by_one(tmp_path):
    """The WebP encoder is handed a frame before the next one is made: a long film is never in memory as a whole."""
    plan, alive = FilmPlan("loss", 50, 1, width=64, height=64, exact=True), []

    def incoming() -> Iterator[bytes]:
        for number in range(plan.frames):
            alive.append(number)
            yield bytes([number, 0, 0]) * 64 * 64

    watched = incoming()
    order: list[str] = []
    real = encoding.Image.frombytes

    class Watching:
        def __getattr__(self, name: str) -> Any:
            return getattr(Image, name)

        def frombytes(self, *given: Any) -> Any:
            order.append(f"made {len(alive)}")
            return real(*given)

    monkey = pytest.MonkeyPatch()
    monkey.setattr(encoding, "Image", Watching())
    try:
        write_film(tmp_path / "f.webp", plan, watched)
    finally:
        monkey.undo()
    assert order == [f"made {n + 1}" for n in range(plan.frames)]
    assert [int(frame[0, 0, 0]) for frame in frames(tmp_path / "f.webp")] == list(range(51))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": 0}, "at least one step"),
        ({"width": 20}, "64 to 4096"),
        ({"scale": 8, "width": 640}, "64 to 4096"),
        ({"fps": 61}, "1 to 60"),
        ({"steps": 1_000_000}, "at most 100000"),
        ({"suffix": ".avi"}, ".webp, .gif, .mp4"),
        ({"suffix": ".gif", "steps": GIF_BYTES // (640 * 480)}, "more than 512 MB"),
        ({"suffix": ".mp4", "width": 321}, "even numbers"),
        ({"suffix": ".mp4"}, NO_VIDEO),
    ],
)
def test_what_cannot_be_made_is_said(monkeypatch, changed, said):
    monkeypatch.setattr("netviz.film.plan.find_spec", lambda name: None)
    plan = FilmPlan(**{"what": "loss", "steps": 10, "every": 1, **changed})
    assert said in plan.problem()
    assert FilmPlan("loss", 10, 3).problem() == ""
    assert [FilmPlan("loss", 10, 3).step_of(n) for n in range(5)] == [0, 3, 6, 9, 10]


# In the window


@pytest.fixture
def dialog(open_window) -> Callable[[], FilmDialog]:
    window = open_window()
    action(window, "Film of the Run…").trigger()
    (made,) = window.findChildren(FilmDialog)
    return made


def test_by_hand(dialog, qtbot, tmp_path, choose):
    window, path = dialog.parent(), tmp_path / "f.gif"
    assert (dialog.length.value(), dialog.unit.currentText(), dialog.every.value()) == (200, "epochs", 1)
    assert dialog.told.text().startswith("201 frames of 640 × 480 pixels, 10.1 s")
    dialog.what.setCurrentIndex(dialog.what.findData("loss"))
    dialog.length.setValue(6)
    dialog.every.setValue(4)
    dialog.sizes.show_size(QSize(320, 200))
    dialog.format.setCurrentIndex(dialog.format.findData(".gif"))
    assert dialog.told.text().startswith("3 frames of 320 × 200 pixels")
    assert dialog.plan.steps == 60
    choose(tmp_path / "f")
    dialog.make.click()
    assert banner_says(window, qtbot, "Exported") == "Exported to f.gif"
    assert len(frames(path)) == 3
    assert (window.session.step, window.session.running) == (0, False)  # the person's run stands where it stood
    action(window, "Film of the Run…").trigger()
    again = [d for d in window.findChildren(FilmDialog) if d.isVisible()][-1]
    assert (again.what.currentData(), again.plan.suffix, again.sizes.wanted) == ("loss", ".gif", QSize(320, 200))
    again.reject()


def test_cancel_in_the_dialog(dialog, qtbot, tmp_path, choose):
    window, path = dialog.parent(), tmp_path / "f.webp"
    choose(path)
    dialog.make.click()
    qtbot.waitUntil(lambda: dialog.bar.value() > 2, timeout=LONG)
    assert dialog.close_button.text() == "Cancel"
    dialog.close_button.click()
    assert banner_says(window, qtbot, "f.webp") == "f.webp was not written"
    assert not list(tmp_path.glob("*webp*"))


def test_the_window_can_close_while_a_film_is_made(dialog, qtbot, tmp_path, choose):
    window = dialog.parent()
    choose(tmp_path / "f.webp")
    dialog.make.click()
    qtbot.waitUntil(lambda: dialog.bar.value() > 2, timeout=LONG)
    window.files.forget()
    assert window.close()
    assert not list(tmp_path.glob("*webp*"))


def test_without_the_extra_the_video_is_shown_and_cannot_be_chosen(open_window, monkeypatch):
    monkeypatch.setattr("netviz.film.plan.find_spec", lambda name: None)
    window = open_window()
    action(window, "Film of the Run…").trigger()
    (made,) = window.findChildren(FilmDialog)
    item = made.format.model().item(made.format.findData(".mp4"))
    assert not item.isEnabled()
    assert item.text() == f"Video (mp4) – {NO_VIDEO}"
    made.reject()


# On the command line


def test_the_command_needs_no_display(tmp_path):
    file, out = write(tmp_path), tmp_path / "f.webp"
    done = netviz("film", file, out, "--panel", "loss", "--epochs", 2, "--size", "200x120", "--scale", 2)
    assert (done.status, done.out, done.err) == (0, f"{out}\n", "")
    assert [frame.shape for frame in frames(out)] == [(240, 400, 3)] * 3
    again = netviz("film", file, out, "--panel", "loss", "--steps", 6, "--every", 4, "--size", "100x100", "--quiet")
    assert (again.status, again.out) == (0, "")
    assert len(frames(out)) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("f.avi",), "OUT: .avi: expected .webp, .gif, .mp4"),
        (("f.webp", "--panel", "nix"), "--panel: expected loss, boundary,"),
        (("nowhere/f.webp",), "OUT: nowhere/f.webp: is in a folder that is not there, so it cannot be written"),
    ],
)
def test_bad_input_is_one_line(tmp_path, options, said):
    file = write(tmp_path)
    done = netviz("film", file, *options)
    assert done.status == 2
    assert done.err.startswith(f"{file}: {said}")
    assert done.err.count("\n") == 1
