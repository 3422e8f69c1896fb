"""Frames into files, each written as it comes: no film is ever in memory as a whole (a GIF's frames are, see plan)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from engine.files import atomic_file
from netviz.film.feed import Frames
from netviz.film.plan import HOLD, FilmPlan

WEBP = {"quality": 90, "method": 2}  # more effort saves little
EXACT = {"lossless": True, "quality": 40, "method": 2}  # up to three times as large, and five times as slow


def write_film(path: Path, plan: FilmPlan, frames: Frames) -> None:
    """Takes as many frames as the plan says; where one does not come, `path` stays as it was."""
    with atomic_file(path) as file:
        ENCODERS[plan.suffix](file, plan, frames)


class _Reel(Image.Image):
    """Frames that come one by one, as Pillow reads an animated file: it asks for each once, in their order."""

    is_animated = True

    def __init__(self, frames: Iterator[Image.Image], count: int) -> None:
        super().__init__()
        self._frames, self.n_frames, self._at = frames, count, -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        if frame >= self.n_frames:
            raise EOFError
        while self._at < frame:
            image = next(self._frames)
            self.im, self._mode, self._size, self.palette = image.im, image.mode, image.size, image.palette
            self._at += 1

    def tell(self) -> int:
        return self._at


def _pictures(plan: FilmPlan, frames: Frames) -> Iterator[Image.Image]:
    for frame in frames:
        yield Image.frombytes("RGB", plan.size, frame)


def _durations(plan: FilmPlan, grain: int) -> list[int]:
    """Milliseconds of every frame, in multiples of `grain`, that do not drift from the rate asked for."""
    ends = [round((i + 1) * 1000 / plan.fps / grain) * grain for i in range(plan.frames)]
    made = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    made[-1] = max(made[-1], HOLD)
    return made


def _webp(file: BinaryIO, plan: FilmPlan, frames: Frames) -> None:
    reel = _Reel(_pictures(plan, frames), plan.frames)
    reel.save(file, "WEBP", save_all=True, duration=_durations(plan, 1), loop=0, **(EXACT if plan.exact else WEBP))


def _gif(file: BinaryIO, plan: FilmPlan, frames: Frames) -> None:
    # Without dithering, what does not change from frame to frame stays the same and is not written again.
    small = (image.quantize(256, dither=Image.Dither.NONE) for image in _pictures(plan, frames))
    reel = _Reel(small, plan.frames)
    reel.save(file, "GIF", save_all=True, duration=_durations(plan, 10), loop=0, optimize=False)


def _mp4(file: BinaryIO, plan: FilmPlan, frames: Frames) -> None:
    import av
    import numpy as np

    width, height = plan.size
    codec = next(name for name in ("libx264", "libopenh264", "mpeg4") if _writes(av, name))
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=plan.fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if codec == "libx264":
            stream.options = {"crf": "18"}
        for _, frame in zip(range(plan.frames), frames, strict=False):  # in this order: no frame comes after the last
            pixels = np.frombuffer(frame, np.uint8).reshape(height, width, 3)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _writes(av: Any, codec: str) -> bool:
    try:
        av.codec.Codec(codec, "w")
    except ValueError:
        return False
    return True


ENCODERS: dict[str, Callable[[BinaryIO, FilmPlan, Frames], None]] = {".webp": _webp, ".gif": _gif, ".mp4": _mp4}
