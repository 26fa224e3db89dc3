"""What the terminal shows: a live line while something runs, a line when it is done, and checked claims."""

from __future__ import annotations

import shutil
import sys
import time

import click

from sentiment.text.columns import aligned


class Screen:
    """Prints to stdout and keeps the claims, so that the demo can fail when a claim does not hold."""

    def __init__(self) -> None:
        self.claims: list[tuple[bool, str]] = []
        self._started = time.monotonic()
        self._live = sys.stdout.isatty()

    def line(self, text: str = "", *, bold: bool = False) -> None:
        self._clear()
        click.secho(text, bold=bold)

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
        click.echo(click.style("  ✔ " if holds else "  ✘ ", fg="green" if holds else "red") + text)

    def table(self, rows: list[tuple[str, ...]]) -> None:
        """Prints rows in columns; the first row is the heading."""
        for index, line in enumerate(aligned(rows)):
            self.line("  " + line, bold=index == 0)

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="")
