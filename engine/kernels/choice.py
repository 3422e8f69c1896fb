"""Which kernels a run computes with: chosen before its first step, and never other ones within it.

`auto` takes compiled ones for nets so small that NumPy's calls cost more than what they do, if Numba is installed and
has compiled them on this machine before (`python -m engine.kernels`; it takes some seconds). So the same project gives
the same bits wherever it is trained on one machine, in a window or without. NETVIZ_KERNELS says otherwise.
"""

import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from engine.files import write_atomically
from engine.kernels.program import MOST_WORK
from engine.project import Project

VARIABLE = "NETVIZ_KERNELS"
PRODUCTS = 3  # of each weight with an example: one on the way to the loss, two on the way back
STAMP = Path(__file__).parent / "__pycache__" / "compiled"  # beside what Numba has compiled


def kernels_for(project: Project, device: str) -> str:
    """`numpy` or `numba`, for a run on the CPU."""
    wanted = os.environ.get(VARIABLE, "auto")
    if device != "cpu" or wanted == "numpy" or not installed():
        return "numpy"
    if wanted == "numba":
        return "numba"
    return "numba" if is_compiled() and is_tiny(project) else "numpy"


def is_tiny(project: Project) -> bool:
    """Whether a step's products are so few that they are done faster than NumPy can be called."""
    structure, batch = project.structure(), project.training.batch_size
    examples = getattr(project.data, "samples", MOST_WORK) if isinstance(batch, str) else batch
    weights = sum(map(structure.parameter_count, structure.order))
    return PRODUCTS * weights * int(examples) <= MOST_WORK


def installed() -> bool:
    return find_spec("numba") is not None


def is_compiled() -> bool:
    try:
        return STAMP.read_text(encoding="utf-8") == _stamp()
    except OSError:
        return False


def compile_all() -> None:
    """Compiles for both number types, which takes half a minute once; OSError where that cannot be kept."""
    for old in STAMP.parent.glob("machine.*.nb*"):  # Numba sees no change in another file than a function's own
        old.unlink()
    from engine.kernels.running import warm

    warm()
    write_atomically(STAMP, _stamp().encode())


def _stamp() -> str:
    """What the compiled code depends on."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return f"numba {version('numba')} " + " ".join(f"{path.name} {path.stat().st_mtime_ns}" for path in sources)
