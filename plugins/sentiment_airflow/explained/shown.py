"""How a workflow's words become what Airflow shows. Nothing here runs unless Airflow reads a workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentiment.language import tr
from sentiment_airflow.people import shown_as


@dataclass(frozen=True)
class Task:
    """What a task is called in a language that does not show its id alone, and what it does (Markdown)."""

    name: str
    does: str = ""


class Tasks:
    """The tasks of a workflow by their ids."""

    def __init__(self, **tasks: Task) -> None:
        self._tasks = tasks

    def shown(self, task_id: str) -> dict[str, Any]:
        """Returns the id of a task, and what Airflow shows of it, as an operator takes them."""
        task = self._tasks[task_id]
        does = {"doc_md": tr(task.does)} if task.does else {}
        return {"task_id": task_id, "task_display_name": shown_as(task_id, task.name), **does}


def page(title: str, *parts: str) -> str:
    """Returns the page of a workflow, in Markdown, from its title and its paragraphs in the language spoken."""
    return "\n" + "\n\n".join([f"### {title}", *parts]) + "\n"


def table(head: Sequence[str], *rows: Sequence[str]) -> str:
    """Returns a table in Markdown; a row may be shorter than the head."""
    lines = [head, *(tuple(row) + ("",) * (len(head) - len(row)) for row in rows)]
    shown = ["| " + " | ".join(cells).rstrip() + " |" for cells in lines]
    return "\n".join([shown[0], "|" + "---|" * len(head), *shown[1:]])


def bullets(*items: str) -> str:
    """Returns a list in Markdown."""
    return "\n".join(f"* {item}" for item in items)
