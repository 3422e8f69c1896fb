"""Which kernels a run computes with: chosen before its first step, and never other ones within it.

`auto` takes compiled ones on the CPU if Numba is installed and has compiled them on this machine before (`python -m
engine.kernels`; it takes half a minute). So the same project gives the same bits wherever it is trained on one machine,
in a window or without. NETVIZ_KERNELS says otherwise.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from engine.files import write_atomically

VARIABLE = "NETVIZ_KERNELS"
STAMP = Path(__file__).parent / "__pycache__" / "compiled"  # beside what Numba has compiled, when that is all
SOURCES = STAMP.with_name("sources")  # of what there is


def kernels_for(device: str) -> str:
    """`numpy` or `numba`, for a run on the CPU."""
    wanted = os.environ.get(VARIABLE, "auto")
    if device != "cpu" or wanted == "numpy" or not installed():
        return "numpy"
    return "numba" if wanted == "numba" or is_compiled() else "numpy"


def installed() -> bool:
    return find_spec("numba") is not None


def is_compiled() -> bool:
    try:
        return STAMP.read_text(encoding="utf-8") == _stamp()
    except OSError:
        return False


def compile_all() -> None:
    """Compiles for both number types, which takes half a minute once; OSError where that cannot be kept."""
    from engine.kernels.running import warm

    warm()
    write_atomically(STAMP, _stamp().encode())


def forget_others() -> None:
    """Throws away what was compiled of other sources: Numba sees no change in another file than a function's own."""
    try:
        known = SOURCES.read_text(encoding="utf-8")
    except OSError:
        known = ""
    if known == _stamp():
        return
    for old in SOURCES.parent.glob("*.nb[ic]"):
        old.unlink(missing_ok=True)
    SOURCES.parent.mkdir(exist_ok=True)
    write_atomically(SOURCES, _stamp().encode())


def _stamp() -> str:
    """What the compiled code depends on."""
    from importlib.metadata import version  # slow to import, and without Numba not needed

    sources = sorted(Path(__file__).parent.glob("*.py"))
    return f"numba {version('numba')} " + " ".join(f"{path.name} {path.stat().st_mtime_ns}" for path in sources)
