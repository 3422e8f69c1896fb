"""Numbers below the least normal one (float32: 1.2e-38) count as 0 while a network is gone through and updated.

Where a unit has died, the running means of its gradients fade into such numbers and stay there, as 0.9 times the least
of them is rounded up again; and a processor takes a hundred cycles for what takes one of others. A long training went
at half its speed so. `torch.set_flush_denormal` asks for the same, of the thread that calls it.

C99 has no word for it, but `fesetenv` restores what `fegetenv` has told, the processor's own bits among it. Where
nobody has said here where those lie, as on Windows, nothing is flushed.
"""

import ctypes
import platform
import sys
from contextlib import suppress
from typing import Any

Room = ctypes.c_uint32 * 16  # for what a thread's arithmetic goes by: no system takes more
# By system and machine, which number of it that is, and the bits: for results, and for what is read (ARM has one).
PLACES = {
    ("linux", "x86_64"): (7, 0x8040),
    ("darwin", "x86_64"): (1, 0x8040),
    ("linux", "aarch64"): (0, 1 << 24),
    ("darwin", "arm64"): (2, 1 << 24),
}
WORD, BITS = PLACES.get((sys.platform, platform.machine()), (0, 0))
_library: Any = None
with suppress(OSError, AttributeError):
    _library = ctypes.CDLL("libm.so.6" if sys.platform == "linux" else None) if BITS else None


class Flushed:
    """Inside, on this thread, subnormal numbers are 0, read or written. Takes a microsecond or two."""

    __slots__ = ("_before", "_room")

    def __enter__(self) -> None:
        if _library is not None:
            self._room = room = Room()
            _library.fegetenv(room)
            self._before = room[WORD]
            room[WORD] |= BITS
            _library.fesetenv(room)

    def __exit__(self, *_: object) -> None:
        if _library is not None:
            self._room[WORD] = self._before
            _library.fesetenv(self._room)
