"""The page in a real browser that has no network: what it shows is there, and nothing is asked for."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.netviz.commands.command import here, write

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND"
WIDTH, HEIGHT = 900, 1600


@pytest.fixture
def page(tmp_path: Path, capfd: Any) -> Path:
    out = tmp_path / "R.html"
    assert here(capfd, "report", write(tmp_path), out).status == 0
    return out


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    profile = page.parent / "profile"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", NO_NETWORK, f"--user-data-dir={profile}"]
    command += ["--enable-logging=stderr", *options, page.as_uri()]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=90, check=True)


def test_it_opens_with_no_network_and_complains_of_nothing(page: Path) -> None:
    done = browse(page, "--dump-dom")
    assert "<svg" in done.stdout
    wrong = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "ERR_" in line]
    assert wrong == []


def test_a_page_that_asks_for_more_would_be_caught(page: Path) -> None:
    """The control."""
    asking = page.with_name("asking.html")
    asking.write_text(
        '<html><body><img src="http://netviz.example/x.png"><script>console.error(1)</script></body></html>'
    )
    done = browse(asking, "--dump-dom")
    assert any("CONSOLE" in line or "ERR_" in line for line in done.stderr.splitlines())


def test_it_is_drawn(page: Path) -> None:
    """Ink of text, and the colours of the curves and of the drawn network."""
    picture = page.with_name("R.png")
    browse(page, f"--screenshot={picture}", f"--window-size={WIDTH},{HEIGHT}")
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert pixels.shape[1] == WIDTH
    background = pixels[2, 2]
    ink = (np.abs(pixels - background).sum(axis=2) > 60).mean()
    assert 0.01 < ink < 0.6
    coloured = (pixels.max(axis=2) - pixels.min(axis=2) > 60).sum()
    assert coloured > 200
