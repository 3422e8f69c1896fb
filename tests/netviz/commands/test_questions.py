"""`netviz check --overfit --rates`, and `netviz answer` behind a window: the same questions, the same answers."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.checks.questions import Kind, Question, ask, decode_line
from engine.project import load_project
from tests.netviz.commands.command import ROOT, Done, environment, here, netviz, write


def last_of(kind: Kind, file: Path) -> object:
    *_, report = ask(kind, load_project(file))
    return report


def test_a_sound_network_learns_a_few_examples(tmp_path: Path) -> None:
    done = netviz("check", write(tmp_path), "--overfit", 10)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1].startswith("10 examples are learnt by heart: loss ")


def test_all_examples_there_are_where_fifty_are_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "check", write(tmp_path), "--overfit")
    assert "30 examples are" in done.out


def test_a_network_that_does_not_learn_them_ends_with_1_and_says_what_to_look_at(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = here(capfd, "check", write(tmp_path), "--overfit", "--set", "training.optimizer.lr=1e-9")
    assert (done.status, done.err) == (1, "")
    assert "30 examples are not learnt: loss " in done.out
    assert done.out.splitlines()[-1].startswith("- ")
    assert "try a larger rate" in done.out


def test_a_rate_is_suggested(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "check", write(tmp_path), "--rates")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1] == str(last_of(Kind.RATES, tmp_path / "net.netviz"))
    assert done.out.splitlines()[-1].startswith("try a rate near ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.netviz"]


def test_the_curve_goes_to_a_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, {"variant": "one", "variants": [{"name": "two"}]})
    done = here(capfd, "check", file, "--rates", tmp_path / "rates.csv")
    assert done.status == 0
    assert [line.partition(": ")[0] for line in done.out.splitlines()[-2:]] == ["one", "two"]
    header, *rows = csv.reader((tmp_path / "rates.csv").read_text().splitlines())
    assert header == ["network", "rate", "loss", "smoothed"]
    assert {row[0] for row in rows} == {"one", "two"}
    *_, report = ask(Kind.RATES, load_project(file).lanes()[0])
    assert [tuple(map(float, row[1:])) for row in rows if row[0] == "one"] == [
        (p.rate, p.loss, p.smoothed) for p in report.points
    ]


def test_a_loss_that_falls_at_no_rate_ends_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    frozen = {"trainable": False, "units": 1, "init": "zeros"}
    nodes = [{"id": "x", "kind": "input"}, {"id": "h", "kind": "dense", **frozen}, {"id": "p", "kind": "prelu"}]
    file = write(tmp_path, {"graph": {"nodes": nodes, "edges": [["x", "h"], ["h", "p"]]}})
    done = here(capfd, "check", file, "--rates")
    assert done.status == 1
    assert "the loss fell at no rate" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--overfit", "0"], "expected a whole number from 1, got '0'"),
        (["--overfit", "ten"], "expected a whole number from 1, got 'ten'"),
        (["--rates", "there/is/none.csv"], "is in a folder that is not there"),
        (["--rates", "net.netviz"], "expected a file of its own, got the project"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = write(tmp_path).read_bytes()
    done = here(capfd, "check", "net.netviz", *arguments)
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert (tmp_path / "net.netviz").read_bytes() == before


def test_an_optimizer_that_has_no_rate_is_refused_before_any_work(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, optimizer={"kind": "lbfgs"}, batch_size="all")
    done = here(capfd, "check", file, "--gradients", "--rates")
    assert (done.status, done.out) == (2, "")
    message = "training.optimizer: lbfgs looks for the length of every step itself: there is no learning rate to find"
    assert done.err == f"{file}: {message}\n"
    assert here(capfd, "check", file, "--overfit").status == 0


def test_all_questions_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "check", write(tmp_path), "--gradients", "--overfit", "--rates", "--set", "training.seed=3")
    assert done.status == 0
    for words in ("h1.weight: 10 gradients", "learnt by heart", "try a rate near"):
        assert words in done.out


def test_a_terminal_sees_how_far_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path)
    assert here(capfd, "check", file, "--rates").err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = here(capfd, "check", file, "--rates", "--gradients", "--overfit")
    for name in ("gradients", "overfit", "rates"):
        assert f"\r{name} " in done.err
    assert "%" in done.err
    assert "█" not in done.out


# netviz answer


def answered(question: bytes) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "netviz", "answer"],
        cwd=ROOT,
        env=environment(),
        input=question,
        capture_output=True,
        timeout=60,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("kind", Kind)
def test_the_process_answers_as_the_engine_does(tmp_path: Path, kind: Kind) -> None:
    file = write(tmp_path)
    done = answered(msgspec.json.encode(Question(kind, msgspec.json.decode(file.read_bytes()), str(tmp_path))))
    assert (done.status, done.err) == (0, "")
    *shares, end = [decode_line(line.encode(), kind) for line in done.out.splitlines()]
    assert all(line.share is not None and 0 <= line.share <= 1 for line in shares)
    assert end.report == last_of(kind, file)


def test_data_files_are_looked_for_in_the_folder(tmp_path: Path) -> None:
    data = {"kind": "npz", "path": "gone.npz"}
    project = {**msgspec.json.decode(write(tmp_path).read_bytes()), "data": data}
    done = answered(msgspec.json.encode(Question(Kind.RATES, project, str(tmp_path))))
    assert done.status == 1
    assert decode_line(done.out.encode(), Kind.RATES).failed == "data.path: 'gone.npz' there is no such file"
    assert "Traceback" not in done.err


@pytest.mark.parametrize("question", [b"", b"{}", b'{"kind": "fortune", "project": {}, "folder": "."}', b"\xff"])
def test_what_is_no_question_is_said_in_a_line(question: bytes) -> None:
    done = answered(question)
    assert (done.status, done.err) == (1, "")
    assert decode_line(done.out.encode(), Kind.RATES).failed


def test_it_ends_with_the_window_that_asked(tmp_path: Path) -> None:
    """Nobody reads any more: it does not work on for nobody."""
    content = msgspec.json.decode(write(tmp_path).read_bytes())
    content["graph"]["nodes"][1]["units"] = 8000
    content["data"] = {"kind": "noise", "shape": [5], "samples": 64}
    process = subprocess.Popen(
        [sys.executable, "-m", "netviz", "answer"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    content["training"] |= {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "lr": 1e-9}}
    process.stdin.write(msgspec.json.encode(Question(Kind.OVERFIT, content, str(tmp_path))))
    process.stdin.close()
    try:
        assert process.stdout.readline().startswith(b'{"share"')
        process.send_signal(signal.SIGINT)  # Ctrl+C in the terminal is the window's to answer
        assert process.stdout.readline().startswith(b'{"share"')
        assert process.stdout.readline().startswith(b'{"share"')
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == b""
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.stderr.close()


def test_no_command_of_its_own_is_offered(capfd: pytest.CaptureFixture[str]) -> None:
    assert "answer" not in here(capfd, "--help").out
