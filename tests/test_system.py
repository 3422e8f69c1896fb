"""What is missing is named by package, in one line, before Qt can fail in its own words."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netviz.system import QT_LIBRARIES, SystemLibrary, ensure_qt, mending_line, missing_libraries, no_display

ROOT = Path(__file__).resolve().parents[1]


def without(*sonames: str) -> Callable[[str], object]:
    """A loader on a machine that lacks these."""

    def load(soname: str) -> object:
        if soname in sonames:
            raise OSError(f"{soname}: cannot open shared object file: No such file or directory")
        return object()

    return load


def test_nothing_is_missing_where_everything_loads() -> None:
    assert missing_libraries(load=without(), platform="linux") == []


def test_missing_libraries_are_named_by_package_in_order() -> None:
    load = without("libxcb-cursor.so.0", "libGL.so.1")
    assert missing_libraries(load=load, platform="linux") == ["libgl1", "libxcb-cursor0"]


def test_a_package_with_two_missing_libraries_is_named_once() -> None:
    pair = [SystemLibrary("libone.so.1", "both"), SystemLibrary("libtwo.so.1", "both")]
    assert missing_libraries(pair, without("libone.so.1", "libtwo.so.1"), "linux") == ["both"]


def test_the_real_loader_misses_a_library_that_nobody_has() -> None:
    nobody = [SystemLibrary("libnobody-has-this.so.9", "nobody9")]
    assert missing_libraries(nobody, platform="linux") == ["nobody9"]


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_elsewhere_qt_brings_all_it_needs(platform: str) -> None:
    everything = without(*(library.soname for library in QT_LIBRARIES))
    assert missing_libraries(load=everything, platform=platform) == []
    ensure_qt(load=everything, platform=platform)


def test_the_mending_line_can_be_pasted() -> None:
    line = mending_line(["libgl1", "libegl1"])
    assert line == "Qt needs system libraries that are missing: sudo apt-get install -y libgl1 libegl1"


def test_ensure_qt_says_one_line_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        ensure_qt(offscreen=False, load=without("libxcb-icccm.so.4"), platform="linux")
    assert stopped.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == mending_line(["libxcb-icccm4"]) + "\n"


def test_without_a_screen_the_x11_libraries_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    load = without("libxcb-icccm.so.4", "libxkbcommon-x11.so.0")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    ensure_qt(load=load, platform="linux")
    monkeypatch.delenv("QT_QPA_PLATFORM")
    with pytest.raises(SystemExit):
        ensure_qt(load=load, platform="linux")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="apt is on Linux")
def test_every_library_of_the_list_is_one_that_qt_links() -> None:
    """Each soname stands in some file of the installed Qt, so that no name is misspelt or out of date."""
    import PySide6

    qt = Path(PySide6.__file__).parent / "Qt"
    needed = b"".join(
        file.read_bytes() for file in [*qt.glob("plugins/platforms/libq*.so"), *qt.glob("lib/libQt6[CGD][ouB]*.so.6")]
    )
    assert [library.soname for library in QT_LIBRARIES if library.soname.encode() not in needed] == []


def test_the_module_needs_nothing_but_the_standard_library() -> None:
    """The set-up script imports it before anything is installed: -S and -I hide every installed package."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import netviz.system; print(netviz.system.mending_line('x'))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "apt-get" in done.stdout


# A display


def opened(monkeypatch: pytest.MonkeyPatch, **screens: str) -> subprocess.CompletedProcess[str]:
    """`netviz` without a command, as somebody types it, where these are the displays."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, at in screens.items():
        monkeypatch.setenv(name, at)
    command = [sys.executable, "-m", "netviz"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")
@pytest.mark.parametrize(
    ("screens", "why"),
    [
        ({}, "there is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set)"),
        ({"DISPLAY": ":7531"}, "no display answers to open a window on (DISPLAY is :7531)"),
        (
            {"DISPLAY": ":7531", "WAYLAND_DISPLAY": "wayland-7531", "XDG_RUNTIME_DIR": "/nowhere"},
            "no display answers to open a window on (DISPLAY is :7531, WAYLAND_DISPLAY is wayland-7531)",
        ),
    ],
)
def test_without_a_display_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, screens: dict[str, str], why: str
) -> None:
    done = opened(monkeypatch, **screens)
    what = "start it on a desktop, or without a window by `netviz train FILE`"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"netviz: {why}: {what}\n")


@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="needs an X server")
def test_a_display_that_answers_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert no_display() == ""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7531")
    assert no_display() == ""


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Wayland is on Linux")
def test_a_wayland_socket_that_answers_is_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("WAYLAND_DISPLAY", "w")
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as compositor:  # whose path is short
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        assert "no display answers" in no_display()
        compositor.bind(f"{folder}/w")
        compositor.listen()
        assert no_display() == ""


def test_a_platform_that_is_chosen_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert no_display() == ""
