"""`netviz answer`: one question on standard input, lines of JSON on standard output; the process behind a window."""

import argparse
import os
import signal
import sys
import time

import msgspec
import numpy as np

from engine.checks.questions import Question, Report, answer, encode_line
from engine.errors import ProjectError
from engine.telemetry import one_blas_thread
from netviz.exit_status import DONE, FAILED

PAUSE = 0.04  # seconds between two shares


def run(options: argparse.Namespace) -> int:
    """What anything else prints goes to standard error, never between the lines."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is the window's to answer
    one_blas_thread()
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def write(part: float | Report | str) -> None:
        sink.write(encode_line(part))
        sink.flush()

    try:
        question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
        told = 0.0
        with np.errstate(all="ignore"):
            for part in answer(question):
                if not isinstance(part, float) or time.monotonic() - told > PAUSE:
                    told = time.monotonic()
                    write(part)
    except (ProjectError, msgspec.DecodeError) as error:
        write(str(error))
        return FAILED
    except BrokenPipeError:  # the window is gone
        raise
    except Exception as error:  # whatever it is, a person must hear of it
        write(f"{type(error).__name__}: {error}")
        return FAILED
    return DONE
