"""A set of pictures before it is used: what is in it, and which part of it is for validation."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from engine.data.idx import Idx
from engine.data.images import Images
from engine.data.pictures import PicturesPreview, inspect_idx, inspect_images
from engine.data.tables import Told
from netviz.document.importing import Pictures, Role, Sheet
from netviz.document.table_import import counted, number

MOST_SIDE = 64  # pixels that pictures of several sizes are brought to, at most
HELD = (("train", "t10k"), ("train", "test"), ("train", "val"), ("training", "validation"))  # usual pairs of names


class PictureLook:
    """Files of the MNIST format, or folders of pictures, that have been looked through."""

    def __init__(self, source: Idx | Images, preview: PicturesPreview) -> None:
        self.source, self.preview = source, preview

    def first_wish(self, before: Any) -> None:
        return None

    def data(self, wish: None) -> dict[str, Any]:
        return self.source.to_json()

    def sheet(self, wish: None) -> Sheet:
        found, summary = self.preview, self.preview.summary
        target: Role = "target"
        feature: Role = "number"
        shape = "×".join(map(str, summary.shape))
        facts = [("each", (shape, counted(summary.classes, "class") if summary.classes else "numbers"))]
        if found.reach is not None:
            facts.append(("range", (f"{number(found.reach[0])} … {number(found.reach[1])}", "")))
        first, *held = (counted(part, "example") for part in found.parts)
        names = summary.class_names or tuple(map(str, range(len(found.counts))))
        return Sheet(
            size=f"{first} of {shape}" + (f", and {held[0]} for validation" if held else ""),
            names=("x", "y"),
            roles=(feature, target),
            facts=tuple(facts),
            first=(),
            target="y: numbers" if summary.classes is None else f"y: {counted(summary.classes, 'class')}",
            balance=tuple(zip(names, found.counts, strict=True)),
            warnings=self._warnings(),
            ranges=() if found.reach is None else (found.reach,),
            rows=found.parts[0],
            pictures=tuple(
                Pictures(name, values)
                for name, values in zip(names if found.counts else ("",), found.first, strict=False)
            ),
        )

    def _warnings(self) -> tuple[str, ...]:
        sizes = self.preview.sizes
        if len(sizes) < 2 or not isinstance(self.source, Images) or self.source.image_size is None:
            return ()
        height, width = self.source.image_size
        return (f"The pictures have {len(sizes)} sizes; all are brought to {height}×{width}.",)


def look_at_idx(folder: Path, path: str, told: Told | None = None) -> PictureLook:
    """Looks through the files; those for validation are found beside by their usual name. Raises ProjectError."""
    source = Idx(path=path, path_val=held_beside(folder, path))
    return PictureLook(source, inspect_idx(source, folder, told))


def look_at_images(folder: Path, path: str, told: Told | None = None) -> PictureLook:
    """Looks at the pictures' sizes: of several, the commonest is proposed. Raises ProjectError or DataFileError."""
    source = Images(path=path, path_val=held_beside(folder, path))
    preview = inspect_images(source, folder, told)
    if len(preview.sizes) > 1:
        (height, width), _ = preview.sizes[0]
        smaller = max(1.0, max(height, width) / MOST_SIDE)
        size = max(1, round(height / smaller)), max(1, round(width / smaller))
        source = msgspec.structs.replace(source, image_size=size)
        preview = replace(preview, summary=source.summary(folder))
    return PictureLook(source, preview)


def held_beside(folder: Path, path: str) -> str:
    """The part for validation beside a part to train on, by the usual names; empty where there is none."""
    head, slash, name = path.rpartition("/")
    for train, held in HELD:
        other = re.sub(rf"(?<![a-z]){train}(?![a-z])", held, name)
        if other != name and (folder / f"{head}{slash}{other}").exists():
            return f"{head}{slash}{other}"
    return ""
