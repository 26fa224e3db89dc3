"""The pages, and what they name: commands in `bash` blocks, code within sentences, links, headings."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language ("" when it names none) and its text."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a `bash` block, one a line; a backslash at the end joins two lines."""
        lines = (line.strip() for line in self.text.replace("\\\n", " ").splitlines())
        return [line for line in lines if line and not line.startswith("#")]


@dataclass(frozen=True)
class Page:
    """A Markdown page of the documentation."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(*found) for found in BLOCK.findall(self.text)]

    @cached_property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return BLOCK.sub("", self.text)

    @property
    def commands(self) -> list[str]:
        return [command for block in self.blocks if block.language == "bash" for command in block.commands]

    @property
    def spans(self) -> list[str]:
        """The code within sentences and tables."""
        return SPAN.findall(self.prose)

    @property
    def code(self) -> list[str]:
        """Everything that a reader may type: the commands and the code within sentences."""
        return [*self.commands, *self.spans]

    @property
    def links(self) -> list[str]:
        """Where the page's links and images lead, within this repository."""
        return [link for link in LINK.findall(SPAN.sub("", self.prose)) if "://" not in link]

    @property
    def anchors(self) -> set[str]:
        """The names by which the page's headings can be linked, made as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def all_pages() -> list[Page]:
    """Returns the README, its translation, CONTRIBUTING, and all of docs/."""
    top = (ROOT / name for name in ("README.md", "README.zh-TW.md", "CONTRIBUTING.md"))
    return [Page(path) for path in (*top, *sorted((ROOT / "docs").rglob("*.md"))) if path.is_file()]


PAGES = all_pages()


def words_of(command: str) -> list[str]:
    """Returns a command as a shell splits it, without its comment and without the `NAME=value` before it."""
    words = shlex.split(command, comments=True)
    while words and ASSIGNMENT.fullmatch(words[0]):
        del words[0]
    return words


def assignments_of(command: str) -> dict[str, str]:
    """Returns the `NAME=value` before a command."""
    given: dict[str, str] = {}
    for word in shlex.split(command, comments=True):
        if not ASSIGNMENT.fullmatch(word):
            break
        name, _, value = word.partition("=")
        given[name] = value
    return given
