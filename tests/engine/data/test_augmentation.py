"""Augmentation: what is done to a picture, by hand; the same again for a seed; and what it is good for."""

import numpy as np
import pytest

from engine.backend import Backend, open_backend
from engine.data.augmentation import Augmentation, Augmenter, normal
from engine.errors import ProjectError
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project_json
from tests.engine.test_trainer import bits, losses
from tests.strict_array import strict

RNG = np.random.default_rng(11)
SHAPE = (2, 5, 4)
PICTURES = RNG.normal(size=(30, *SHAPE))
ROWS = np.concatenate([PICTURES.reshape(30, -1), np.ones((30, 1))], axis=1)


def augmenter(shape=SHAPE, count=30, **how) -> Augmenter:
    return Augmenter(open_backend("cpu", "float64"), Augmentation(**{"shift": 0, **how}), shape, count)


def pictures(rows) -> np.ndarray:
    assert (rows[:, -1] == 1).all()
    return rows[:, :-1].reshape(-1, *SHAPE)


def shifted(picture: np.ndarray, down: int, across: int) -> np.ndarray:
    """By padding with the edge and cutting out, which is another way than the one tested."""
    room = 10
    padded = np.pad(picture, ((0, 0), (room, room), (room, room)), mode="edge")
    _, height, width = picture.shape
    return padded[:, room - down : room - down + height, room - across : room - across + width]


def test_shifts_are_whole_pixels_with_the_edge_repeated():
    seen = set()
    for picture, made in zip(PICTURES, pictures(augmenter(shift=2)(ROWS, 0, 0, 0)), strict=True):
        fits = [(d, a) for d in range(-2, 3) for a in range(-2, 3) if np.array_equal(made, shifted(picture, d, a))]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) > 12  # of 25, each as likely as any other
    assert {down for down, _ in seen} == {across for _, across in seen} == set(range(-2, 3))


def test_a_coin_mirrors():
    made = pictures(augmenter(flip=True)(ROWS, 0, 0, 0))
    mirrored = [np.array_equal(m, p[:, :, ::-1]) for m, p in zip(made, PICTURES, strict=True)]
    as_it_was = [np.array_equal(m, p) for m, p in zip(made, PICTURES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, as_it_was, strict=True))
    assert 8 < sum(mirrored) < 22


def test_a_picture_is_turned_about_its_middle():
    """A smooth field over the plane, turned: its value is that of the field at the place that was turned back."""
    size, middle = 21, 10.0
    y, x = np.mgrid[:size, :size] - middle
    rows = np.concatenate([np.tile((0.3 * x + 0.1 * y).ravel(), (40, 1)), np.ones((40, 1))], axis=1)
    turned = Augmenter(open_backend("cpu", "float64"), Augmentation(shift=0, rotate=90), (1, size, size), 40)
    near = np.hypot(x, y) < middle  # nothing comes in from outside here
    angles = []
    for field in turned(rows, 3, 1, 0)[:, :-1].reshape(-1, size, size):
        # The field is a x + b y still, its gradient turned as the picture was.
        (a, b), rest, *_ = np.linalg.lstsq(np.stack([x[near], y[near]], 1), field[near])
        assert np.abs(rest).max() < 1e-18
        assert np.hypot(a, b) == pytest.approx(np.hypot(0.3, 0.1))
        angles.append(np.rad2deg(np.arctan2(b, a) - np.arctan2(0.1, 0.3)))
    assert -90 <= min(angles) < -45
    assert 45 < max(angles) <= 90


def test_a_quarter_turn_and_a_mirror_are_exact(monkeypatch):
    square = RNG.normal(size=(1, 1, 6, 6))
    rows = np.concatenate([square.reshape(1, -1), [[1.0]]], axis=1)
    made = Augmenter(open_backend("cpu", "float64"), Augmentation(shift=0, rotate=90, flip=True), (1, 6, 6), 1)
    monkeypatch.setattr(made, "_draws", lambda *_: np.array([[0.0, 0.0, 0.0, 1.0, -1.0]]))  # 90°, mirrored
    out = made(rows, 0, 0, 0)[:, :-1].reshape(6, 6)
    ways = {
        (quarter, mirrored): np.rot90(square[0, 0][:, :: -1 if mirrored else 1], quarter)
        for quarter in range(4)
        for mirrored in (False, True)
    }
    fits = [way for way, picture in ways.items() if np.allclose(out, picture, atol=1e-12)]
    assert fits in ([(1, True)], [(3, True)])


def test_noise_is_standard_normal_and_scaled():
    many = np.ones((2000, 41))
    off = augmenter((40,), 2000, noise=0.5)(many, 0, 0, 0)[:, :-1] - 1
    assert off.mean() == pytest.approx(0, abs=0.01)
    assert off.std() == pytest.approx(0.5, rel=0.02)
    assert (np.abs(off) < 0.5).mean() == pytest.approx(0.6827, abs=0.01)
    assert np.abs(np.corrcoef(off.T) - np.eye(40)).max() < 0.12  # ten times that by chance


@pytest.mark.parametrize("width", [1, 4, 7])
def test_noise_is_the_same_for_any_part_of_an_epoch(width):
    whole = normal(5, 2, 0, (20, width))
    assert np.array_equal(whole[3:9], normal(5, 2, 3, (6, width)))
    assert not np.array_equal(whole, normal(5, 3, 0, (20, width)))
    assert not np.array_equal(whole, normal(6, 2, 0, (20, width)))


def test_any_part_of_an_epoch_is_changed_in_the_same_way():
    how = {"shift": 2, "rotate": 30.0, "flip": True, "noise": 0.1}
    whole = augmenter(**how)(ROWS, 1, 4, 0)
    assert np.array_equal(whole[7:12], augmenter(**how)(ROWS[7:12], 1, 4, 7))
    assert not np.array_equal(whole, augmenter(**how)(ROWS, 1, 5, 0))
    assert not np.array_equal(whole, augmenter(**how)(ROWS, 2, 4, 0))
    assert np.array_equal(ROWS[:, :-1].reshape(PICTURES.shape), PICTURES)  # what is kept is not touched


def test_a_device_makes_the_same_picture():
    how = Augmentation(shift=1, rotate=20.0, flip=True, noise=0.2)
    made = []
    for backend in (open_backend("cpu", "float32"), Backend(strict, "strict", "float32")):
        rows = backend.from_host(ROWS)
        made.append(backend.to_host(Augmenter(backend, how, SHAPE, 30)(rows, 0, 0, 0)))
    assert np.array_equal(*made)


# In training

DATA = {"kind": "digits", "pictures": True, "preprocess": "standardize", "validation": 0.2}
LAYERS = [{"id": "flat", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 10}]


def made_project(augmentation=None, data=None, **training):
    told = project_json(LAYERS, "cross_entropy", data or DATA, **training)
    if augmentation is not None:
        told["training"]["augmentation"] = augmentation
    return project_from(told, None)


@pytest.mark.parametrize("batch_size", [100, "all"])
def test_training_goes_on_from_any_step_with_the_same_bits(batch_size):
    project = made_project({"shift": 1, "rotate": 10.0, "noise": 0.1}, batch_size=batch_size)
    first, again = Trainer(project), Trainer(project)
    losses(first, 19)
    state = first.snapshot()
    rest = losses(first, 21)
    assert bits(first) != bits(again)
    again.restore(state)
    assert losses(again, 21) == rest
    assert bits(again) == bits(first)


def test_each_epoch_shows_other_pictures_and_validation_the_same():
    """The rate is so small that losses can differ by what is shown alone."""
    tiny = {"kind": "sgd", "lr": 1e-30}
    plain = Trainer(made_project(batch_size="all", optimizer=tiny))
    moved = Trainer(made_project({"shift": 2}, batch_size="all", optimizer=tiny))
    assert len(set(losses(plain, 5))) == 1
    assert len(set(losses(moved, 5))) == 5
    assert moved.evaluate() == plain.evaluate()


def test_shifted_digits_are_read_by_who_has_seen_shifted_ones():
    """The point of it, and its control: the same network without."""
    plain, moved = (
        Trainer(made_project(how, optimizer={"kind": "adam", "lr": 0.01}, batch_size=64))
        for how in (None, {"shift": 2})
    )
    held = moved.data
    far = np.stack([shifted(picture, 0, 2) for picture in held.x_val])
    right = []
    for trainer in (plain, moved):
        trainer.run(800)
        right.append((trainer.network.predict(far).argmax(1) == held.y_val).mean())
    assert right[1] > right[0] + 0.2


WRONG = {
    "vectors": ({"kind": "digits"}, {"shift": 1}, "shift: wants pictures of C×H×W numbers, the data have 64"),
    "turned vectors": ({"kind": "xor"}, {"shift": 0, "rotate": 5}, "rotate: wants pictures"),
    "axes": ({**DATA, "preprocess": "pca"}, {"shift": 0, "flip": True}, "flip: wants pictures, pca leaves no pixels"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_refused(case):
    data, augmentation, words = WRONG[case]
    told = [f"{problem.where}: {problem.message}" for problem in made_project(augmentation, data).problems()]
    assert any(line.startswith(f"training.augmentation.{words}") for line in told)


def test_noise_suits_all_data():
    assert made_project({"shift": 0, "noise": 0.1}, {"kind": "digits"}).problems() == []
    with pytest.raises(ProjectError, match="unknown field 'blur'"):
        made_project({"blur": 1})
