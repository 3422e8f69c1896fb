"""Draws the gallery of panels, docs/gallery.md with its pictures, from real runs, dark and light: `make gallery`.

Given a folder, it draws every panel on every net into that, to be looked at: `python scripts/make_gallery.py DIR`.
"""

import json
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent.parent))

from PIL import Image
from PySide6.QtWidgets import QApplication

from engine.project import load_project
from engine.run.messages import Pace, PaceUnit, RunState
from netviz import theme
from netviz.app import make_application
from netviz.experiments import find_experiments
from netviz.main_window import MainWindow
from netviz.panels.catalogue import PANELS
from scripts.make_pictures import leave, picture, wait

DOCS = Path(__file__).parent.parent / "docs"
SIZE = (560, 380)
SETTLE = 1.2  # seconds that a panel that has just come into sight has for its picture

# The nets: an experiment, or the units of hidden layers and the data; and how many steps they are trained.
NETS: dict[str, tuple[str | tuple[list[int], str], int]] = {
    "xor": ("xor", 600),
    "digits": (([128, 64], "digits"), 400),
    "deep": ("vanishing-gradient", 300),
    "wide": (([2000], "digits"), 100),
    "sine": (([32, 32], "sine"), 1500),
    "pictures": ("lenet", 300),
    "code": ("autoencoder", 2000),
    "memory": ("long-memory", 300),
}
# Which net shows best what a panel is for; the others are shown on the digits.
BEST = {
    "boundary": "xor",
    "gradients": "deep",
    "saturation": "deep",
    "loss": "deep",
    "try": "xor",
    "follow": "xor",
    "diagnosis": "deep",
    "fit": "sine",
    "spectrum": "deep",
    "landscape": "xor",
    "representation": "xor",
    "through_time": "memory",
    "derivative": "deep",
    "maps": "pictures",
    "latent": "code",
    "adversary": "pictures",
}


def main() -> int:
    app = make_application("dark")
    if len(sys.argv) > 1:
        draw(app, Path(sys.argv[1]), {name: [kind.ident for kind in PANELS] for name in NETS}, "{panel}-{net}-{theme}")
        return 0
    wanted: dict[str, list[str]] = {}
    for kind in PANELS:
        wanted.setdefault(BEST.get(kind.ident, "digits"), []).append(kind.ident)
    draw(app, DOCS / "gallery", wanted, "{panel}-{theme}")
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")
    print(DOCS / "gallery.md")
    return 0


def page() -> str:
    """What each panel shows, in the words of the panel itself, with its pictures."""
    lines = [
        "# The panels",
        "",
        "Drawn by `make gallery` from real runs; the words are those behind each panel's “?”.",
        "",
    ]
    for kind in PANELS:
        lines += [
            f"## {kind.title}",
            "",
            "<picture>",
            f'  <source media="(prefers-color-scheme: dark)" srcset="gallery/{kind.ident}-dark.png">',
            f'  <img alt="{kind.title}" src="gallery/{kind.ident}-light.png" width="{SIZE[0]}">',
            "</picture>",
            "",
            kind.help,
            "",
        ]
    return "\n".join(lines)


def draw(app: QApplication, folder: Path, wanted: dict[str, list[str]], name: str) -> None:
    """Trains each net and saves the pictures of its `wanted` panels, dark and light."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        for net, panels in wanted.items():
            window = opened(app, net, Path(made))
            for ident in panels:
                for look in (theme.DARK, theme.LIGHT):
                    theme.look().use(look)
                    told = {"panel": ident, "net": net, "theme": "dark" if look is theme.DARK else "light"}
                    save(app, window, ident, folder / (name.format(**told) + ".png"))
            leave(window)


def opened(app: QApplication, net: str, folder: Path) -> MainWindow:
    """A window in which `net` is trained and paused."""
    what, steps = NETS[net]
    path = find_experiments()[what].path if isinstance(what, str) else mlp(folder / f"{net}.netviz", *what)
    window = MainWindow(load_project(path), None)
    window.resize(1440, 900)
    window.show()
    session = window.session
    wait(app, lambda: bool(session.history.lanes))
    window.docks["diagnosis"].show()  # it looks at the first steps
    wait(app, lambda: False, SETTLE)
    session.set_pace(Pace(PaceUnit.STEPS_A_FRAME, 4))
    session.play()
    wait(app, lambda: session.step >= steps or session.state is RunState.FINISHED)
    session.pause()
    wait(app, lambda: not session.running)
    return window


def mlp(path: Path, hidden: list[int], data: str) -> Path:
    """A project of so many units in hidden layers, written to `path`."""
    nodes: list[dict[str, object]] = [{"id": "x", "kind": "input"}]
    for number, units in enumerate(hidden, 1):
        nodes.append({"id": f"h{number}", "kind": "dense", "units": units, "init": "he_normal"})
        nodes.append({"id": f"a{number}", "kind": "relu" if data == "digits" else "tanh"})
    nodes.append({"id": "out", "kind": "dense", "units": 10 if data == "digits" else 1})
    ids = [str(node["id"]) for node in nodes]
    loss = "cross_entropy" if data == "digits" else "mse"
    training = {"loss": {"kind": loss}, "optimizer": {"kind": "adam", "lr": 0.003}, "batch_size": 64}
    source = {"kind": data, "preprocess": "standardize"}
    graph = {"nodes": nodes, "edges": [list(edge) for edge in pairwise(ids)]}
    told = {"format": "netviz-project", "version": 1, "data": source, "graph": graph, "training": training}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def save(app: QApplication, window: MainWindow, ident: str, path: Path) -> None:
    dock = window.docks[ident]
    dock.setFloating(True)
    dock.show()
    dock.resize(*SIZE)
    wait(app, lambda: False, SETTLE)
    picture(dock).quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    dock.close()
    print(path)


if __name__ == "__main__":
    sys.exit(main())
