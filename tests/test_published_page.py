"""docs/published-networks.md: its project files are read, counted and trained as it says."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.netviz.commands.command import here

PAGE = (Path(__file__).parent.parent / "docs" / "published-networks.md").read_text("utf-8")
LENET, ALEXNET = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def typed(program: str) -> list[str]:
    """What stands behind `netviz`, without the remarks."""
    return [line.partition("  #")[0].strip() for line in PAGE.splitlines() if line.startswith(f"netviz {program}")]


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A project beside files of the MNIST format: pictures of noise with a bright bar where the label says."""
    rng = np.random.default_rng(0)
    for name, count in (("train", 60), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        pictures = rng.integers(0, 60, (count, 28, 28), np.uint8)
        for picture, label in zip(pictures, labels, strict=True):
            picture[2 * label + 3 : 2 * label + 6, 4:24] = 255
        images = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pictures.tobytes()
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(images)  # packed or not, whatever the name
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + bytes(labels))
    (tmp_path / "lenet.netviz").write_text(LENET, "utf-8")
    return tmp_path


def test_lenet_is_counted_and_trained_on_files_of_the_mnist_format(mnist, capfd, monkeypatch):
    monkeypatch.chdir(mnist)
    for line in typed("check lenet") + typed("train lenet"):
        done = here(capfd, *line.split()[1:], *(["--quiet"] if "train" in line else []))
        assert (done.status, done.err) == (0, ""), line
        if "check" in line:
            assert "2,578 parameters in all" in done.out
            assert "98,442 connections" in done.out
            for node, shape in (("h1", "4×24×24"), ("h2", "4×12×12"), ("h3", "12×8×8"), ("h4", "12×4×4")):
                assert re.search(rf"^{node} +\w+ +{shape} ", done.out, re.MULTILINE), node
    assert (mnist / "lenet.safetensors").exists()


def test_without_the_files_it_says_which_is_not_there(mnist, capfd):
    (mnist / "train-labels-idx1-ubyte.gz").unlink()
    done = here(capfd, "check", mnist / "lenet.netviz")
    assert done.status == 2
    assert "train-labels-idx1-ubyte.gz" in done.err


def test_alexnet_is_counted_and_takes_no_memory(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("engine.parameters.Parameters.__init__", lambda *_: pytest.fail("memory was taken"))
    (tmp_path / "alexnet.netviz").write_text(ALEXNET, "utf-8")
    monkeypatch.chdir(tmp_path)
    (line,) = typed("check alexnet")
    done = here(capfd, *line.split()[1:])
    assert (done.status, done.err) == (0, "")
    assert "60,965,224 parameters in all" in done.out
    assert all(count in PAGE for count in ("60,965,224", "2,578", "98,442"))
