"""The models.config on the disk: read at boot and polled; what is refused leaves the old state serving."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from sentiment.model_server.config import ServerConfig, parse_config
from sentiment.model_server.refusal import Refusal

log = logging.getLogger("sentiment.server")


class ConfigFile:
    """A file whose content is handed to `reload` when it changes.

    What was refused is tried again at every poll, as by the real server: the version that a label waits for may have
    become available. The same refusal is logged once.
    """

    def __init__(self, path: Path, reload: Callable[[ServerConfig], None]) -> None:
        self._path, self._reload = path, reload
        self._accepted: str | None = None
        self._complaint = ""

    def apply(self) -> None:
        """Reads the file and applies it, unless that was done already. Raises Refusal or OSError."""
        text = self._path.read_text(encoding="utf-8")
        if text == self._accepted:
            return
        self._reload(parse_config(text))
        self._accepted, self._complaint = text, ""

    def poll(self) -> None:
        """Applies the file; a refusal is logged and changes nothing."""
        try:
            self.apply()
        except (Refusal, OSError, UnicodeDecodeError) as error:
            if str(error) != self._complaint:
                log.error("%s is not applied: %s", self._path, error)
            self._complaint = str(error)
