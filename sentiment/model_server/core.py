"""Knows what the server serves: the accepted configuration, its labels, and which version answers a request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from sentiment.model_server.config import ModelConfig, ServerConfig
from sentiment.model_server.policy import VersionState, assign_labels, version_number, wanted_versions
from sentiment.model_server.refusal import Code, Refusal, quoted
from sentiment.model_server.versions import Loaded, Versions

log = logging.getLogger("sentiment.server")
L = TypeVar("L", bound=Loaded)


class Core(Generic[L]):
    """The server without its ports. Every method may be called from any thread."""

    def __init__(self, versions: Versions[L], *, allow_labels_for_unavailable: bool = False) -> None:
        self._versions = versions
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._reloading = threading.Lock()  # one reload at a time, held while its new models load
        self._polling = threading.Lock()  # an older look at the disk must not undo a newer one
        self._config: ServerConfig | None = None
        self._of_file: ServerConfig | None = None  # what the file said when it was last accepted
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._folders: dict[str, Mapping[int, Path]] = {}

    def apply(self, config: ServerConfig) -> None:
        """Applies what the configuration file says; what it said before is restored whatever was served meanwhile.

        Raises: as `reload` does.
        """
        self.reload(config, restore=config == self._of_file)
        self._of_file = config

    def reload(self, config: ServerConfig, *, restore: bool = False) -> None:
        """Applies `config`, and waits until each model that is new in it has settled.

        Labels are checked first, so an existing label cannot move to a version that only this configuration adds;
        with `restore` they are not checked, because they were when `config` was first applied.

        Raises:
            Refusal: the configuration is not accepted, and nothing changes; or, with UNKNOWN, it is accepted but a new
                model could not be loaded.
        """
        with self._reloading:
            known = self._config.models if self._config else {}
            self._accept(config, restore=restore)
            self.poll()
            new = [name for name in config.models if name not in known]
            self._versions.await_settled(new)
            self._require_available(new)

    def _accept(self, config: ServerConfig, *, restore: bool) -> None:
        if not config.stated and self._config is None:
            return
        if not config.stated:
            raise Refusal(
                Code.FAILED_PRECONDITION,
                "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to "
                "another.",
            )
        for model in config.models.values():
            if not model.base_path.is_dir():
                raise Refusal(Code.NOT_FOUND, f"Could not find base path {model.base_path} for servable {model.name}")
        self._labels = assign_labels(
            config.models.values(),
            self._versions.states(),
            {} if restore else self._labels,
            allow_unavailable=restore or self._allow_labels_for_unavailable,
        )
        self._config = config

    def _require_available(self, names: list[str]) -> None:
        states = self._versions.states()
        failed = [
            f"{name} version {version}: {entry.message}"
            for name in names
            if not self._versions.available(name)
            for version, entry in sorted(states.get(name, {}).items())
        ]
        if failed:
            raise Refusal(Code.UNKNOWN, f"Some models did not become available: {'; '.join(failed)}")

    def poll(self) -> None:
        """Looks at the version folders of every model, and begins to load and unload what is needed."""
        with self._polling:
            models = self._config.models if self._config else {}
            found = {name: _wanted_folders(model) for name, model in models.items()}
            self._folders = {
                name: self._folders.get(name, {}) if folders is None else folders for name, folders in found.items()
            }
            self._versions.want(self._folders)

    @contextmanager
    def using(self, name: str, version: int | None = None, label: str | None = None) -> Iterator[tuple[int, L]]:
        """Holds the version that answers: the named one, the label's, or else the largest available one.

        Raises:
            Refusal: INVALID_ARGUMENT for an unknown label, NOT_FOUND for a version or model that is not available.
        """
        if not name:
            raise Refusal(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        if label is not None:
            version = self._labels.get(name, {}).get(label)
            if version is None:
                raise Refusal(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {quoted(label)}")
        with self._versions.hold(name, version) as held:
            yield held

    def states(self, name: str, version: int | None = None) -> dict[int, VersionState]:
        """Returns the state of one version, or of every version of a model ever seen, newest first; ignores labels.

        Raises:
            Refusal: NOT_FOUND.
        """
        states = dict(sorted(self._versions.states().get(name, {}).items(), reverse=True))
        if not states:
            raise Refusal(Code.NOT_FOUND, f"Could not find any versions of model {quoted(name)}")
        if version is None:
            return states
        if version not in states:
            raise Refusal(Code.NOT_FOUND, f"Could not find version {version} of model {quoted(name)}")
        return {version: states[version]}

    def all_states(self) -> dict[str, dict[int, VersionState]]:
        """Returns model → version → state."""
        return self._versions.states()

    def available(self) -> dict[str, list[int]]:
        """Returns, for every configured model, the versions that answer now."""
        return {name: self._versions.available(name) for name in (self._config.models if self._config else {})}

    def close(self) -> None:
        """Unloads everything, each version when its requests have finished."""
        self._versions.close()


def _wanted_folders(model: ModelConfig) -> dict[int, Path] | None:
    """Returns the version folders that the policy wants, or None when the base path cannot be read at the moment."""
    try:
        numbered = [(version_number(child.name), child) for child in model.base_path.iterdir()]
    except OSError as error:
        log.warning("%s: cannot read %s: %s", model.name, model.base_path, error.strerror)
        return None
    present = {number: child for number, child in numbered if number is not None}
    return {version: present[version] for version in sorted(wanted_versions(model.policy, present))}
