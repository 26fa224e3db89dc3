"""A table of results, for the terminal and as Markdown to paste into a report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment.language import recorded
from sentiment.text.columns import cells


@dataclass
class Table:
    """Rows of text under headings; the first column names the row. `best` is the index of the row to mark.

    The mark is the older tool's, a name in backticks, which is visible without colours, too.
    """

    title: str
    headings: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    best: int | None = None
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", _line(self.headings), _line(["---"] * len(self.headings))]
        lines += map(_line, self._marked())
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes)]).rstrip() + "\n"

    def show(self) -> None:
        """Prints the table to stderr in its full width: a number that is cut would be another number.

        Title and notes are those of the file, which is in English, in the language of whoever looks at them.
        """
        from rich.console import Console
        from rich.text import Text

        table = self._rich()
        measured = Console(stderr=True)
        width = measured.measure(table, options=measured.options.update(max_width=10_000)).maximum
        notes = [recorded(note) for note in self.notes]
        console = Console(stderr=True, width=max(width, *map(cells, notes), 1), soft_wrap=True)
        console.print(table)
        for note in notes:
            console.print(Text(note))
        sys.stderr.flush()

    def _marked(self) -> list[list[str]]:
        return [[f"`{row[0]}`", *row[1:]] if index == self.best else row for index, row in enumerate(self.rows)]

    def _rich(self) -> Any:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(title=Text(recorded(self.title)), title_justify="left", box=box.SIMPLE_HEAD)
        for index, heading in enumerate(self.headings):
            table.add_column(Text(heading), justify="left" if index == 0 else "right", no_wrap=True)
        for index, row in enumerate(self._marked()):
            table.add_row(*map(Text, row), style="bold green" if index == self.best else None)
        return table


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
