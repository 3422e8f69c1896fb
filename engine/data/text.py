"""The characters of a text file: of so many in a row, which one comes next?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.data.known import known
from engine.data.sequences import must_fit
from engine.data.source import Dataset, DataSource, Seed, Summary, Validation
from engine.errors import Problem, ProjectError
from engine.random import generator

Array = np.ndarray[Any, Any]

MOST_BYTES = 1 << 26  # of a file
MOST_CHARACTERS = 4096  # different ones
SHOWN = {" ": "space", "\n": "newline", "\t": "tab"}


@dataclass(frozen=True, slots=True)
class Content:
    """A text as numbers: `codes` are places in `vocabulary`, which is in the order of Unicode."""

    codes: Array
    vocabulary: str


class Text(DataSource, frozen=True, tag="text"):
    """`length` characters of a text file in a row, and the class of the one that follows.

    The classes are the characters that the file has, in the order of Unicode. Of all places where an example could
    begin, `samples` are drawn (all, where there are fewer), in the order of the text. The end of the text is kept for
    validation, as long as its share, and no example reaches over the border. x is one-hot (length × characters), or
    for an embedding the codes (length).
    """

    title: ClassVar[str] = "Characters of a text"
    group: ClassVar[str] = "File"
    endings: ClassVar[tuple[str, ...]] = (".txt", ".md")

    path: Annotated[
        str, Meta(min_length=1, title="File", description="A text in UTF-8, relative to the project's folder")
    ]
    length: Annotated[int, Meta(ge=1, le=10_000, title="Length", description="Characters that are seen")] = 30
    samples: Annotated[
        int, Meta(ge=2, le=10_000_000, title="Samples", description="Examples drawn, those for validation too")
    ] = 5000
    encoding: Annotated[
        Literal["one_hot", "codes"],
        Meta(title="Encoding", description="A column for each character, or its number alone, for an embedding"),
    ] = "one_hot"
    seed: Seed = 0
    validation: Validation = 0.1

    def summary(self, folder: Path) -> Summary:
        settings = (self.kind(), self.path, self.length, self.encoding)
        return known([folder / self.path], settings, lambda: self._summary(self.content(folder)))

    def load(self, folder: Path) -> Dataset:
        content = self.content(folder)
        summary = self._summary(content)
        border = len(content.codes) - round(self.validation * len(content.codes))
        parts = content.codes[:border], content.codes[border:]
        starts = [np.arange(max(0, len(part) - self.length)) for part in parts]
        if self.validation and not len(starts[1]):
            message = f"leaves {len(parts[1])} characters, an example takes {self.length + 1}"
            raise ProjectError(Problem("data.validation", message))
        places = sum(map(len, starts))
        if self.samples < places:
            drawn = np.zeros(places, bool)
            drawn[generator(self.seed, "data").permutation(places)[: self.samples]] = True
            starts = [starts[0][drawn[: len(starts[0])]], starts[1][drawn[len(starts[0]) :]]]
        if not len(starts[0]):
            raise ProjectError(Problem("data.validation", "leaves no example to train on"))
        must_fit((sum(map(len, starts)), *summary.shape), "data.samples")
        (x, y), (x_val, y_val) = (self._examples(*pair, summary) for pair in zip(parts, starts, strict=True))
        return Dataset(x, y, x_val, y_val, summary.classes)

    def _examples(self, codes: Array, starts: Array, summary: Summary) -> tuple[Array, Array]:
        windows = codes[starts[:, None] + np.arange(self.length)]
        y = codes[starts + self.length].astype(np.int64)
        if self.encoding == "codes":
            return windows, y
        x = np.zeros((len(starts), *summary.shape), np.uint8)
        np.put_along_axis(x, windows[:, :, None].astype(np.int64), 1, axis=2)
        return x, y

    def _summary(self, content: Content) -> Summary:
        count, characters = len(content.codes), len(content.vocabulary)
        if count <= self.length:
            message = f"the text has {count} characters, an example takes {self.length + 1}"
            raise ProjectError(Problem("data.length", message))
        shape = (self.length, characters) if self.encoding == "one_hot" else (self.length,)
        names = tuple(SHOWN.get(character, character) for character in content.vocabulary)
        return Summary(shape=shape, classes=characters, targets=1, class_names=names)

    def content(self, folder: Path) -> Content:
        """The file as numbers; raises ProjectError."""

        def wrong(message: str) -> ProjectError:
            return ProjectError(Problem("data.path", f"{self.path!r} {message}"))

        path = folder / self.path
        try:
            if path.is_file() and path.stat().st_size > MOST_BYTES:
                raise wrong(f"is larger than {MOST_BYTES >> 20} MiB")
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise wrong(_undecodable(error.object, error.start)) from None
        except FileNotFoundError:
            raise wrong("there is no such file") from None
        except (OSError, ValueError) as error:
            raise wrong(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
        points = np.frombuffer(text.replace("\r\n", "\n").encode("utf-32-le"), "<u4")
        if not len(points):
            raise wrong("is empty")
        letters, codes = np.unique(points, return_inverse=True)
        if not 2 <= len(letters) <= MOST_CHARACTERS:
            raise wrong(f"has {len(letters)} different characters, expected 2 to {MOST_CHARACTERS}")
        return Content(codes.astype(np.uint16), "".join(map(chr, letters.tolist())))


def _undecodable(data: bytes, start: int) -> str:
    """Why bytes are no UTF-8: where the first wrong one is, or what they are instead."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "is a text in UTF-16; save it in UTF-8"
    line = data.count(b"\n", 0, start) + 1
    return f"is no text in UTF-8: see byte {start} (0x{data[start]:02x}), in line {line}"
