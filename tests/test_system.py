"""What is missing is named by package, in one line, before Qt can fail in its own words."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netviz.system import QT_LIBRARIES, SystemLibrary, ensure_qt, mending_line, missing_libraries

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
