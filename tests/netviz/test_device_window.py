"""The Device menu: what there is and why not, by mouse and keys, and a run that goes along."""

import sys
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from engine import backend as engine_backend
from engine.backend import Backend, Card, cards, open_backend
from engine.errors import DeviceError
from netviz.device_actions import DeviceActions, remembered_place
from netviz.main_window import MainWindow
from netviz.runtime.devices import Devices
from netviz.runtime.place import Found, Place
from netviz.settings import remember
from tests.strict_array import strict

TWO = (Card("Example Card 24", 24 << 30), Card("Example & Co 80", 80 << 30))
MISSING = "CuPy is not installed: pip install 'netviz[cuda12]' (or cuda13)"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cards, the second of which is taken."""

    def open_backend(device: str, dtype: str, kernels: str) -> Backend:
        if device == "cuda:1":
            raise DeviceError("device 'cuda:1': all CUDA-capable devices are busy")
        return Backend(np if device == "cpu" else strict, device, dtype, kernels if device == "cpu" else "cuda")

    monkeypatch.setattr("engine.run.opening.open_backend", open_backend)


def say(monkeypatch: pytest.MonkeyPatch, found: Found, installed: bool = True) -> None:
    """What the process that looks will find."""
    code = f"print({msgspec.json.encode(found).decode()!r})"
    monkeypatch.setattr("netviz.runtime.devices._program", lambda: (sys.executable, ["-c", code]))
    monkeypatch.setattr("netviz.runtime.devices.without_cupy", lambda: "" if installed else MISSING)


def opened(window: MainWindow, qtbot) -> DeviceActions:
    """The menu as it is when everything has been found."""
    actions = window.menus.devices
    actions._menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: actions.devices.known)
    return actions


def items(actions: DeviceActions) -> dict[str, QAction]:
    return {action.text(): action for action in actions._menu.actions() if action.text()}


def chosen(actions: DeviceActions) -> list[str]:
    return [text for text, action in items(actions).items() if action.isChecked()]


def test_what_is_there_is_listed_with_names_and_memory(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(TWO))
    actions = opened(open_window(), qtbot)
    assert list(items(actions)) == [
        "CPU",
        "Example Card 24, 24 GiB (cuda:0)",
        "Example && Co 80, 80 GiB (cuda:1)",
        "Look Again",
        "float32: faster, about 7 digits",
        "float64: slower, about 16 digits",
    ]
    assert chosen(actions) == ["CPU", "float32: faster, about 7 digits"]
    assert actions._menu.title() == "Device: CPU, float32"


def test_why_there_is_none_stands_there_with_the_line_that_installs_it(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(), installed=False)
    window = open_window()
    actions = opened(window, qtbot)
    items(actions)[f"No CUDA device: {MISSING}"].trigger()
    assert MISSING in window.banner.text
    items(actions)["Copy the Line That Installs It"].trigger()
    assert QApplication.clipboard().text() == "pip install 'netviz[cuda12]'"
    assert "Example Card 24" not in " ".join(items(actions))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('no list')", "ended with status 0"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("", "ended with status 0"),
        ("import os; os.abort()", "ended with status"),
    ],
)
def test_a_process_that_fails_is_said(qtbot, monkeypatch, code: str, words: str) -> None:
    monkeypatch.setattr("netviz.runtime.devices._program", lambda: (sys.executable, ["-c", code]))
    monkeypatch.setattr("netviz.runtime.devices.without_cupy", lambda: "")
    devices = Devices()
    devices.look()
    qtbot.waitUntil(lambda: devices.known)
    assert words in devices.why
    assert devices.cards == ()
    monkeypatch.setattr("netviz.runtime.devices._program", lambda: ("/nowhere/at all", []))
    devices.look(again=True)
    qtbot.waitUntil(lambda: "could not be started" in devices.why)


def test_a_window_that_is_closed_while_it_looks_leaves_nothing(qtbot, monkeypatch) -> None:
    monkeypatch.setattr("netviz.runtime.devices._program", lambda: (sys.executable, ["-c", "input()"]))
    monkeypatch.setattr("netviz.runtime.devices.without_cupy", lambda: "")
    devices = Devices()
    devices.look()
    process = devices._process
    assert process is not None
    devices.close()
    assert process.processId() == 0
    assert not devices.looking


def test_choosing_moves_the_run_and_is_remembered(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(TWO))
    window = open_window()
    actions, session = opened(window, qtbot), window.session
    session.advance(steps=5)
    qtbot.waitUntil(lambda: session.step == 5 and session.state == "paused")
    with qtbot.waitSignal(session.opened):
        items(actions)["Example Card 24, 24 GiB (cuda:0)"].trigger()
    assert session.device == "cuda:0"
    assert chosen(actions) == ["Example Card 24, 24 GiB (cuda:0)", "float32: faster, about 7 digits"]
    assert remembered_place() == Place("cuda:0", "float32")
    assert actions.button.isVisible()
    assert actions.button.accessibleName() == actions._menu.title() == "Device: cuda:0, float32"
    qtbot.waitUntil(lambda: session.step == 5)
    with qtbot.waitSignal(session.opened):
        items(actions)["float64: slower, about 16 digits"].trigger()
    assert (session.device, session.dtype) == remembered_place() == Place("cuda:0", "float64")
    assert len(session.history.lanes[0].loss) == 5
    with qtbot.waitSignal(session.opened):
        items(actions)["CPU"].trigger()
    with qtbot.waitSignal(session.opened):
        items(actions)["float32: faster, about 7 digits"].trigger()
    assert not actions.button.isVisible()


def test_a_card_that_is_taken_is_said_and_the_run_stays(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(TWO))
    window = open_window()
    actions, session = opened(window, qtbot), window.session
    with qtbot.waitSignal(session.opened):
        items(actions)["Example && Co 80, 80 GiB (cuda:1)"].trigger()
    assert session.device == "cpu"
    assert chosen(actions) == ["CPU", "float32: faster, about 7 digits"]
    assert "all CUDA-capable devices are busy; the run goes on with the CPU" in window.banner.text
    session.advance(steps=3)  # the window goes on living
    qtbot.waitUntil(lambda: session.step == 3)


def test_what_was_chosen_is_used_by_the_next_window(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(TWO))
    remember("device", "cuda:0")
    remember("dtype", "float64")
    window = open_window()
    assert (window.session.device, window.session.dtype) == ("cuda:0", "float64")
    assert "cuda:0 (chosen before)" in items(window.menus.devices)  # nobody has looked yet
    assert chosen(opened(window, qtbot))[0].startswith("Example Card 24")


@pytest.mark.parametrize(("device", "dtype"), [("gpu", "float32"), ("cuda:x", "half"), ("", "")])
def test_nonsense_that_is_remembered_is_the_cpu(device: str, dtype: str) -> None:
    remember("device", device)
    remember("dtype", dtype)
    assert remembered_place() == Place()


def test_it_is_chosen_by_keys(open_window, qtbot, monkeypatch) -> None:
    say(monkeypatch, Found(TWO))
    window = open_window()
    actions, menu = opened(window, qtbot), window.menus.devices._menu
    menu.popup(window.rect().center())
    qtbot.waitUntil(menu.isVisible)
    for _ in range(2):
        qtbot.keyClick(menu, Qt.Key.Key_Down)
    with qtbot.waitSignal(window.session.opened):
        qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert window.session.device == "cuda:0"
    assert actions.place == Place("cuda:0")


def test_memory_that_is_short_is_said_in_the_window_which_lives_on(open_window, qtbot, monkeypatch) -> None:
    window = open_window()
    session = window.session

    def short(trainer) -> float:
        raise MemoryError("Out of memory allocating 9,000 bytes")

    with monkeypatch.context() as patched:
        patched.setattr("engine.trainer.Trainer.update", short)
        patched.setattr("engine.trainer.Trainer.step", lambda trainer, layers=False: short(trainer))
        with qtbot.waitSignal(session.refused):
            session.play()
        qtbot.waitUntil(lambda: not session.running)
    words = window.banner.text
    assert "Out of memory allocating 9,000 bytes" in words
    assert "would take less" in words
    session.advance(steps=4)
    qtbot.waitUntil(lambda: session.step == 4)


# What CUDA says


class FakeRuntime:
    names = (b"Example Card 24", b"Other")

    def getDeviceCount(self) -> int:  # noqa: N802 (CuPy's name)
        return len(self.names)

    def getDeviceProperties(self, number: int) -> dict[str, object]:  # noqa: N802
        return {"name": self.names[number], "totalGlobalMem": (number + 1) << 34}


def fake_cupy(monkeypatch: pytest.MonkeyPatch, available: Callable[[], bool]) -> None:
    cuda = type("cuda", (), {"is_available": staticmethod(available), "runtime": FakeRuntime()})
    monkeypatch.setitem(sys.modules, "cupy", type("cupy", (), {"cuda": cuda}))
    monkeypatch.setattr(engine_backend, "find_spec", lambda name: name)


def broken() -> bool:
    raise ImportError("libcudart.so.12: cannot open shared object file\nsecond line")


def test_cards_and_what_keeps_them_away(monkeypatch) -> None:
    assert cards() == MISSING or not isinstance(cards(), str)
    fake_cupy(monkeypatch, lambda: True)
    assert cards() == [Card("Example Card 24", 16 << 30), Card("Other", 32 << 30)]
    fake_cupy(monkeypatch, lambda: False)
    assert cards() == "CuPy finds no CUDA device or driver"
    fake_cupy(monkeypatch, broken)
    assert cards() == "CuPy does not work here: libcudart.so.12: cannot open shared object file second line"


@pytest.mark.parametrize(
    ("device", "trouble", "words"),
    [
        ("cuda", None, ""),
        ("cuda:1", None, ""),
        ("cuda:2", None, "there are 2 CUDA devices, counted from 0"),
        (
            "cuda",
            RuntimeError("cudaErrorDevicesUnavailable: all devices are busy\nor unavailable"),
            "busy or unavailable",
        ),
        ("cuda", ValueError(), "ValueError"),
    ],
)
def test_a_device_that_cannot_be_taken_is_said_in_a_line(monkeypatch, device, trouble, words) -> None:
    fake_cupy(monkeypatch, lambda: True)
    used: list[int] = []

    def zeros(count: int) -> None:
        if trouble is not None:
            raise trouble

    monkeypatch.setattr(sys.modules["cupy"], "zeros", staticmethod(zeros), raising=False)
    taken = type("Device", (), {"__init__": lambda self, number: used.append(number), "use": lambda self: None})
    monkeypatch.setattr(sys.modules["cupy"].cuda, "Device", taken, raising=False)
    if not words:
        backend = open_backend(device)
        assert (backend.device, backend.kernels, used) == (f"cuda:{device[5:] or 0}", "cuda", [int(device[5:] or 0)])
        return
    with pytest.raises(DeviceError) as caught:
        open_backend(device)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
