"""The settings that say how Airflow runs a step, and with what. No step reads any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sentiment.settings.declaration import PREFIX, Declared, declarations, read, setting
from sentiment.settings.kinds import DIGEST, OFF, ON, choice, image, matching, mounts, size, text

LOCAL, DOCKER, KUBERNETES = RUNNERS = ("local", "docker", "kubernetes")
ALL = "all"  # GPUs


@dataclass(frozen=True)
class RunnerSettings(Declared):
    """One field per setting; an empty setting is left to the engine or the cluster."""

    BEFORE_NAME = f"{PREFIX}RUNNER_"

    runner: str = setting(
        LOCAL,
        choice(*RUNNERS),
        "How Airflow runs a step: as a process of the worker, in a Docker container or in a Kubernetes pod.",
        variable="SENTIMENT_RUNNER",
    )
    image: str = setting("sentiment-trainer", image(), "The image of a step's container or pod.")
    require_digest: str = setting(
        OFF,
        choice(ON, OFF),
        "Whether the image must be named by its digest (`NAME@sha256:…`), so that no other image can take its name.",
    )
    gpus: str = setting(
        "",
        matching(rf"|{ALL}|\d{{1,3}}", f"be a number or `{ALL}`", f"a number, or `{ALL}`"),
        "How many GPUs each step gets that gains from them; `all` works with Docker only.",
        shown_default="none",
    )
    memory: str = setting("", size(), "The most memory that a step may use.", shown_default="no limit")
    shm: str = setting("1g", size(), "The size of a step's `/dev/shm`.")
    network: str = setting("host", text(), "The Docker network on which a step reaches the model servers.")
    host_home: str = setting(
        "",
        text(),
        "If Airflow runs in a container: `SENTIMENT_HOME` as the Docker engine sees it, or the name of its volume.",
        variable="SENTIMENT_HOST_HOME",
        shown_default="`SENTIMENT_HOME`",
    )
    mounts: tuple[str, ...] = setting(
        (),
        mounts(),
        "More folders that a step may read, each `PATH` or `PATH-ON-THE-ENGINE:PATH`.",
        shown_default="none",
    )
    namespace: str = setting(
        "",
        text(),
        "The Kubernetes namespace of the pods; Airflow's connection `kubernetes_default` names the cluster.",
        shown_default="the connection's",
    )
    claim: str = setting(
        "",
        text(),
        "The volume claim that holds `SENTIMENT_HOME`, for pods as for Airflow's workers; Kubernetes needs it.",
        shown_default="none",
    )
    secret: str = setting(
        "",
        text(),
        "The Kubernetes Secret with the bucket's key (`AWS_ACCESS_KEY_ID`, …), for the pod that reads the bucket.",
        shown_default="none",
    )
    pod_template: str = setting(
        "",
        text(),
        "A YAML file with whatever else a pod should have, such as tolerations or a node selector.",
        shown_default="none",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.runner == KUBERNETES and not self.claim:
            must = "name the volume claim that holds SENTIMENT_HOME"
            raise declarations(type(self))["claim"].refusal("nothing", must)
        if self.require_digest == ON and not re.search(f"{DIGEST}$", self.image):
            must = "name the image by its digest, as SENTIMENT_RUNNER_REQUIRE_DIGEST is on"
            raise declarations(type(self))["image"].refusal(repr(self.image), must)
        if self.runner == KUBERNETES and self.gpus == ALL:
            raise declarations(type(self))["gpus"].refusal(repr(ALL), "be a number on Kubernetes")

    @property
    def folders(self) -> dict[str, str]:
        """The folders to read, other than the home: path in the container → path on the engine's machine."""
        pairs = [mount.partition(":") for mount in self.mounts]
        return {target or source: source for source, _, target in pairs}


def read_runner_settings(environment: Mapping[str, str]) -> RunnerSettings:
    """Returns the runner's settings that the environment states. Raises: InputError when one of them must not be so."""
    return read(RunnerSettings, environment)
