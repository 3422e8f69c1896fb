"""Data from pictures in folders, one folder for each class."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.data.archive import DataFileError
from engine.data.known import known
from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError

if TYPE_CHECKING:
    from PIL.Image import Image

Array = np.ndarray[Any, Any]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MOST_BYTES = 1 << 33  # of all pictures together as numbers
MOST_PIXELS = 1 << 26  # of one picture in a file: more is refused before it is unpacked
ORIENTATION, TRANSPOSED = 0x0112, 5  # EXIF's tag for how a camera was held, and from where on rows are columns
TOO_LARGE = f"has too many pixels, at most {MOST_PIXELS} are read"
Size = tuple[Annotated[int, Meta(ge=1, le=8192)], Annotated[int, Meta(ge=1, le=8192)]]


class Images(DataSource, frozen=True, tag="images"):
    """Pictures as N × C × H × W numbers from 0 to 255; classes in the order of their folders' names.

    What lies deeper in a class's folder is of that class too. Hidden files, and files that are no pictures by their
    ending, are passed over. Transparent parts are black.
    """

    title: ClassVar[str] = "Pictures in folders"
    group: ClassVar[str] = "File"
    of_folder: ClassVar[bool] = True

    path: Annotated[str, Meta(min_length=1, title="Folder", description="With a folder of pictures for each class")]
    path_val: Annotated[
        str, Meta(title="Validation folder", description="Empty: a share of the pictures is kept for validation")
    ] = ""
    image_size: Annotated[
        Size | None,
        Meta(title="Size", description="Height and width that pictures are brought to; empty: all have one size"),
    ] = None
    color_mode: Annotated[
        Literal["rgb", "grayscale"],
        Meta(title="Colours", description="Three channels, or one of brightness (Rec. 601)"),
    ] = "rgb"
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        places = self._places(folder)
        kept = [path for place in places for path in (place, *(p for p in place.iterdir() if p.is_dir()))]
        return known(kept, (self.path, self.path_val, self.image_size, self.color_mode), lambda: self._summary(places))

    def load(self, folder: Path) -> Dataset:
        summary = self.summary(folder)
        parts = [self._read(found, summary) for found in self.found(folder)]
        if len(parts) == 1:
            return split(*parts[0], self.validation, self.seed, summary.classes)
        (x, y), (x_val, y_val) = parts
        return Dataset(x=x, y=y, x_val=x_val, y_val=y_val, classes=summary.classes)

    def _places(self, folder: Path) -> list[Path]:
        """The folders to train on and to validate."""
        made = []
        for field, name in (("path", self.path), ("path_val", self.path_val)):
            if not name:
                continue
            if not (folder / name).is_dir():
                raise ProjectError(Problem(f"data.{field}", f"{name!r} there is no such folder"))
            made.append(folder / name)
        return made

    def found(self, folder: Path) -> list["Found"]:
        """The pictures to train on, and those to validate where they have a folder of their own."""
        return self._found(self._places(folder))

    def _found(self, places: list[Path]) -> list["Found"]:
        names = class_names(places[0])
        for field, place in zip(("path", "path_val"), places, strict=False):
            if not (there := class_names(place)):
                message = "has no folder of pictures in it; expected one for each class"
                raise ProjectError(Problem(f"data.{field}", f"{place.name!r} {message}"))
            if other := sorted(set(there) - set(names)):
                message = f"has a class {other[0]!r} that there is nothing of to train on"
                raise ProjectError(Problem(f"data.{field}", f"{place.name!r} {message}"))
        return [pictures(place, names) for place in places]

    def _summary(self, places: list[Path]) -> Summary:
        found = self._found(places)
        with _told(found[0].paths[0], places[0]):
            height, width = self.image_size or picture_size(found[0].paths[0])
        channels = 3 if self.color_mode == "rgb" else 1
        count = sum(len(part.paths) for part in found)
        if count * channels * height * width > MOST_BYTES:
            message = f"{count} pictures of {height}×{width} are {MOST_BYTES >> 30} GiB or more; make them smaller"
            raise ProjectError(Problem("data.image_size", message))
        names = found[0].names
        return Summary(shape=(channels, height, width), classes=len(names), targets=1, class_names=names)

    def _read(self, found: "Found", summary: Summary) -> tuple[Array, Array]:
        try:
            x = np.empty((len(found.paths), *summary.shape), np.uint8)
        except MemoryError:
            raise ProjectError(Problem("data.path", f"{self.path!r} does not fit into memory")) from None
        for i, path in enumerate(found.paths):
            with _told(path, found.place):
                x[i] = self._picture(path, summary.shape)
        return x, found.y

    def picture(self, path: Path, size: tuple[int, int]) -> Array:
        """One picture as (C, H, W) numbers, brought to `size`; raises DataFileError."""
        channels = 3 if self.color_mode == "rgb" else 1
        return msgspec.structs.replace(self, image_size=size)._picture(path, (channels, *size))

    def _picture(self, path: Path, shape: tuple[int, ...]) -> Array:
        from PIL import Image, ImageOps

        channels, height, width = shape
        with _open(path) as file:
            image = ImageOps.exif_transpose(file)
            if self.image_size is None and image.size != (width, height):
                size = f"{image.height}×{image.width}"
                raise DataFileError(f"is {size}, others are {height}×{width}; `image_size` brings them to one size")
            made = _in_channels(image, channels)
            if made.size != (width, height):
                made = made.resize((width, height), Image.Resampling.BILINEAR)
            pixels: Array = np.asarray(made).reshape(height, width, channels)
            return pixels.transpose(2, 0, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """The pictures under `place`, class by class."""

    place: Path
    names: tuple[str, ...]  # of the classes
    paths: tuple[Path, ...]
    y: Array


def class_names(place: Path) -> tuple[str, ...]:
    """The folders in `place` that hold a picture, sorted."""
    folders = (path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    return tuple(sorted(path.name for path in folders if next(_under(path), None) is not None))


def pictures(place: Path, names: tuple[str, ...]) -> Found:
    """Class by class in the order of `names`, each sorted by path."""
    each = [sorted(_under(place / name)) if (place / name).is_dir() else [] for name in names]
    y: Array = np.repeat(np.arange(len(names)), [len(paths) for paths in each])
    return Found(place, names, tuple(path for paths in each for path in paths), y)


def _under(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS and not hidden and path.is_file():
            yield path


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture; raises DataFileError."""
    with _open(path) as image:
        across = image.getexif().get(ORIENTATION, 1) >= TRANSPOSED
        return (image.width, image.height) if across else (image.height, image.width)


def _in_channels(image: "Image", channels: int) -> "Image":
    from PIL import Image

    if image.mode.startswith("I;16"):  # which `convert` would cut off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    return image.convert("RGB" if channels == 3 else "L")


@contextmanager
def _open(path: Path) -> Iterator["Image"]:
    """The first frame of a picture, not yet unpacked; raises DataFileError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as image:
            if math.prod(image.size) > MOST_PIXELS:
                raise DataFileError(TOO_LARGE)
            yield image
    except DataFileError:
        raise
    except UnidentifiedImageError:
        raise DataFileError("is no picture that can be read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataFileError(TOO_LARGE) from None
    except MemoryError:
        raise DataFileError("does not fit into memory") from None
    # Damaged bytes come out of Pillow's decoders as a dozen unrelated classes.
    except Exception as error:
        words = getattr(error, "strerror", None) or "it is damaged or cut short"
        raise DataFileError(f"cannot be read: {words}") from None


@contextmanager
def _told(path: Path, place: Path) -> Iterator[None]:
    try:
        yield
    except DataFileError as error:
        raise ProjectError(Problem("data.path", f"{path.relative_to(place.parent).as_posix()!r} {error}")) from None
