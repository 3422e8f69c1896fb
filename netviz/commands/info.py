"""`netviz info`: what is here, what is missing, and how to get it."""

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

from engine.backend import cards
from engine.kernels.choice import installed, is_compiled
from engine.memory import size
from engine.telemetry import blas_threads
from netviz.exit_status import DONE
from netviz.film.plan import NO_VIDEO, has_video
from netviz.system import mending_line, missing_libraries

PACKAGES = ("netviz", "numpy", "PySide6-Essentials", "pyqtgraph", "msgspec", "safetensors", "onnx", "pillow")


def run(options: argparse.Namespace) -> int:
    """Prints versions and devices; returns the exit status."""
    print(f"python {platform.python_version()} on {platform.platform()}")
    for name in PACKAGES:
        try:
            print(f"{name} {version(name)}")
        except PackageNotFoundError:
            print(f"{name} is missing: pip install {name}")
    available = blas_threads()
    print(f"device cpu: {platform.machine()}, kernels {_kernels()}, training on one of {available} BLAS threads")
    found = cards()
    if isinstance(found, str):
        print(f"device cuda: none; {found}")
    else:
        for number, card in enumerate(found):
            print(f"device cuda:{number}: {card.name}, {size(card.memory)}")
    print("films as mp4: PyAV is there" if has_video() else f"films as {NO_VIDEO}")
    missing = missing_libraries()
    print(mending_line(missing) if missing else "window: every system library is there")
    return DONE


def _kernels() -> str:
    """What computes a step."""
    if not installed():
        return "NumPy (Numba makes it faster: pip install 'netviz[fast]')"
    return "NumPy and Numba" if is_compiled() else "NumPy (Numba: python -m engine.kernels)"
