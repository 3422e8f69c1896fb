"""The `--set PATH=VALUE` option."""

from typing import Any

import msgspec

from engine.errors import Problem, ProjectError


def parse_settings(texts: list[str]) -> dict[str, Any]:
    """{"training.optimizer.lr": 0.1} for ["training.optimizer.lr=0.1"]: the value is JSON, else text."""
    settings = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise ProjectError(Problem("--set", f"expected PATH=VALUE, got {text!r}"))
        try:
            settings[path] = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            settings[path] = value
    return settings
