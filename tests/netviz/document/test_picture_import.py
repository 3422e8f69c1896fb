"""What is said of pictures before they are used, and which part of them is found for validation."""

import numpy as np
import pytest
from PIL import Image

from engine.data.archive import DataFileError
from netviz.document.picture_import import look_at_idx, look_at_images
from tests.engine.data.test_idx import LABELS, PICTURES, idx, write


def picture(path, height: int, width: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)


def test_the_test_files_beside_are_for_validation(tmp_path):
    names = ("train_images_idx3_ubyte", "train_labels_idx1_ubyte", "t10k_images_idx3_ubyte", "t10k_labels_idx1_ubyte")
    arrays = (PICTURES, LABELS, PICTURES[:4], LABELS[:4])
    write(tmp_path, **{name: idx(array) for name, array in zip(names, arrays, strict=True)})
    look = look_at_idx(tmp_path, "train-images-idx3-ubyte")
    assert look.data(None) == {
        "kind": "idx",
        "path": "train-images-idx3-ubyte",
        "path_val": "t10k-images-idx3-ubyte",
    }
    sheet = look.sheet(None)
    assert sheet.size == "20 examples of 1×5×4, and 4 examples for validation"
    assert sheet.balance == (("0", 9), ("1", 8), ("2", 7))
    assert (sheet.target, sheet.ranges, sheet.rows) == ("y: 3 classes", ((0.0, 255.0),), 20)


def test_files_alone_and_numbers_for_labels(tmp_path):
    numbers = np.linspace(-1, 1, 20).astype("f4")
    write(tmp_path, images=idx(PICTURES.astype("f4") / np.float32(255)), labels=idx(numbers))
    look = look_at_idx(tmp_path, "images")
    sheet = look.sheet(None)
    assert look.data(None) == {"kind": "idx", "path": "images"}
    assert (sheet.size, sheet.target, sheet.balance) == ("20 examples of 1×5×4", "y: numbers", ())
    assert sheet.ranges == ((PICTURES.min() / 255, pytest.approx(PICTURES.max() / 255)),)


def test_folders_are_counted_and_several_sizes_brought_to_one(tmp_path):
    for place, size in {"a/1": (200, 100), "a/2": (200, 100), "b/1": (90, 90)}.items():
        picture(tmp_path / "train" / f"{place}.png", *size)
    picture(tmp_path / "val" / "b" / "1.png", 200, 100)
    told: list[float] = []
    look = look_at_images(tmp_path, "train", told.append)
    sheet = look.sheet(None)
    assert look.data(None) == {"kind": "images", "path": "train", "path_val": "val", "image_size": (64, 32)}
    assert sheet.size == "3 examples of 3×64×32, and 1 example for validation"
    assert sheet.balance == (("a", 2), ("b", 2))
    assert sheet.warnings == ("The pictures have 2 sizes; all are brought to 64×32.",)
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_pictures_of_one_size_stay_as_they_are(tmp_path):
    picture(tmp_path / "p" / "a" / "1.png", 300, 400)
    look = look_at_images(tmp_path, "p")
    assert look.data(None) == {"kind": "images", "path": "p"}
    assert look.sheet(None).warnings == ()


def test_a_file_that_is_no_picture_is_named(tmp_path):
    picture(tmp_path / "p" / "a" / "1.png", 3, 4)
    (tmp_path / "p" / "a" / "2.png").write_bytes(b"hello")
    with pytest.raises(DataFileError, match=r"holds '2.png', which is no picture that can be read"):
        look_at_images(tmp_path, "p")


def test_the_first_pictures_of_each_class_are_shown(tmp_path):
    write(tmp_path, images=idx(PICTURES), labels=idx(LABELS))
    look = look_at_idx(tmp_path, "images")
    sheet, data = look.sheet(None), look.source.load(tmp_path)  # of the part to train on
    assert [each.name for each in sheet.pictures] == ["0", "1", "2"]
    for label, each in enumerate(sheet.pictures):
        of_class = [x for x, y in zip(data.x, data.y.tolist(), strict=True) if y == label]
        assert 1 < len(each.values) == min(6, len(of_class))
        np.testing.assert_array_equal(each.values, of_class[:6])
    numbers = np.linspace(-1, 1, 20).astype("f4")
    write(tmp_path, images=idx(PICTURES), labels=idx(numbers))
    look = look_at_idx(tmp_path, "images")
    (only,) = look.sheet(None).pictures
    assert only.name == ""
    np.testing.assert_array_equal(only.values, look.source.load(tmp_path).x[:6])


def test_pictures_in_folders_are_brought_down(tmp_path):
    for name, value, size in (("a/1", 200, (128, 256)), ("a/2", 100, (20, 10)), ("b/1", 50, (8, 8))):
        path = tmp_path / "p" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)
    first, second = look_at_images(tmp_path, "p").sheet(None).pictures
    assert (first.name, second.name) == ("a", "b")
    assert [values.shape for values in first.values] == [(3, 32, 64), (3, 20, 10)]
    assert [set(np.unique(values).tolist()) for values in (*first.values, *second.values)] == [{200}, {100}, {50}]


def test_large_pictures_in_a_file_are_thinned(tmp_path):
    large = np.arange(2 * 130 * 70).astype(np.uint8).reshape(2, 130, 70)
    write(tmp_path, images=idx(large), labels=idx(np.zeros(2, np.uint8)))
    look = look_at_idx(tmp_path, "images")
    ((values, *_),) = (each.values for each in look.sheet(None).pictures)
    np.testing.assert_array_equal(values, look.source.load(tmp_path).x[0][:, ::3, ::3])


def test_a_picture_that_is_cut_short_is_named(tmp_path):
    picture(tmp_path / "p" / "a" / "1.png", 30, 40)
    content = (tmp_path / "p" / "a" / "1.png").read_bytes()
    (tmp_path / "p" / "a" / "1.png").write_bytes(content[: len(content) - 30])
    with pytest.raises(DataFileError, match=r"holds '1.png', which cannot be read"):
        look_at_images(tmp_path, "p")
