"""Knows what the server serves: the accepted configuration, its labels, and which version answers a request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from sentiment.model_server.config import ModelConfig, ServerConfig, require_platforms
from sentiment.model_server.policy import State, VersionState, assign_labels, wanted_folders
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
        """Applies `config`, and waits until the first version of each model that is new in it has loaded or failed.

        Labels are checked first, so an existing label cannot move to a version that only this configuration adds;
        with `restore` they are not checked, because they were when `config` was first applied.

        Raises:
            Refusal: the configuration is not accepted, and nothing changes; or, with UNKNOWN, it is accepted but the
                version of a new model that was the first to load or fail has failed.
        """
        with self._reloading:
            starting, known = self._config is None, self._config.models if self._config else {}
            self._accept(config, restore=restore)
            self.poll()
            new = [name for name in config.models if name not in known]
            firsts = self._versions.await_first(new)
            if starting and config.stated:
                self._versions.end_first_loads()
            _require_available(firsts, "servable" if starting else "model")

    def _accept(self, config: ServerConfig, *, restore: bool) -> None:
        if not config.stated and self._config is None:
            return
        if not config.stated:
            raise Refusal(
                Code.FAILED_PRECONDITION,
                "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to "
                "another.",
            )
        require_platforms(self._config.models if self._config else {}, config.models)
        for model in config.models.values():
            if not model.base_path.is_dir():
                raise Refusal(
                    Code.INVALID_ARGUMENT,
                    f"Could not find base path {model.base_path} for servable {model.name} with error NOT_FOUND: "
                    f"{model.base_path} not found",
                )
        self._labels = assign_labels(
            config.models.values(),
            self._versions.states(),
            {} if restore else self._labels,
            allow_unavailable=restore or self._allow_labels_for_unavailable,
        )
        self._config = config

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

    def without_versions(self) -> list[str]:
        """Returns the configured models of which no version is on the disk."""
        return [name for name in (self._config.models if self._config else {}) if not self._folders.get(name)]

    def have_settled(self, versions: Mapping[str, Collection[int]]) -> bool:
        """Returns whether all these versions, by model, have loaded or failed."""
        states, ended = self._versions.states(), (State.AVAILABLE, State.END)
        return all(
            number in states.get(name, {}) and states[name][number].state in ended
            for name, numbers in versions.items()
            for number in numbers
        )

    def close(self) -> None:
        """Unloads everything, each version when its requests have finished."""
        self._versions.close()


def _require_available(firsts: Mapping[str, tuple[int, VersionState]], what: str) -> None:
    """Source: `load_servables_fast.cc:ConnectSourcesWithFastInitialLoad`, `server_core.cc:WaitUntilModelsAvailable`."""
    failed = [
        f"{{{{name: {name} version: {version}}} due to error: {entry.code.name}: {entry.message}}}, "
        for name, (version, entry) in sorted(firsts.items())
        if entry.state is not State.AVAILABLE
    ]
    if failed:
        raise Refusal(Code.UNKNOWN, f"{len(failed)} {what}(s) did not become available: {{{''.join(failed)}}}")


def _wanted_folders(model: ModelConfig) -> dict[int, Path] | None:
    """Returns the version folders that the policy wants, or None when the base path cannot be read at the moment."""
    try:
        names = [child.name for child in model.base_path.iterdir()]
    except OSError as error:
        log.warning("%s: cannot read %s: %s", model.name, model.base_path, error.strerror)
        return None
    return {version: model.base_path / name for version, name in wanted_folders(model.policy, names).items()}
