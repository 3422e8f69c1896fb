"""What a film shall be, and what is wrong with that. Qt is not needed to say so."""

from dataclasses import dataclass
from importlib.util import find_spec

WINDOW, NETWORK = "window", "network"  # beside the panels' idents
LEAST_SIDE, MOST_SIDE = 64, 4096  # pixels
MOST_FRAMES = 100_000
MOST_FPS = 60
GIF_BYTES = (
    512 << 20
)  # Pillow keeps a GIF's frames, a byte a pixel, until the last; the others are written as they come
HOLD = 1500  # milliseconds that the last frame stays before a film in a loop begins anew
NO_VIDEO = "mp4 needs PyAV: pip install 'netviz[video]'"


@dataclass(frozen=True, slots=True)
class Format:
    suffix: str
    title: str


FORMATS = (Format(".webp", "Animated WebP"), Format(".gif", "Animated GIF"), Format(".mp4", "Video (mp4)"))


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """From step 0 to step `steps`, a frame at the start and after every `every` steps; the last frame is the end."""

    what: str  # a panel's ident, NETWORK or WINDOW
    steps: int
    every: int
    fps: int = 20
    width: int = 640  # of what is drawn; the frames are `scale` times as large
    height: int = 480
    scale: int = 1
    suffix: str = ".webp"
    exact: bool = False  # WebP alone: every pixel as it was drawn

    @property
    def frames(self) -> int:
        return 1 + -(-self.steps // self.every)

    @property
    def size(self) -> tuple[int, int]:
        """Of a frame, in pixels."""
        return self.width * self.scale, self.height * self.scale

    @property
    def seconds(self) -> float:
        return self.frames / self.fps

    def step_of(self, frame: int) -> int:
        """How many steps have been done where frame number `frame` is drawn."""
        return min(frame * self.every, self.steps)

    def problem(self) -> str:
        """Why it cannot be made; nothing where it can."""
        width, height = self.size
        if self.steps < 1 or self.every < 1:
            return "a film needs at least one step, and a step from frame to frame"
        if not (min(width, height) >= LEAST_SIDE and max(width, height) <= MOST_SIDE):
            return f"{width} × {height} pixels: expected {LEAST_SIDE} to {MOST_SIDE} each way"
        if not 1 <= self.fps <= MOST_FPS:
            return f"{self.fps} frames a second: expected 1 to {MOST_FPS}"
        if self.frames > MOST_FRAMES:
            return f"{self.frames} frames: expected at most {MOST_FRAMES}; leave more steps from frame to frame"
        if self.suffix not in {known.suffix for known in FORMATS}:
            return f"{self.suffix or 'no ending'}: expected {', '.join(known.suffix for known in FORMATS)}"
        if self.suffix == ".gif" and self.frames * width * height > GIF_BYTES:
            return f"a GIF of {self.frames} such frames wants more than {GIF_BYTES >> 20} MB of memory; take WebP"
        if self.suffix == ".mp4" and (width % 2 or height % 2):
            return f"{width} × {height} pixels: mp4 wants even numbers"
        return NO_VIDEO if self.suffix == ".mp4" and not has_video() else ""


def has_video() -> bool:
    return find_spec("av") is not None
