"""A screen for every test: the one there is, a virtual one, or Qt's offscreen platform."""

import os
import shutil
import sys

from hypothesis import settings

# Two cores and a loaded machine: a slow example is no failure; the same examples everywhere make a failure repeatable.
settings.register_profile("netviz", deadline=None, derandomize=True)
settings.load_profile("netviz")

# The tests of compiled kernels ask for them; all others are of NumPy's, whatever is installed here.
os.environ["NETVIZ_KERNELS"] = "numpy"

# pytest-xvfb starts Xvfb where it is installed. Set before any test imports Qt.
if sys.platform.startswith("linux") and not (
    os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or shutil.which("Xvfb")
):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
