"""Pictures in folders become numbers as they were drawn, or are refused in one line that names the file."""

import re

import numpy as np
import pytest
from PIL import Image

from engine.data import images
from engine.data.images import Images
from engine.errors import ProjectError
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import project_json

RNG = np.random.default_rng(5)
COLOURS = RNG.integers(0, 256, (6, 4, 5, 3), np.uint8)


def save(path, pixels: np.ndarray, mode: str | None = None, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Two dogs (one of them deeper), three cats, and files that are none."""
    for i, place in enumerate(["dog/b.png", "dog/young/a.PNG", "cat/10.png", "cat/2.bmp", "cat/x.png"]):
        save(tmp_path / "pets" / place, COLOURS[i], format="PNG")
    (tmp_path / "pets" / "dog" / "notes.txt").write_text("good")
    (tmp_path / "pets" / ".cache").mkdir()
    save(tmp_path / "pets" / ".cache" / "z.png", COLOURS[0])
    save(tmp_path / "pets" / "cat" / ".hidden.png", COLOURS[0])
    (tmp_path / "pets" / "empty").mkdir()
    return tmp_path


def message(source: Images, folder, ask="load") -> str:
    with pytest.raises(ProjectError) as caught:
        getattr(source, ask)(folder)
    (problem,) = caught.value.problems
    words = f"{problem.where}: {problem.message}"
    assert "\n" not in words
    return words


def test_classes_are_folders_in_the_order_of_their_names(folder):
    source = Images(path="pets", validation=0.0)
    summary, data = source.summary(folder), source.load(folder)
    assert (summary.shape, summary.classes, summary.class_names) == ((3, 4, 5), 2, ("cat", "dog"))
    assert data.y.tolist() == [0, 0, 0, 1, 1]
    expected = COLOURS[[2, 3, 4, 0, 1]].transpose(0, 3, 1, 2)
    assert np.array_equal(data.x, expected)
    assert data.x.dtype == np.uint8


def test_brightness_is_that_of_bt_601(folder):
    data = Images(path="pets", validation=0.0, color_mode="grayscale").load(folder)
    luma = COLOURS[[2, 3, 4, 0, 1]] @ np.array([0.299, 0.587, 0.114])
    assert data.x.shape == (5, 1, 4, 5)
    assert np.abs(data.x[:, 0] - luma).max() <= 1


def test_pictures_are_brought_to_one_size(tmp_path):
    """A picture of two halves stays one of two halves, whatever its size."""
    for i, (height, width) in enumerate([(20, 30), (8, 6)]):
        halves = np.zeros((height, width), np.uint8)
        halves[:, width // 2 :] = 200
        save(tmp_path / "p" / "a" / f"{i}.png", halves)
    assert "is 8×6, others are 20×30; `image_size` brings them" in message(Images(path="p", validation=0.0), tmp_path)
    data = Images(path="p", validation=0.0, image_size=(4, 6), color_mode="grayscale").load(tmp_path)
    assert data.x.shape == (2, 1, 4, 6)
    assert (data.x[:, :, :, :2] == 0).all()
    assert (data.x[:, :, :, 4:] == 200).all()


def test_what_is_transparent_is_black_and_sixteen_bits_keep_their_scale(tmp_path):
    pixels = np.full((2, 2, 4), 255, np.uint8)
    pixels[0, 0, 3] = 0
    save(tmp_path / "p" / "a" / "1.png", pixels)
    save(tmp_path / "p" / "a" / "2.png", np.array([[0, 65535], [32768, 256]], np.uint16))
    data = Images(path="p", validation=0.0).load(tmp_path)
    assert data.x[0, 0].tolist() == [[0, 255], [255, 255]]
    assert data.x[1, 2].tolist() == [[0, 255], [128, 1]]


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    pixels = np.zeros((4, 4), np.uint8)
    pixels[0, 3] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90° clockwise
    save(tmp_path / "p" / "a" / "1.png", pixels, exif=exif)
    (shown,) = Images(path="p", validation=0.0, color_mode="grayscale").load(tmp_path).x[:, 0]
    assert np.array_equal(shown, np.rot90(pixels, -1))


def test_a_validation_folder_has_the_same_classes(folder):
    save(folder / "more" / "dog" / "1.png", COLOURS[5])
    source = Images(path="pets", path_val="more")
    data = source.load(folder)
    assert (data.y.tolist(), data.y_val.tolist()) == ([0, 0, 0, 1, 1], [1])
    assert np.array_equal(data.x_val[0], COLOURS[5].transpose(2, 0, 1))
    save(folder / "more" / "fox" / "1.png", COLOURS[5])
    assert message(source, folder) == ("data.path_val: 'more' has a class 'fox' that there is nothing of to train on")


def test_a_new_class_is_seen(folder):
    assert Images(path="pets").summary(folder).classes == 2
    save(folder / "pets" / "empty" / "1.png", COLOURS[5])
    assert Images(path="pets").summary(folder).class_names == ("cat", "dog", "empty")


def test_files_that_cannot_be_used_are_named(folder, monkeypatch):
    assert message(Images(path="none"), folder) == "data.path: 'none' there is no such folder"
    assert "'empty' has no folder of pictures in it" in message(Images(path="pets/empty"), folder)
    path, whole = folder / "pets" / "dog" / "c.png", (folder / "pets" / "dog" / "b.png").read_bytes()
    path.write_bytes(b"hello")
    assert "data.path: 'pets/dog/c.png' is no picture that can be read" in message(Images(path="pets"), folder)
    path.write_bytes(whole[: len(whole) // 2])
    assert re.search(r"'pets/dog/c.png' (cannot|is no)", message(Images(path="pets"), folder))
    path.unlink()
    monkeypatch.setattr(images, "MOST_PIXELS", 19)
    assert "'pets/cat/10.png' has too many pixels" in message(Images(path="pets"), folder)


def test_more_pictures_than_memory_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setattr(images, "MOST_BYTES", 5 * 3 * 100 * 100 - 1)
    monkeypatch.setattr(Images, "_read", lambda *a: pytest.fail("was read"))
    words = message(Images(path="pets", image_size=(100, 100)), folder)
    assert "data.image_size: 5 pictures of 100×100 are" in words


def test_bytes_that_are_damaged_are_refused_or_read(folder):
    """Any one changed byte: a picture, or one line; never another error."""
    path = folder / "pets" / "dog" / "b.png"
    whole = path.read_bytes()
    refused = []
    for at in RNG.permutation(len(whole))[:60]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            Images(path="pets").load(folder)
        except ProjectError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all("'pets/dog/b.png'" in words or "others are" in words for words in refused)


def test_a_network_trains_on_them(tmp_path):
    """Red against blue."""
    for i in range(20):
        pixels = RNG.integers(0, 80, (3, 3, 3), np.uint8)
        pixels[:, :, 2 * (i % 2)] += np.uint8(150)
        save(tmp_path / "p" / ("red", "blue")[i % 2] / f"{i}.png", pixels)
    layers = [{"id": "flat", "kind": "flatten"}, {"id": "out", "kind": "dense", "units": 2}]
    data = {"kind": "images", "path": "p", "preprocess": "standardize"}
    project = project_from(
        project_json(layers, "cross_entropy", data, optimizer={"kind": "adam", "lr": 0.05}), tmp_path
    )
    assert project.problems() == []
    trainer = Trainer(project)
    trainer.run(60)
    assert trainer.evaluate()[1].accuracy == 1
