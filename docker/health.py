"""Says whether one of Airflow's services is healthy: `health.py SERVICE` exits 0, or prints a line and exits 1.

A container's health check runs it every half minute, inside the image. `airflow jobs check` would say the same, but
costs seconds of a core each time.
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
    """Returns what the api-server says about a component, judged by its heartbeats."""
    with urllib.request.urlopen(HEALTH, timeout=SECONDS) as response:
        return str(json.load(response)[name]["status"])


def api_server() -> str:
    """Returns the api-server's health. It asks the interface for tasks first, because the first answer takes long."""
    urllib.request.urlopen(f"{FOR_TASKS}/health", timeout=SECONDS).close()
    return component("metadatabase")


def worker() -> str:
    """Returns the health of this container's worker, over the broker. It uses only Celery: Airflow imports slowly."""
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
