"""Reads what a models.config asks for as plain values, checks it as the real server does, and polls the file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from sentiment.model_server.refusal import Code, Refusal

log = logging.getLogger("sentiment.server")

PLATFORM = "tensorflow"


@dataclass(frozen=True)
class VersionPolicy:
    """Which version folders a model serves: `latest` (the N largest), `all`, or the `specific` ones named."""

    kind: str = "latest"
    latest: int = 1
    specific: tuple[int, ...] = ()


@dataclass(frozen=True)
class ModelConfig:
    """One served model."""

    name: str
    base_path: Path
    platform: str = PLATFORM
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerConfig:
    """Every served model by name. `stated` is False for a file that holds no model_config_list at all."""

    models: Mapping[str, ModelConfig] = field(default_factory=dict)
    stated: bool = True


def parse_config(text: str) -> ServerConfig:
    """Returns the configuration in a ModelServerConfig text proto; which platforms it names is not checked yet.

    Raises:
        Refusal: the text is not such a proto, or the real server would not accept what it asks for.
    """
    proto = model_server_config_pb2.ModelServerConfig()
    try:
        text_format.Parse(text, proto)
    except text_format.ParseError as error:
        raise Refusal(Code.INVALID_ARGUMENT, f"Invalid protobuf file: {error}") from None
    return config_of(proto)


def config_of(proto: Any) -> ServerConfig:
    """Returns a ModelServerConfig message as values. Raises: Refusal, as `parse_config` does."""
    kind = proto.WhichOneof("config")
    if kind is None:
        return ServerConfig(stated=False)
    if kind != "model_config_list":
        raise Refusal(Code.INVALID_ARGUMENT, "ServerModelConfig type not supported. Only ModelConfigList is supported")
    models: dict[str, ModelConfig] = {}
    for model in map(_model_of, proto.model_config_list.config):
        if model.name in models:
            raise Refusal(Code.INVALID_ARGUMENT, f"Illegal to list model {model.name} multiple times in config list")
        models[model.name] = model
    return ServerConfig(models)


def _model_of(proto: Any) -> ModelConfig:
    if not proto.name:
        raise Refusal(Code.INVALID_ARGUMENT, "Expected every model of the config list to have a name")
    if not Path(proto.base_path).is_absolute():
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"Expected model {proto.name} to have an absolute path or URI; got base_path()={proto.base_path}",
        )
    labels = {str(label): int(version) for label, version in proto.version_labels.items()}
    policy = _policy_of(proto.model_version_policy)
    return ModelConfig(proto.name, Path(proto.base_path), _platform_of(proto), policy, labels)


def _platform_of(proto: Any) -> str:
    """Returns which platform a model asks for. Source: `server_core.cc:GetPlatform`."""
    stated = "ModelServerConfig::model_type (deprecated)", "ModelServerConfig::model_platform, model name is"
    if proto.model_type and proto.model_platform:
        raise Refusal(Code.INVALID_ARGUMENT, f"Illegal setting both {stated[0]} and {stated[1]} {proto.name}")
    if proto.model_type not in (0, model_server_config_pb2.TENSORFLOW):
        raise Refusal(Code.INVALID_ARGUMENT, f"ModelServerConfig::model_type choice {proto.model_type} not supported.")
    platform: str = PLATFORM if proto.model_type else proto.model_platform
    if not platform:
        raise Refusal(Code.INVALID_ARGUMENT, f"Illegal setting neither {stated[0]} nor {stated[1]} {proto.name}")
    return platform


def require_platforms(old: Mapping[str, ModelConfig], new: Mapping[str, ModelConfig]) -> None:
    """Checks that no model changes its platform, and that the new ones are SavedModels.

    Source: `server_core.cc:ValidateNoModelsChangePlatforms` and `CreateStoragePathRoutes`.

    Raises:
        Refusal: INVALID_ARGUMENT.
    """
    for name, model in new.items():
        if name in old and old[name].platform != model.platform:
            raise Refusal(
                Code.INVALID_ARGUMENT,
                f"Illegal to change a model's platform. For model {name} platform was {old[name].platform} and new "
                f"platform requested is {model.platform}",
            )
        if model.platform != PLATFORM:
            raise Refusal(Code.INVALID_ARGUMENT, f"Model {name} requests unsupported platform {model.platform}")


def _policy_of(proto: Any) -> VersionPolicy:
    kind = proto.WhichOneof("policy_choice")
    if kind == "specific":
        return VersionPolicy("specific", specific=tuple(proto.specific.versions))
    if kind == "all":
        return VersionPolicy("all")
    return VersionPolicy("latest", latest=max(1, proto.latest.num_versions))


class ConfigFile:
    """A file whose content goes to `reload` at every poll, as in the real server, also when it has not changed.

    So whatever else changed the configuration is undone by the next poll; and a refused file is tried again, because
    the version that a label waits for may have become available. The same refusal is logged only once.
    """

    def __init__(self, path: Path, reload: Callable[[ServerConfig], None]) -> None:
        self._path, self._reload = path, reload
        self._read: tuple[str, ServerConfig] | None = None
        self._complaint = ""

    def apply(self) -> None:
        """Reads the file and applies it. Raises: Refusal or OSError."""
        text = self._path.read_text(encoding="utf-8")
        if not text:  # proto_util.h:ParseProtoTextFile maps the file into memory, which an empty one cannot be
            raise Refusal(Code.INVALID_ARGUMENT, f"{self._path} is empty")
        if self._read is None or self._read[0] != text:
            self._read = text, parse_config(text)
        self._reload(self._read[1])
        self._complaint = ""

    def poll(self) -> None:
        """Applies the file; a refusal is logged and changes nothing."""
        try:
            self.apply()
        except (Refusal, OSError, UnicodeDecodeError) as error:
            if str(error) != self._complaint:
                log.error("%s is not applied: %s", self._path, error)
            self._complaint = str(error)
