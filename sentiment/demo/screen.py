"""What the terminal shows: a live line while something runs, a line when it is done, and checked claims."""

from __future__ import annotations

import shutil
import sys
import time

import click

from sentiment.text.columns import aligned, wrapped

WIDEST = 100  # columns: longer lines are hard to read


class Screen:
    """Prints to stdout and keeps the claims, so that the demo can fail when a claim does not hold."""

    def __init__(self) -> None:
        self.claims: list[tuple[bool, str]] = []
        self._started = time.monotonic()
        self._live = sys.stdout.isatty()

    def line(self, text: str = "", *, bold: bool = False) -> None:
        """Prints a line; on a terminal, one that is too wide goes on below, indented like its beginning."""
        self._clear()
        indent = text[: len(text) - len(text.lstrip(" │"))]
        for part in self._wrapped(text[len(indent) :], indent, indent):
            click.secho(part, bold=bold)

    def as_it_is(self, text: str, *, bold: bool = False) -> None:
        """Prints what must not be broken, such as an address."""
        self._clear()
        click.secho(text, bold=bold)

    def _wrapped(self, text: str, begin: str, goes_on: str) -> list[str]:
        if not self._live or not text:
            return [begin + text]
        return wrapped(text, min(WIDEST, shutil.get_terminal_size().columns), begin, goes_on)

    def act(self, title: str) -> None:
        """Announces an act and starts its clock."""
        self._started = time.monotonic()
        self.line()
        self.line(title, bold=True)

    @property
    def seconds(self) -> float:
        """Seconds since the act began."""
        return time.monotonic() - self._started

    def live(self, text: str) -> None:
        """Shows what is going on in a line that the next one replaces; without a terminal, shows nothing."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K  {text} · {self.seconds:.0f} s"[: width + 4], end="", flush=True)

    def claim(self, holds: bool, text: str) -> None:
        """Prints a claim that has just been checked."""
        self.claims.append((holds, text))
        self._clear()
        first, *others = self._wrapped(text, "    ", "    ")
        click.echo(click.style("  ✔ " if holds else "  ✘ ", fg="green" if holds else "red") + first[4:])
        for line in others:
            click.echo(line)

    def table(self, rows: list[tuple[str, ...]]) -> None:
        """Prints rows in columns; the first row is the heading."""
        for index, line in enumerate(aligned(rows)):
            self.as_it_is("  " + line, bold=index == 0)

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="")
