"""A run's folder belongs to one run of one workflow: whoever comes second, under the same name, is refused.

Airflow's run ids are chosen freely by whoever triggers a run, and are unique only within a workflow. A run whose id is
the name of another run's folder would otherwise write into it, and its model be published under the other's name.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from sentiment.language import tr
from sentiment_airflow.refusal import Refusal

CLAIM = "airflow-run.json"  # in the run's folder


def claim(folder: Path, workflow: str, run: str) -> None:
    """Makes `folder` that of the run, if it is nobody's. Fails the task, for good, when it is another run's.

    A claim that a killed task left torn counts for nothing.
    """
    own = {"workflow": workflow, "run": run}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / CLAIM).open("a+", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        found = _parsed(handle.read())
        if found is None:
            handle.truncate(0)
            handle.write(json.dumps(own, ensure_ascii=False) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        elif found != own:
            raise Refusal(
                tr(
                    "the folder {name} must belong to run {run} of {workflow}; found that it belongs to run {other} of "
                    "{others}. Trigger the workflow with another run id.",
                    name=folder.name,
                    run=f"{run!a:.200}",
                    workflow=workflow,
                    other=f"{found.get('run')!a:.200}",
                    others=f"{found.get('workflow')!a:.60}",
                )
            )


def _parsed(text: str) -> dict[str, str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
