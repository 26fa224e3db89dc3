"""How a start of TensorFlow Serving 2.17.1 ends: a model of it, to judge a configuration before it is shipped.

`boot` is pure. It is told the command line, the files that it names, the version folders, and the fate of each version;
every rule names the function of TensorFlow Serving's source that it follows. The embedded server refuses what this
model says does not start; the tests put every configuration to it that this project can write.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from sentiment.model_server import real_flags
from sentiment.model_server.config import ModelConfig, ServerConfig, config_of, require_platforms
from sentiment.model_server.parameter_files import last_size_is_the_largest, parsed
from sentiment.model_server.policy import wanted_folders
from sentiment.model_server.refusal import Refusal

SECONDS_BETWEEN_ACTIONS = 0.1  # aspired_versions_manager.h: manage_state_interval_micros


@dataclass(frozen=True)
class Fate:
    """What becomes of one try to load a version, after `seconds`: "loads", "fails", or "kills" the process.

    A version that never ends to load has infinite `seconds`.
    """

    what: str = "loads"
    seconds: float = 0.0


@dataclass(frozen=True)
class Machine:
    """What a start finds: `files` by path, and the versions below each base path that is there."""

    files: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Mapping[int, Fate]] = field(default_factory=dict)


@dataclass(frozen=True)
class Starts:
    """Its ports open after so many seconds; then it has these versions of each model, and goes on loading others."""

    serving: Mapping[str, tuple[int, ...]]
    seconds: float = 0.0


@dataclass(frozen=True)
class Exits:
    """The process ends with this message."""

    message: str


@dataclass(frozen=True)
class Hangs:
    """No port ever opens."""

    why: str


Outcome = Starts | Exits | Hangs


def boot(arguments: Sequence[str], machine: Machine) -> Outcome:
    """Returns how the start with these arguments ends."""
    flags = real_flags.parse(arguments)
    if refused := flags.refused or "; ".join(_refused_options(flags.values, machine)):
        return Exits(refused)
    config = config_at(str(flags.values["model_config_file"]), machine.files)
    if isinstance(config, str):
        return Exits(config)
    if refused := unlabelled(config, bool(flags.values["allow_version_labels_for_unavailable_models"])):
        return Exits(refused)
    if int(flags.values["file_system_poll_wait_seconds"]) < 0 and config.models:
        # file_system_storage_path_source.cc:SetAspiredVersionsCallback starts no thread.
        return Hangs("the version folders are never looked at")
    wanted = {name: _wanted(model, machine) for name, model in config.models.items()}
    if lacking := next((found for found in wanted.values() if isinstance(found, str)), ""):
        return Hangs(lacking)
    fates = {name: found for name, found in wanted.items() if not isinstance(found, str)}
    return _first_settled({name: _endings(found, flags.values, machine) for name, found in fates.items()})


def _refused_options(flags: Mapping[str, real_flags.Value], machine: Machine) -> Iterator[str]:
    """Yields what `server.cc:BuildAndStart` refuses before it reads the models' configuration, or right after."""
    if flags["port"] == 0 and not flags["grpc_socket_path"]:
        yield "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set."
    if not flags["model_config_file"]:
        yield "Both server_options.model_base_path and server_options.model_config_file are empty!"
    if all(int(flags[f"tensorflow_{each}_parallelism"]) > 0 for each in ("intra_op", "inter_op", "session")):
        yield "Either configure tensorflow_session_parallelism or the other two: you cannot configure all."
    batching = str(flags["batching_parameters_file"])
    if batching and not flags["enable_batching"]:
        yield "batching_parameters_file is set without setting enable_batching to true."
    elif batching and parsed(machine.files.get(batching), "BatchingParameters") is None:
        yield f"{batching} is no BatchingParameters text proto"
    metrics = str(flags["monitoring_config_file"])
    if metrics and int(flags["rest_api_port"]) and parsed(machine.files.get(metrics), "MonitoringConfig") is None:
        yield f"{metrics} is no MonitoringConfig text proto"


def config_at(path: str, files: Mapping[str, str]) -> ServerConfig | str:
    """Returns the models' configuration, or why the process ends with it.

    `proto_util.h:ParseProtoTextFile` maps the file into memory, which an empty one cannot be. What may be in it:
    `server_core.cc:ReloadConfig`, `ValidateModelConfigList`, `CreateStoragePathRoutes`.
    """
    text = files.get(path)
    if not text:
        return f"{path} cannot be read" if text is None else f"{path} is empty"
    try:
        config = config_of(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
        require_platforms({}, config.models)
        return config
    except text_format.ParseError:
        return f"Invalid protobuf file: '{path}'"
    except Refusal as refusal:
        return str(refusal)


def unlabelled(config: ServerConfig, allow_unavailable: bool) -> str:
    """Returns why labels end the start ("": they do not): `server_core.cc:UpdateModelVersionLabelMap` comes first."""
    labelled = [(model.name, version) for model in config.models.values() for version in model.labels.values()]
    if allow_unavailable or not labelled:
        return ""
    name, version = labelled[0]
    return (
        f"Request to assign label to version {version} of model {name}, which is not currently available for inference"
    )


def _wanted(model: ModelConfig, machine: Machine) -> Mapping[int, Fate] | str:
    """Returns the versions that are loaded, or why none ever is, for which the start then waits without an end.

    `server_core.h:ServerCore::Options` has no time-out for that. A missing base path stops the look at the folders of
    every model: `file_system_storage_path_source.cc:PollFileSystemForConfig`.
    """
    found = machine.folders.get(str(model.base_path))
    if found is None:
        return f"Could not find base path {model.base_path} for servable {model.name}"
    wanted = wanted_folders(model.policy, map(str, found))
    if not wanted:
        return f"No versions of servable {model.name} found under base path {model.base_path}"
    return {version: found[version] for version in wanted}


def _endings(
    fates: Mapping[int, Fate], flags: Mapping[str, real_flags.Value], machine: Machine
) -> Mapping[int, tuple[float, str]]:
    """Returns for each version when its load ends for good, and how.

    The highest begins first, and the next one at the manager's next look (`aspired_versions_manager.cc`); they load at
    the same time (`server_core.h`: num_initial_load_threads). A load that fails is tried again max_num_load_retries
    times (`core/basic_manager.cc`). What is wrong with the batching file fails each version, not the start
    (`bundle_factory_util.cc:WrapSessionForBatching`).
    """
    batching = parsed(machine.files.get(str(flags["batching_parameters_file"])), "BatchingParameters")
    fails = bool(flags["enable_batching"]) and batching is not None and not last_size_is_the_largest(batching)
    retries = max(0, int(flags["max_num_load_retries"]))
    pause = max(0.0, int(flags["load_retry_interval_micros"]) / 1e6)
    endings = {}
    for place, (version, fate) in enumerate(sorted(fates.items(), reverse=True)):
        what = "fails" if fails and fate.what == "loads" else fate.what
        tries = retries + 1 if what == "fails" else 1
        endings[version] = place * SECONDS_BETWEEN_ACTIONS + tries * fate.seconds + (tries - 1) * pause, what
    return endings


def _first_settled(models: Mapping[str, Mapping[int, tuple[float, str]]]) -> Outcome:
    """Returns how the wait for the first versions ends.

    It lasts until every model has one version that is AVAILABLE or END, and it is judged by those
    (`servable_state_monitor.cc:HasAnyServableInStreamReachedState`, which finds the highest first); when one is END,
    the process exits (`load_servables_fast.cc:ConnectSourcesWithFastInitialLoad`, `main.cc:main`).
    """
    ready = max((min(at for at, _ in endings.values()) for endings in models.values()), default=0.0)
    killed = [
        (at, f"version {version} of {name} kills the process")
        for name, endings in models.items()
        for version, (at, what) in endings.items()
        if what == "kills" and at <= ready
    ]
    if killed and min(killed)[0] < math.inf:
        return Exits(min(killed)[1])
    if ready == math.inf:
        return Hangs("no version ever ends to load")
    settled = {
        name: {version: what for version, (at, what) in endings.items() if at <= ready}
        for name, endings in models.items()
    }
    for name, versions in settled.items():
        if versions[max(versions)] != "loads" or (len(versions) > 1 and _tied(models[name], ready)):
            return Exits(f"1 servable(s) did not become available: {name} version {max(versions)}")
    serving = {name: tuple(sorted(v for v in versions if versions[v] == "loads")) for name, versions in settled.items()}
    return Starts(serving, ready)


def _tied(endings: Mapping[int, tuple[float, str]], ready: float) -> bool:
    """Returns whether a failure ends at the same moment as the first load: it may come first."""
    return any(at == ready and what != "loads" for at, what in endings.values())
