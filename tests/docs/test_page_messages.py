"""The messages that the pages explain are still what the code says."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest
from support.pages import PAGES, ROOT, SPAN

SAYING = ("sentiment", "plugins", "docker", "serving", "tests/docker", "Makefile", "docker-compose.yml")
HEADING = "## What can go wrong\n"
ENOUGH = 3  # words in a row that are the code's own: names and numbers stand between them
FILLED_IN = re.compile(r"…|; found|'")


def messages() -> list[tuple[str, str]]:
    """Returns each message in the first column of a table of what can go wrong, with its page's name."""
    return [
        (page.name, message)
        for page in PAGES
        for line in page.text.partition(HEADING)[2].splitlines()
        if line.startswith("| ")
        for message in SPAN.findall(line.split(" | ")[0])
    ]


@cache
def said() -> str:
    """Returns the words of everything that says something, without what stands between the pieces of a string."""
    # What git would keep: a home in the checkout has files of its own among them.
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *SAYING]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [path for path in map(ROOT.joinpath, sorted(filter(None, names))) if path.is_file()]
    found = [path.read_text(encoding="utf-8") for path in files if path.suffix in ("", ".py", ".sh", ".yml")]
    return " ".join(re.sub(r'"\s*\n\s*f?"', "", text) for text in found)


def runs_of(message: str) -> list[str]:
    """Returns every three words in a row of a message, of what is not filled in; of shorter pieces the whole piece."""
    pieces = [piece.split() for piece in FILLED_IN.split(message) if piece.strip()]
    many = min(ENOUGH, max(map(len, pieces)))
    return [" ".join(piece[start : start + many]) for piece in pieces for start in range(len(piece) - many + 1)]


@pytest.mark.parametrize(("page", "message"), messages())
def test_a_message_is_what_the_code_says(page: str, message: str) -> None:
    assert any(run in said() for run in runs_of(message)), f"{page}: {message}"
