"""Which requests to the engine running a step takes; every other one is refused.

Whoever commands the engine is root on its machine: a container may mount everything and have every privilege. So it is
not enough to name addresses. A container is created only as the runner creates a step's, with the same confinement,
image, user, network and mounts, and only containers that carry the home's label can be touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, HostConfig  # type: ignore[import-not-found]
from docker.utils import parse_repository_tag  # type: ignore[import-not-found]

from sentiment.settings import RunnerSettings
from sentiment.settings.runner import ALL
from sentiment_airflow.engine_proxy.request import RefusedError, Request, read_object, stated
from sentiment_airflow.runners.confinement import CONFINED
from sentiment_airflow.runners.container import HOME_LABEL, engines_home, is_folder, mounts
from sentiment_airflow.runners.settings import size_in_bytes

API = "1.41"  # of the Docker library; the engine fills in less strict values for older clients
ANY_VERSION = {"/_ping", "/version"}
NAME = re.compile(r"sentiment-[a-z-]{1,30}-[0-9a-f]{12}")  # it is also a host name on the steps' network
OWN = re.compile(r"/containers/([0-9a-f]{64})(?:/(json|start|stop|wait|attach))?")
# Address → the parameters that it may have.
READING = {
    "/_ping": set[str](),
    "/version": set[str](),
    "/images/json": {"only_ids", "all", "filters"},
    "/containers/json": {"limit", "all", "size", "trunc_cmd", "filters"},
}
ON_OWN = {
    ("GET", "json"): set[str](),
    ("POST", "start"): set[str](),
    ("POST", "stop"): {"t"},
    ("POST", "wait"): {"condition"},
    ("POST", "attach"): {"logs", "stdout", "stderr", "stream"},
    ("DELETE", None): {"v", "link", "force"},
}
# Of a container to create: what each step has its own of.
FREE = {"Cmd", "Env", "Labels", "AttachStdout", "AttachStderr"}


@dataclass(frozen=True)
class Steps:
    """What the steps of one home are like: the settings of their runner, and Airflow's `user`, as UID:GID.

    `backup_folder` and `scores`: where a step may write, too, each when it names a folder.
    """

    home: Path
    user: str
    settings: RunnerSettings
    backup_folder: str = ""
    scores: str = ""

    @property
    def label(self) -> str:
        return engines_home(self.home, self.settings)


def check(request: Request, steps: Steps) -> str | None:
    """Returns the id of the container that the request is about, which must be one of the home's; None: of no one.

    Raises: RefusedError when running a step does not take such a request.
    """
    if request.path not in ANY_VERSION and _version(request.version) < _version(API):
        raise RefusedError(f"the API's version must be {API} or later")
    own = OWN.fullmatch(request.path)
    allowed = ON_OWN.get((request.method, own[2])) if own else None
    if own and allowed is not None:
        _require_known(request, allowed)
        return own[1]
    if request.method == "GET" and request.path in READING:
        _require_known(request, READING[request.path])
        if request.path == "/containers/json":
            _check_list(request, steps)
    elif (request.method, request.path) == ("POST", "/containers/create"):
        _require_known(request, {"name"}, body=True)
        _check_creation(request, steps)
    elif (request.method, request.path) == ("POST", "/images/create"):
        _require_known(request, {"fromImage", "tag"})
        _check_pull(request, steps)
    else:
        raise RefusedError("it must be one that running a step takes")
    return None


def _version(text: str) -> tuple[int, ...]:
    """Returns "/v1.41" or "1.41" as numbers; nothing, for an address without one."""
    return tuple(map(int, text.removeprefix("/v").split("."))) if text else ()


def is_of(container: dict[str, Any], steps: Steps) -> bool:
    """Tells from what the engine says of a container whether it is one of the home's steps."""
    labels = (container.get("Config") or {}).get("Labels")
    return isinstance(labels, dict) and labels.get(HOME_LABEL) == steps.label


def host_configs(steps: Steps) -> list[dict[str, Any]]:
    """Returns what a step's host configuration can be: with and without the GPUs, and a folder beside the home."""
    settings = steps.settings
    folders: list[list[str]] = [[], *([place] for place in (steps.backup_folder, steps.scores) if is_folder(place))]
    counts = [None, *([-1 if settings.gpus == ALL else int(settings.gpus)] if settings.gpus else [])]
    return [
        HostConfig(
            API,
            **CONFINED,
            network_mode=settings.network,
            shm_size=size_in_bytes(settings.shm),
            mem_limit=size_in_bytes(settings.memory),
            cpu_shares=1024,
            mounts=mounts(steps.home, settings, written),
            device_requests=[DeviceRequest(count=count, capabilities=[["gpu"]])] if count else None,
        )
        for count, written in product(counts, folders)
    ]


def _check_creation(request: Request, steps: Steps) -> None:
    body = request.body
    fixed = {"Image": steps.settings.image, "User": steps.user, "WorkingDir": str(steps.home)}
    if unknown := sorted(body.keys() - fixed.keys() - FREE - {"HostConfig"}):
        raise RefusedError(f"a step's container must have no {unknown[0][:40]!r}")
    for name, wanted in fixed.items():
        if body.get(name) != wanted:
            raise RefusedError(f"a step's container must have {name} {wanted!r}")
    if not NAME.fullmatch(request.query.get("name", "")):
        raise RefusedError("a step's container must have the name of a step's")
    if not is_of({"Config": body}, steps):
        raise RefusedError(f"a step's container must have the label {HOME_LABEL}={steps.label}")
    allowed = [stated(each) for each in host_configs(steps)]
    if (asked := body.get("HostConfig")) not in allowed:
        raise RefusedError(f"a step's container must have another {_differing(asked, allowed)}")


def _differing(asked: Any, allowed: list[dict[str, Any]]) -> str:
    """Returns the names of a host configuration whose values no allowed one has."""
    if not isinstance(asked, dict):
        return "HostConfig"
    names = sorted({*asked, *allowed[0]})
    return ", ".join(name[:40] for name in names if asked.get(name) not in [each.get(name) for each in allowed])


def _check_list(request: Request, steps: Steps) -> None:
    labels = read_object(request.query.get("filters", "{}")).get("label")
    if not isinstance(labels, list) or f"{HOME_LABEL}={steps.label}" not in labels:
        raise RefusedError(f"containers must be listed by the label {HOME_LABEL}={steps.label}")


def _check_pull(request: Request, steps: Steps) -> None:
    repository, tag = parse_repository_tag(steps.settings.image)
    if request.query != {"fromImage": repository, "tag": tag or "latest"}:
        raise RefusedError(f"an image that is pulled must be {steps.settings.image}")


def _require_known(request: Request, parameters: set[str], *, body: bool = False) -> None:
    if unknown := sorted(request.query.keys() - parameters):
        raise RefusedError(f"it must have no parameter {unknown[0][:40]!r}")
    if request.body and not body:
        raise RefusedError("it must have no body")
