"""Memory that is short: refused with sizes before any is taken, or said with sizes where it ended."""

import re

import numpy as np
import pytest

from engine import memory
from engine.backend import Backend
from engine.errors import ProjectError
from engine.memory import Needs, ShortageError, free_bytes, must_fit, needs_of, needs_of_training, size, telling_sizes
from engine.network import Network
from engine.trainer import Trainer
from netviz.cli import run_command
from tests.card import REAL, card, looks_inside
from tests.engine.cases import project
from tests.strict_array import strict

CPU = Backend(np, "cpu", "float32")
# 10⁶ inputs to 65,536 units are 6.6 · 10¹⁰ weights, 262 GB in float32 alone.
ABSURD = {"kind": "noise", "shape": [1_000_000], "classes": 2, "samples": 4}
LAYERS = [{"id": "wide", "kind": "dense", "units": 65_536}, {"id": "out", "kind": "dense", "units": 2}]


def absurd(**training):
    return project(LAYERS, "cross_entropy", ABSURD, **training)


def small(units=16, **training):
    layers = [{"id": "h1", "kind": "dense", "units": units}, {"id": "a1", "kind": "tanh"}, {**LAYERS[1]}]
    return project(layers, "cross_entropy", {"kind": "moons", "samples": 40}, **training)


def test_an_absurd_net_is_refused_with_sizes_before_room_is_taken(monkeypatch):
    def taken(*_):
        raise AssertionError("room was taken")

    made = absurd()
    monkeypatch.setattr(Backend, "zeros", taken)
    monkeypatch.setattr(memory, "free_bytes", lambda _: 64 << 30)
    for make in (lambda: Trainer(made), lambda: Network(made, CPU)):
        with pytest.raises(ShortageError) as caught:
            make()
        message = str(caught.value)
        assert "64 GiB are free on cpu" in message
        assert "'wide'" in message
        assert "fewer units or filters would take less" in message
        assert "GiB for weights" in message
        assert len(message.splitlines()) == 1


def test_the_command_line_says_it_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda _: 8 << 30)
    file = tmp_path / "absurd.netviz"
    file.write_bytes(absurd().to_bytes())
    assert run_command(["train", str(file), "--steps", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{file}: memory: the network wants about ")
    assert err.count("\n") == 1


def test_a_check_tells_what_a_large_net_wants(tmp_path, capsys):
    for made, words in ((absurd(), ["in float32 training wants about 489 GiB"]), (small(), [])):
        file = tmp_path / "net.netviz"
        file.write_bytes(made.to_bytes())
        assert run_command(["check", str(file)]) == 0
        told = [line for line in capsys.readouterr().out.splitlines() if "wants about" in line]
        assert [line.partition(" (")[0] for line in told] == words


def test_an_error_without_sizes_is_said_with_them(tmp_path, capsys, monkeypatch):
    file = tmp_path / "small.netviz"
    file.write_bytes(small().to_bytes())

    def short(*_):
        raise MemoryError("Unable to allocate 12.0 GiB for an array with shape (3, 4)")

    monkeypatch.setattr(Trainer, "updates", short)
    assert run_command(["train", str(file), "--steps", "3"]) == 2
    err = capsys.readouterr().err
    assert "Unable to allocate 12.0 GiB" in err
    assert "a batch of 30" in err
    assert "are free on cpu" in err
    assert err.count("\n") == 1


def test_what_is_wanted_is_what_is_taken(monkeypatch):
    """At least: every buffer of parameters, optimizer and values is counted, none twice."""
    taken = []
    zeros, ones = Backend.zeros, Backend.ones
    monkeypatch.setattr(Backend, "zeros", lambda b, *shape: (taken.append(np.prod(shape)), zeros(b, *shape))[1])
    monkeypatch.setattr(Backend, "ones", lambda b, *shape: (taken.append(np.prod(shape)), ones(b, *shape))[1])
    for optimizer, slots in (({"kind": "sgd"}, 0), ({"kind": "sgd", "momentum": 0.9}, 1), ({"kind": "adam"}, 2)):
        made = small(500, optimizer=optimizer | {"lr": 0.1}, batch_size=30)
        assert len(made.training.optimizer.slots) == slots
        needs = needs_of_training(made, "float32", 30)
        weights = 500 * 3 + 2 * 501
        assert sum(needs.weights.values()) == 4 * weights * (2 + slots)
        taken.clear()
        trainer = Trainer(made)
        trainer.update()
        assert needs.total <= 4 * sum(taken) <= 2 * needs.total


@pytest.mark.parametrize(
    ("weights", "values", "dtype", "batch", "words"),
    [
        (10, 1, "float32", 32, "fewer units or filters would take less"),
        (1, 10, "float32", 32, "a smaller batch size would take less"),
        (5, 5, "float32", 32, "a smaller batch size or fewer units or filters would take less"),
        (1, 10, "float64", 32, "a smaller batch size or float32 would take less"),
        (1, 10, "float32", 1, "fewer units or filters would take less"),
    ],
)
def test_the_advice_fits_what_is_large(weights, values, dtype, batch, words):
    assert Needs({"h1": weights}, {"h1": values}, batch, dtype).advice() == words


def test_the_largest_is_named_and_the_parts_are_told():
    needs = Needs({"a": 3 << 30, "b": 1 << 30}, {"a": 1 << 20, "b": 5 << 30}, 128, "float32")
    assert needs.largest == "b"
    assert str(needs) == (
        "wants about 9 GiB (4 GiB for weights, gradients and the optimizer and 5 GiB for a batch of 128, "
        "most of it for 'b')"
    )
    assert str(Needs({"a": 1 << 30}, {}, 0, "float32")).startswith("wants about 1 GiB (1 GiB for weights")


@pytest.mark.parametrize(
    ("count", "words"),
    [(5, "5 bytes"), (2048, "2 KiB"), (10**9, "954 MiB"), (1500 << 40, "1.46 PiB"), (1 << 80, "1,048,576 EiB")],
)
def test_sizes_as_people_say_them(count, words):
    assert size(count) == words


def test_small_nets_ask_nobody_what_is_free(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda _: pytest.fail("asked"))
    must_fit(needs_of(small().structure(), "float32", 32), CPU)


def test_where_nobody_knows_what_is_free_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda _: None)
    must_fit(needs_of(absurd().structure(), "float32"), CPU)


# What is free


def test_what_is_free_here():
    free = free_bytes(CPU)
    assert free is None or 1 << 20 < free < 1 << 50


def test_a_container_leaves_what_files_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(memory.sys, "platform", "linux")
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable: 8000 kB\n")
    assert free_bytes(CPU) == 8000 * 1024  # no bound is there
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5000\n")
    (tmp_path / "memory.stat").write_text("anon 3000\nfile 2000\n")
    assert free_bytes(CPU) == 8000 * 1024
    (tmp_path / "memory.max").write_text("7000\n")
    assert free_bytes(CPU) == 4000


class Pool:
    """The pool that a card's memory is given out of."""

    def __init__(self, kept):
        self.kept, self.given_back = kept, False

    def free_bytes(self):
        return 0 if self.given_back else self.kept

    def free_all_blocks(self):
        self.given_back = True


@pytest.fixture
def pool(monkeypatch):
    made = Pool(1 << 20)
    runtime = type("Runtime", (), {"memGetInfo": staticmethod(lambda: (3 << 30, 16 << 30))})
    monkeypatch.setattr(strict, "get_default_memory_pool", lambda: made, raising=False)
    monkeypatch.setattr(strict.cuda, "runtime", runtime, raising=False)
    return made


@looks_inside
def test_of_a_card_the_free_part_of_its_pool_counts(pool):
    assert free_bytes(card()) == (3 << 30) + (1 << 20)


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


@looks_inside
def test_a_card_that_is_full_says_sizes_and_gives_back(pool):
    with pytest.raises(ShortageError) as caught, telling_sizes(small(), card("float64"), 64):
        raise OutOfMemoryError("Out of memory allocating 1,024 bytes\n(allocated so far: 5 bytes).")
    assert pool.given_back
    message = str(caught.value)
    assert message.startswith("memory: Out of memory allocating 1,024 bytes (allocated so far: 5 bytes); the training")
    assert "3 GiB are free on strict" in message
    assert "float32" in message
    assert re.search(r"a batch of 64", message)
    assert isinstance(caught.value, ProjectError)


def test_a_shortage_is_told_once():
    with pytest.raises(ShortageError) as caught, telling_sizes(small(), CPU), telling_sizes(small(), CPU):
        raise MemoryError
    assert str(caught.value).count("memory:") == 1
    assert "out of memory" in str(caught.value)


@looks_inside
def test_a_step_on_a_card_that_is_full_has_not_been(pool, monkeypatch):
    trainers = [Trainer(small(batch_size=2), backend=card()) for _ in range(2)]
    for trainer in trainers:
        trainer.run(5)
    there = trainers[0]
    there.updates(1)
    trainers[1].updates(1)
    calls = there._unread._whole[there._plans[2][0]]

    def short():
        raise OutOfMemoryError

    calls.append(short)
    with pytest.raises(MemoryError):
        there.updates(4)
    calls.pop()
    assert there.snapshot().values.tobytes() == trainers[1].snapshot().values.tobytes()
    assert there.run(7) == trainers[1].run(7)


@pytest.mark.card
@pytest.mark.skipif(not REAL, reason="it fills a card")
def test_a_real_card_that_is_full():
    """More than there is, by a net whose weights alone fit: the batch does not."""
    backend = card()
    there = free_bytes(backend)
    assert there is not None
    with pytest.raises(ShortageError) as caught, telling_sizes(small(), backend, 32):
        backend.zeros(there)  # four bytes for each that is free
    assert "Out of memory" in str(caught.value)
    assert "are free on" in str(caught.value)
    Trainer(small(), backend=backend).run(3)
