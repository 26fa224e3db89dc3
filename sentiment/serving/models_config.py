"""`models.config`: what TensorFlow Serving reads, rendered from the state. `boot.config`: what it starts with.

The first line says that the file is rendered, and holds a digest of the rest. The digest distinguishes an edit by hand
from a file that is merely older than the history (after a crash between writing the two). The second line names the
event that the file was made from, so that a history without that event is noticed. Both are comments of the format.

TensorFlow Serving's start ends with the first version that has loaded or failed, and it exits when that one has failed
(servable_state_monitor.cc:HasAnyServableInStreamReachedState,
load_servables_fast.cc:ConnectSourcesWithFastInitialLoad). So a server starts with `boot.config`, which has the stable
version alone, and is given `models.config` when it answers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from sentiment.errors import InputError
from sentiment.serving import made_from
from sentiment.serving.chain import Tip
from sentiment.serving.state import State
from sentiment.settings import Settings

MARK = "# Rendered from serving/history.jsonl; digest "


def rendered(state: State, settings: Settings) -> str:
    """Returns what `models.config` should be."""
    return render(state, settings.model_name, settings.base_path_for_servers)


def boot(state: State, settings: Settings) -> str:
    """Returns what `boot.config` should be: the stable version and its label alone; it names no event."""
    return rendered(state._replace(canary=None, staged=None, kept=None, tip=Tip()), settings)


def render(state: State, model_name: str, base_path: str) -> str:
    """Returns the file's text: every served version, and the labels; the list is empty when nothing is served."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.SetInParent()
    if state.served:
        model = config.model_config_list.config.add(name=model_name, base_path=base_path, model_platform="tensorflow")
        model.model_version_policy.specific.versions.extend(state.served)
        for label, version in state.labels.items():
            model.version_labels[label] = version
    body = made_from.line(state.tip) + text_format.MessageToString(config)
    return f"{MARK}{_digest(body)}\n{body}"


def is_older(text: str | None, state: State, settings: Settings) -> bool:
    """Returns whether a file that nobody edited is older than the history; one that names no event may be current."""
    return text not in (rendered(state, settings), rendered(state._replace(tip=Tip()), settings))


def read(path: Path) -> str | None:
    """Returns the file's exact text (except for bad UTF-8), or None when there is no file."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def parse(text: str, path: Path) -> model_server_config_pb2.ModelServerConfig:
    """Returns the parsed file. Raises: InputError when it is not a ModelServerConfig."""
    try:
        return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    except text_format.ParseError as error:
        raise InputError(
            f"{path} must be a ModelServerConfig text proto",
            found=str(error).rstrip("."),
            do="Correct the file, or discard the edit with `sentiment status --restore-config`.",
        ) from None


def edited_by_hand(text: str) -> bool:
    """Returns whether `text` differs, by even one byte, from everything that `render` writes."""
    first, _, body = text.partition("\n")
    return first != f"{MARK}{_digest(body)}"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
