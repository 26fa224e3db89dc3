"""Folders within each other, deeper than a path may be long."""

from __future__ import annotations

import os
from pathlib import Path


def nest(folder: Path, name: str, levels: int) -> None:
    """Makes `levels` folders of this name below `folder`."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
