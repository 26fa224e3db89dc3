"""Imports a large package without others that it takes along wherever they are installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Keras 2 and transformers import these to recognise data frames, to turn pictures and to score what nobody here asks
# them for: a fifth of the processor time of their imports.
NOT_NEEDED = ("pandas", "scipy", "sklearn", "PIL")


@contextmanager
def importing(package: str) -> Iterator[None]:
    """Inside this context, `package` is imported as if those that it does not need were not installed.

    Where `package` is imported already, it has looked for them, and finds them still.
    """
    hidden = [] if package in sys.modules else [name for name in NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say: there is none
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
