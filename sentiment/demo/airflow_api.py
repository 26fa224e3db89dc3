"""The part of Airflow's public REST API that the demo needs: what a person does in the UI."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

QUESTIONS = 4  # how often a request is sent before its failure counts


class AirflowApi:
    """One user's session with Airflow's api-server."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address
        self._credentials = {"username": user, "password": password}
        self._token = ""

    def wait_until_up(self, seconds: float, check: Callable[[], None]) -> bool:
        """Returns whether the api-server answers within `seconds`; `check` may raise earlier."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self._token = self._call("POST", "/auth/token", self._credentials)["access_token"]
            except OSError:
                check()
                time.sleep(0.5)
            else:
                return True
        return False

    def warm_up(self) -> None:
        """Sends a request to the part of the api-server that tasks talk to, and ignores the answer."""
        with contextlib.suppress(OSError):
            self._call("GET", "/execution/health")

    def dag_is_there(self, dag: str) -> bool:
        """Tells whether the dag processor has parsed `dag`."""
        try:
            return bool(self._call("GET", f"/api/v2/dags/{dag}")["dag_id"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise

    def unpause(self, dag: str) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})

    def trigger(self, dag: str, run: str, conf: dict[str, Any]) -> None:
        self._call("POST", f"/api/v2/dags/{dag}/dagRuns", {"dag_run_id": run, "logical_date": None, "conf": conf})

    def run_state(self, dag: str, run: str) -> str:
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Returns the runs of `dag`, newest first."""
        answer = self._call("GET", f"/api/v2/dags/{dag}/dagRuns?order_by=-id&limit=50")
        return list(answer["dag_runs"])

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        """Returns the task instances of a run by task id, with `state` and `duration` (seconds)."""
        answer = self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100")
        return {task["task_id"]: task for task in answer["task_instances"]}

    def pending_approvals(self) -> list[dict[str, Any]]:
        """Returns the questions that wait for a person, newest first."""
        answer = self._call("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false&limit=50")
        return list(answer["hitl_details"])

    def answer(self, dag: str, run: str, task: str, option: int, inputs: dict[str, Any]) -> None:
        """Answers a pending question like the buttons in the UI, by the option at that place."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails"
        offered = self._call("GET", path)["options"]
        self._call("PATCH", path, {"chosen_options": [offered[option]], "params_input": inputs})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Returns the JSON answer. A GET is sent again when a busy api-server does not answer in time."""
        for _ in range(QUESTIONS - 1 if method == "GET" else 0):
            try:
                return self._ask(method, path, body)
            except urllib.error.HTTPError:
                raise
            except OSError:
                time.sleep(1)
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
        return answer
