"""A report is one page that needs nothing else, tells the run's own numbers, and cannot be broken by a name."""

import io
import re
import shlex
from base64 import b64decode
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from engine.divergence import DivergenceError
from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.project import load_project
from engine.run.messages import Points
from engine.trainer import Trainer
from engine.weights import save_weights
from netviz.report.chart import BOTTOM, HEIGHT, LEFT, MOST, RIGHT, TOP, WIDTH, Axis, Curve, chart
from netviz.report.contents import png_bytes
from netviz.report.markup import Markup, tag, text
from netviz.report.plane import pixels
from tests.netviz.commands.command import here, lines, netviz, write
from tests.netviz.report.reading import Checked, checked

HOSTILE = "</title></style><script>alert('1')</script><img src=x onerror=alert(2)> \"&amp; \x00\x1b"
WILD: dict[str, Any] = {"loss": "mse", "optimizer": {"kind": "sgd", "lr": 1e6}}


def report(capfd: Any, file: Path, *options: object, status: int = 0) -> tuple[bytes, Checked]:
    out = file.with_name("R.html")
    done = here(capfd, "report", file, *options, out)
    assert done.status == status, done.err
    assert done.out == f"{out}\n"
    page = out.read_bytes()
    return page, checked(page)


def cells(page: bytes, row: str) -> list[str]:
    found = re.search(rf'<tr><th scope="row">{re.escape(row)}</th>(.*?)</tr>', page.decode())
    assert found is not None
    return [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<td.*?>(.*?)</td>", found[1])]


def test_the_numbers_are_the_runs_own(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path, {"variant": "small net"})
    page, read = report(capfd, file)
    trainer = Trainer(load_project(file))
    trainer.run(20)
    train, held = trainer.evaluate()
    assert held is not None
    told = cells(page, "small net")
    assert told[:3] == ["21", "20", "5"]
    assert float(told[3]) == pytest.approx(train.loss, abs=5e-4)
    assert told[4] == f"{train.accuracy:.2%}".replace("%", "\N{NO-BREAK SPACE}%")
    assert float(told[5]) == pytest.approx(held.loss, abs=5e-4)
    assert cells(page, "h1") == ["Dense", "units 5", "5", "15"]
    assert cells(page, "optimizer.lr") == ["0.02"]
    assert cells(page, "began with") == ["the initial weights of the seed"]
    assert {"Loss", "Accuracy", "Gradient norm", "small net"} <= set(read.all_of("figcaption"))


def test_what_it_says_to_type_repeats_the_run(capfd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = [
        {"name": "a 'quoted' one", "training": {**msgspec.json.decode(write(tmp_path).read_bytes())["training"]}}
    ]
    file = write(tmp_path, {"variants": variants})
    page, _ = report(capfd, file, "--seed", 9, "--set", "training.optimizer.lr=0.05", "--steps", 13)
    commands, project = [unescape(part) for part in re.findall(r"<pre>(.*?)</pre>", page.decode(), re.DOTALL)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.netviz").write_text(project)
    second = commands.splitlines()[1]
    assert shlex.split(second)[4] == "a 'quoted' one"
    done = netviz_typed(capfd, second)
    assert done.status == 0, done.err
    last = lines(tmp_path / "run.jsonl")
    assert [line["step"] for line in last[1:] if "epoch_end" not in line] == list(range(13))
    assert last[0]["seed"] == 9
    other, _ = report(capfd, tmp_path / "run.netviz", "--seed", 9, "--steps", 13)
    assert other == page  # the same run: the same page, to the last byte


def netviz_typed(capfd: Any, line: str) -> Any:
    program, *arguments = shlex.split(line)
    assert program == "netviz"
    return here(capfd, *arguments)


def test_no_name_breaks_the_page(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path, {"name": HOSTILE, "variant": HOSTILE, "panels": {"note": HOSTILE + "</pre>"}})
    page, read = report(capfd, file, "--epochs", 1)
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert read.all_of("h1") == [shown]
    assert read.all_of("title")[0].startswith("</title></style><script>")
    assert b"<script" not in page
    assert b"onerror=" in page  # as text, between other text
    assert all("onerror" not in given for _, given in read.seen)
    project = unescape(re.findall(r"<pre>(.*?)</pre>", page.decode(), re.DOTALL)[1])
    assert msgspec.json.decode(project)["panels"]["note"] == HOSTILE + "</pre>"


def test_a_loss_that_is_no_number_is_told(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path, **WILD)
    _, read = report(capfd, file, status=3)
    with pytest.raises(DivergenceError) as caught:
        Trainer(load_project(file)).run(20)
    assert f"A: {caught.value}" in read.all_of("p")


def test_early_stopping_is_told(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path, early_stopping={"patience": 1, "min_delta": 1e6})
    page, read = report(capfd, file)
    assert "A: stopped early: no lower validation loss in an epoch; the weights of epoch 1 are back" in read.all_of("p")
    assert cells(page, "A")[1:3] == ["8", "2"]
    assert cells(page, "early_stopping.patience") == ["1"]


def test_weights_are_told_of_as_they_are(capfd: Any, tmp_path: Path) -> None:
    file, weights = write(tmp_path), tmp_path / "w.safetensors"
    trainer = Trainer(load_project(file))
    trainer.run(50)
    save_weights(weights, trainer.network.state())
    page, read = report(capfd, file, "--weights", weights)
    assert cells(page, "A")[1:3] == ["0", "0"]
    assert float(cells(page, "A")[3]) == pytest.approx(trainer.evaluate()[0].loss, abs=5e-4)
    assert cells(page, "began with") == ["the weights of w.safetensors, not trained further"]
    assert "How it came" not in read.all_of("h2")
    assert "The decision at the end" in read.all_of("h2")


def test_weights_of_one_network_for_two_are_refused(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path, {"variants": [{"name": "B"}]})
    done = here(capfd, "report", file, "--weights", "w.safetensors", tmp_path / "R.html")
    assert (done.status, done.err) == (
        2,
        f"{file}: --weights: are of one network: choose it by --variant out of A, B\n",
    )
    assert not (tmp_path / "R.html").exists()


def test_train_writes_one_and_watching_changes_nothing(capfd: Any, tmp_path: Path) -> None:
    file, plain, watched = write(tmp_path), tmp_path / "T.jsonl", tmp_path / "U.jsonl"
    assert here(capfd, "train", file, "--telemetry", plain).status == 0
    assert here(capfd, "train", file, "--telemetry", watched, "--report", tmp_path / "R.html").status == 0
    assert plain.read_bytes() == watched.read_bytes()
    beside = (tmp_path / "R.html").read_bytes()
    assert "How it came" in checked(beside).all_of("h2")
    assert report(capfd, file)[0] == beside


def test_it_needs_no_display_and_no_qt(tmp_path: Path) -> None:
    file = write(tmp_path)
    hidden = tmp_path / "PySide6.py"
    hidden.write_text("raise ImportError('Qt was asked for')\n")
    done = netviz("report", file, tmp_path / "R.html", PYTHONPATH=str(tmp_path))
    assert (done.status, done.out) == (0, f"{tmp_path / 'R.html'}\n"), done.err


def test_a_disk_that_is_full_leaves_the_old_page(capfd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out = write(tmp_path), tmp_path / "R.html"
    out.write_text("of yesterday")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.files.os.fsync", full)
    done = here(capfd, "report", file, "--quiet", out)
    assert (done.status, done.err) == (2, f"{out}: No space left on device\n")
    assert out.read_text() == "of yesterday"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["R.html", "net.netviz"]


# Its parts


def points_of(drawn: Markup, colour: str) -> np.ndarray:
    path = re.search(rf'<path d="M([^"Z]*)Z?" class="(?:curve|band) {colour}"', drawn)
    assert path is not None
    return np.array([[float(n) for n in pair.split()] for pair in path[1].split("L")])


def test_a_curve_lies_where_its_numbers_are() -> None:
    steps, values = np.arange(0, 101, 10), np.linspace(1.0, 0.25, 11)
    drawn = chart("Loss", [Curve("train", steps, values, values, "lane0")])
    assert drawn is not None
    found = points_of(drawn, "lane0")
    np.testing.assert_allclose((found[:, 0] - LEFT) / (WIDTH - LEFT - RIGHT) * 100, steps, atol=0.02)
    height = HEIGHT - TOP - BOTTOM
    np.testing.assert_allclose((HEIGHT - BOTTOM - found[:, 1]) / height * 1.02 - 0.02, values, atol=1e-3)
    logged = chart("Norm", [Curve("h1", steps, 10.0**-steps, 10.0**-steps, "d0")], Axis(log=True))
    assert logged is not None
    found = points_of(logged, "d0")
    np.testing.assert_allclose((HEIGHT - BOTTOM - found[:, 1]) / height * 100 - 100, -steps, atol=0.1)


def test_many_points_are_thinned_and_keep_their_extremes() -> None:
    steps = np.arange(20_000)
    values = np.ones(20_000)
    values[7_001] = 2.5
    drawn = chart("Loss", [Curve("batch", steps, values, values, "lane1", band=True)])
    assert drawn is not None
    found = points_of(drawn, "lane1")
    assert len(found) == 2 * MOST
    assert found[:, 1].min() == pytest.approx(TOP, abs=0.1)  # the spike reaches the axis' end


def test_gaps_and_nothing_at_all() -> None:
    nothing = np.array([np.nan, np.inf])
    assert chart("Loss", [Curve("a", np.arange(2), nothing, nothing, "d0")]) is None
    assert chart("Norm", [Curve("a", np.arange(2), np.zeros(2), np.zeros(2), "d0")], Axis(log=True)) is None
    one = chart("Loss", [Curve("a", np.array([5]), np.array([0.0]), np.array([0.0]), "d0")])
    assert one is not None
    assert "<circle" in one


def test_markup_escapes_what_is_not_markup() -> None:
    assert tag("p", "<b>", Markup("<i>"), None, 3, title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i>3</p>'
    assert text("\ud800\x00a\n\t") == "\ufffd\ufffda\n\t"
    text("\ud800").encode()


def test_pictures_are_png() -> None:
    made = np.random.default_rng(0).integers(0, 256, (7, 5, 4), np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(made)))), made)


def test_the_plane_is_the_classes_colour_and_fades_where_it_is_unsure() -> None:
    values = np.array([[0.0, 0.5], [1.0, 0.75]], np.float32)
    got = pixels(BoundaryAnswer(values, None, True, (0, 1, 0, 1)), None)
    blue, orange = (0x2B, 0x6F, 0xE0), (0xE0, 0x7B, 0x12)
    assert tuple(got[1, 0]) == (*blue, 235)  # the lowest row comes last
    assert tuple(got[0, 0]) == (*orange, 235)
    assert got[1, 1, 3] == 0
    assert 0 < got[0, 1, 3] < 235
    several = Points(np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2)), np.zeros(0), 3)
    winners = np.array([[0, 1], [2, 2]], np.uint8)
    got = pixels(BoundaryAnswer(np.full((2, 2), 1 / 3, np.float32), winners, True, (0, 1, 0, 1)), several)
    assert (got[..., 3] == 0).all()


def test_a_plane_of_any_numbers_is_painted() -> None:
    values = np.array([[np.inf, -np.inf], [1e308, np.nan]])
    sure = pixels(BoundaryAnswer(values, None, True, (0, 1, 0, 1)), None)[..., 3]
    assert np.array_equal(sure, [[235, 0], [235, 235]])


def test_the_decision_on_the_page_is_the_networks(capfd: Any, tmp_path: Path) -> None:
    file = write(tmp_path)
    page, _ = report(capfd, file)
    (address,) = re.findall(r'<image href="data:image/png;base64,([^"]*)"', page.decode())
    seen = np.asarray(Image.open(io.BytesIO(b64decode(address))))
    trainer = Trainer(load_project(file))
    trainer.run(20)
    answer = Boundary().measure(trainer)
    assert answer is not None
    orange = seen[::-1, :, 0] > seen[::-1, :, 2]
    assert np.array_equal(orange, np.asarray(answer.values) > 0.5)
