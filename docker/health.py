"""Says whether one of Airflow's services is well: `health.py SERVICE`, exit code 0 if so, and 1 with a line if not.

In the image; a container's health check runs it every half minute. `airflow jobs check` would tell the same, but takes
seconds of a core each time.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request

FOR_TASKS = os.environ.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:8080/execution/").rstrip("/")
HEALTH = FOR_TASKS.removesuffix("/execution") + "/api/v2/monitor/health"
SECONDS = 8.0


def component(name: str) -> str:
    """Returns what the api-server says of a component by its heartbeats."""
    with urllib.request.urlopen(HEALTH, timeout=SECONDS) as response:
        return str(json.load(response)[name]["status"])


def api_server() -> str:
    """Returns how the api-server is, also to tasks: its first answer to one takes long, so this asks for it."""
    urllib.request.urlopen(f"{FOR_TASKS}/health", timeout=SECONDS).close()
    return component("metadatabase")


def worker() -> str:
    """Returns what this container's worker answers over the broker. Celery alone: Airflow takes seconds to import."""
    from celery import Celery

    name = f"celery@{socket.gethostname()}"
    broker = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])
    answers = broker.control.ping(destination=[name], timeout=SECONDS / 2)
    return "healthy" if answers else f"{name} does not answer"


OTHERWISE = {"api-server": api_server, "worker": worker}


def main(service: str) -> int:
    try:
        found = OTHERWISE[service]() if service in OTHERWISE else component(service.replace("-", "_"))
    except (OSError, ValueError, KeyError) as error:
        found = repr(error)
    if found != "healthy":
        print(f"{service}: {found}", file=sys.stderr)
    return int(found != "healthy")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
