"""What a client shows a server, and by what it verifies the server: a token, and the authorities' certificates."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from sentiment.settings.declaration import read
from sentiment.settings.steps import Settings


@dataclass(frozen=True)
class Credentials:
    """`token` is sent to every server; `authorities` is a PEM file, "": the machine's own."""

    token: str = field(default="", repr=False)
    authorities: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def context(self) -> ssl.SSLContext:
        """Returns what verifies a server's certificate and name. Raises: OSError when the file cannot be read."""
        return ssl.create_default_context(cafile=self.authorities or None)

    def pem(self) -> bytes | None:
        """Returns the authorities' certificates, None for the machine's own. Raises: OSError."""
        return Path(self.authorities).read_bytes() if self.authorities else None


def credentials(token: str | None = None, authorities: str | None = None) -> Credentials:
    """Returns what is given, and for None what SENTIMENT_SERVING_TOKEN and SENTIMENT_SERVING_CA state.

    Raises: InputError when that cannot be a token.
    """
    stated = read(Settings, os.environ, ("serving_token", "serving_ca"))
    return Credentials(
        stated.serving_token if token is None else token, stated.serving_ca if authorities is None else authorities
    )
