"""⟦What⟪How steps are⟫The settings that⟧ ⟦a⟪run⟫say⟧ ⟦step⟪and⟫how⟧ ⟦is⟪with⟫steps⟧ ⟦given⟪what,⟫run,⟧ of its runner's ⟦settings⟪environment; no step reads any of it⟫environment; the steps themselves read none of them⟧."""

from __future__ import annotations

import re

from sentiment.settings.runner import ALL, RunnerSettings

# The verbs that a GPU speeds up.
GPU_VERBS = frozenset({"train", "test", "evaluate", "export", "validate", "bench", "experiment-train"})
UNITS = {"": ⟦1,⟪1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
VARIABLES = {
    "runner": "SENTIMENT_RUNNER",
    "image": "SENTIMENT_RUNNER_IMAGE",
    "gpus": "SENTIMENT_RUNNER_GPUS",
    "memory": "SENTIMENT_RUNNER_MEMORY",
    "shm": "SENTIMENT_RUNNER_SHM",
    "network": "SENTIMENT_RUNNER_NETWORK",
    "host_home": "SENTIMENT_HOST_HOME",
    "mounts": "SENTIMENT_RUNNER_MOUNTS",
    "namespace": "SENTIMENT_RUNNER_NAMESPACE",
    "claim": "SENTIMENT_RUNNER_CLAIM",
    "secret": "SENTIMENT_RUNNER_SECRET",
    "pod_template": "SENTIMENT_RUNNER_POD_TEMPLATE",
}


@dataclass(frozen=True)
class RunnerSettings:
    """One field a setting; what is empty is left to the engine or the cluster."""

    runner: str = LOCAL
    image: str = "sentiment-trainer"
    gpus: str = ""  # for the verbs of GPU_VERBS: none, how many, or `all` (not on Kubernetes)
    memory: str = ""  # limit of each step; 512m, 8g
    shm: str = "1g"  # size of /dev/shm
    network: str = "host"  # Docker's: on it, the model servers' addresses are what they are for Airflow
    host_home: str = ""  # SENTIMENT_HOME as the engine sees it, or a volume's name; empty: as this process sees it
    mounts: str = ""  # more folders for the steps to read, by comma: PATH or PATH-ON-THE-ENGINE:PATH
    namespace: str = ""
    claim: str = ""  # the volume claim that holds SENTIMENT_HOME
    secret: str = ""  # the cluster's Secret with the bucket's key: AWS_ACCESS_KEY_ID, …
    pod_template: str = ""  # a YAML file with all else that a pod should have

    def __post_init__(self) -> None:
        self._require("runner", self.runner in RUNNERS, f"be one of {', '.join(RUNNERS)}")
        self._require("gpus", re.fullmatch(r"|all|\d{1,3}", self.gpus) is not None, "be a number or `all`")
        self._require("memory", _is_size(self.memory), "be a size such as 512m or 8g")
        self._require("shm", _is_size(self.shm), "be a size such as 512m or 8g")
        self._require("mounts", all(_is_mount(mount) for mount in self._mounts()), "be whole paths, by comma")
        if self.runner == KUBERNETES:
            self._require("claim", bool(self.claim), "name the volume claim that holds SENTIMENT_HOME")
            self._require("gpus", self.gpus != ALL, "be a number on Kubernetes")

    def _require(self, name: str, holds: bool, must: str) -> None:
        if not holds:
            found = repr(getattr(self, name)) if getattr(self, name) else "nothing"
            raise InputError(f"{VARIABLES[name]} must {must}", found=found, do="Set it anew.")

    def _mounts(self) -> list[str]:
        return [mount.strip() for mount in self.mounts.split(",") if mount.strip()]

    @property
    def folders(self) -> dict[str, str]:
        """The folders to read besides the home: path in the container → path on the engine's machine."""
        pairs = [mount.partition(":") for mount in self._mounts()]
        return {target or⟫1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
VARIABLES = {
    "runner": "SENTIMENT_RUNNER",
    "image": "SENTIMENT_RUNNER_IMAGE",
    "gpus": "SENTIMENT_RUNNER_GPUS",
    "memory": "SENTIMENT_RUNNER_MEMORY",
    "shm": "SENTIMENT_RUNNER_SHM",
    "network": "SENTIMENT_RUNNER_NETWORK",
    "host_home": "SENTIMENT_HOST_HOME",
    "mounts": "SENTIMENT_RUNNER_MOUNTS",
    "namespace": "SENTIMENT_RUNNER_NAMESPACE",
    "claim": "SENTIMENT_RUNNER_CLAIM",
    "secret": "SENTIMENT_RUNNER_SECRET",
    "pod_template": "SENTIMENT_RUNNER_POD_TEMPLATE",
}


@dataclass(frozen=True)
class RunnerSettings:
    """One field per setting; an empty setting is left to the engine or the cluster."""

    runner: str = LOCAL
    image: str = "sentiment-trainer"
    gpus: str = ""  # for the verbs of GPU_VERBS: "" for none, a number, or `all` (not on Kubernetes)
    memory: str = ""  # the limit of each step, such as 512m or 8g
    shm: str = "1g"  # size of /dev/shm
    network: str = "host"  # Docker's network; on the host's, steps see the model servers at the same addresses
    host_home: str = ""  # SENTIMENT_HOME as the engine sees it, or a volume's name; empty: as this process sees it
    mounts: str = ""  # more folders for the steps to read, comma-separated: PATH or PATH-ON-THE-ENGINE:PATH
    namespace: str = ""
    claim: str = ""  # the volume claim that holds SENTIMENT_HOME
    secret: str = ""  # the cluster's Secret with the bucket's key: AWS_ACCESS_KEY_ID, …
    pod_template: str = ""  # a YAML file with everything else that a pod should have

    def __post_init__(self) -> None:
        self._require("runner", self.runner in RUNNERS, f"be one of {', '.join(RUNNERS)}")
        self._require("gpus", re.fullmatch(r"|all|\d{1,3}", self.gpus) is not None, "be a number or `all`")
        self._require("memory", _is_size(self.memory), "be a size such as 512m or 8g")
        self._require("shm", _is_size(self.shm), "be a size such as 512m or 8g")
        self._require("mounts", all(_is_mount(mount) for mount in self._mounts()), "be absolute paths, comma-separated")
        if self.runner == KUBERNETES:
            self._require("claim", bool(self.claim), "name the volume claim that holds SENTIMENT_HOME")
            self._require("gpus", self.gpus != ALL, "be a number on Kubernetes")

    def _require(self, name: str, holds: bool, must: str) -> None:
        if not holds:
            found = repr(getattr(self, name)) if getattr(self, name) else "nothing"
            raise InputError(f"{VARIABLES[name]} must {must}", found=found, do="Set it in Airflow's environment.")

    def _mounts(self) -> list[str]:
        return [mount.strip() for mount in self.mounts.split(",") if mount.strip()]

    @property
    def folders(self) -> dict[str, str]:
        """The folders to read, other than the home: path in the container → path on the engine's machine."""
        pairs = [mount.partition(":") for mount in self._mounts()]
        return {target or⟧ "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def gpus_for(settings: RunnerSettings, verb: str) -> int:
    """Returns how many GPUs a step gets; -1 means all."""
    if verb not in GPU_VERBS or not settings.gpus:
        return 0
    return -1 if settings.gpus == ALL else int(settings⟦⟪ that the environment states; an empty variable is as good as none."""
    return RunnerSettings(
        **{name: environment[variable] for name, variable in VARIABLES.items() if environment⟫ from the environment; an empty variable counts as unset."""
    return RunnerSettings(
        **{name: environment[variable] for name, variable in VARIABLES.items() if environment⟧.gpus)


def size_in_bytes(text: str) -> int | None:
    """Returns a size such as 8g in bytes, None for "". The units are powers of 1024, as in Docker."""
    if not text.strip():
        return None
    found = re.fullmatch(r"(\d+)([kmgt]?)i?b?", text.strip().lower())
    assert found, text
    return int(found[1]) * UNITS[found[2]]
