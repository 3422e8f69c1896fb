"""What Qt needs from the operating system, and the one line that mends what is missing.

Qt's own errors name the wrong library or none (it blames xcb-cursor0 whichever xcb library is absent), so each library
is tried before Qt is. Standard library only: the set-up script runs this before anything is installed.
"""

import ctypes
import os
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SystemLibrary:
    """A shared library that Qt loads, and the Debian package that holds it."""

    soname: str
    package: str
    screen_only: bool = False  # the X11 plugin wants it; the offscreen plugin does not


QT_LIBRARIES = (
    SystemLibrary("libGL.so.1", "libgl1"),
    SystemLibrary("libEGL.so.1", "libegl1"),
    SystemLibrary("libglib-2.0.so.0", "libglib2.0-0"),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3"),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1"),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", screen_only=True),
    SystemLibrary("libxkbcommon.so.0", "libxkbcommon0"),
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", screen_only=True),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", screen_only=True),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", screen_only=True),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", screen_only=True),
)


def missing_libraries(
    libraries: Iterable[SystemLibrary] = QT_LIBRARIES,
    load: Callable[[str], object] = ctypes.CDLL,
    platform: str = sys.platform,
) -> list[str]:
    """The Debian packages whose library does not load, in order, each once; empty where Qt brings all it needs."""
    if not platform.startswith("linux"):
        return []
    missing = [library.package for library in libraries if not _loads(library.soname, load)]
    return list(dict.fromkeys(missing))


def mending_line(packages: Iterable[str]) -> str:
    """The one line that a person can paste."""
    return f"Qt needs system libraries that are missing: sudo apt-get install -y {' '.join(packages)}"


def ensure_qt(
    offscreen: bool | None = None,
    load: Callable[[str], object] = ctypes.CDLL,
    platform: str = sys.platform,
) -> None:
    """Call before the first Qt import: a missing library ends the program with that line and status 1.

    Without a screen (`offscreen`, by default what QT_QPA_PLATFORM says) the X11 libraries are not asked for.
    """
    if offscreen is None:
        offscreen = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] in {"offscreen", "minimal"}
    wanted = [library for library in QT_LIBRARIES if not (offscreen and library.screen_only)]
    if packages := missing_libraries(wanted, load, platform):
        print(mending_line(packages), file=sys.stderr)
        raise SystemExit(1)


def _loads(soname: str, load: Callable[[str], object]) -> bool:
    try:
        load(soname)
    except OSError:
        return False
    return True


def no_display() -> str:
    """Why a window could be seen by nobody; empty where it could, or where a platform was chosen by hand.

    Qt would end the program by an abort, in eight lines that blame a library.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    screens = {name: os.environ[name] for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)}
    if not screens:
        return "there is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set)"
    if any(_ANSWERS[name](at) for name, at in screens.items()):
        return ""
    return (
        "no display answers to open a window on (" + ", ".join(f"{name} is {at}" for name, at in screens.items()) + ")"
    )


def _x_answers(at: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # which nobody can tell; Qt's libraries are looked for next
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(os.fsencode(at), None))  # never null
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def _wayland_answers(at: str) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), at))
        except OSError:
            return False
    return True


_ANSWERS = {"DISPLAY": _x_answers, "WAYLAND_DISPLAY": _wayland_answers}
