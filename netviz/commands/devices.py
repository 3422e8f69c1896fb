"""`netviz devices`: the cards of this machine as a line of JSON; the process that asks CUDA in a window's stead."""

import argparse
import sys

import msgspec

from engine.backend import cards
from netviz.exit_status import DONE
from netviz.runtime.place import Found


def found() -> Found:
    there = cards()
    return Found(why=there) if isinstance(there, str) else Found(tuple(there))


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(msgspec.json.encode(found()).decode() + "\n")
    return DONE
