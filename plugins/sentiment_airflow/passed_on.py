"""What one task passes on to another, by its declared type: Airflow stores it as JSON (an XCom)."""

from __future__ import annotations

from typing import Any, TypeVar

from sentiment.results.record import decoded

T = TypeVar("T")


def pulled(ti: Any, task: str, kind: type[T]) -> T:
    """Returns the result of `task` in the run of `ti`. Raises: InputError when it is not of that kind."""
    return decoded(ti.xcom_pull(task_ids=task), kind, f"the result of task {task}", f"Clear the task {task}.")
