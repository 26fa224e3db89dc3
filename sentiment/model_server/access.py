"""Who may ask, and who may change what is served: a shared token, and the rule for the reload RPC."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from sentiment.model_server.refusal import Code, Refusal

HEADER = "authorization"
ReloadRpc = Literal["off", "loopback", "token"]
RELOAD_RPC: tuple[str, ...] = get_args(ReloadRpc)
LOOPBACK = ("ipv4:127.", "ipv6:[::1]", "ipv6:%5B::1%5D", "unix:")


@dataclass(frozen=True)
class Access:
    """The shared token that every request must bring ("": none), and who may send HandleReloadConfigRequest."""

    token: str = ""
    reload_rpc: str = "off"

    def require(self, headers: Iterable[tuple[str | bytes, str | bytes]]) -> None:
        """Raises: Refusal (UNAUTHENTICATED) unless the headers, or the metadata, hold the token."""
        if self.token and not any(_text(name).lower() == HEADER and self._is_ours(value) for name, value in headers):
            raise Refusal(
                Code.UNAUTHENTICATED, "this server must be sent its token: the header Authorization: Bearer TOKEN"
            )

    def _is_ours(self, value: str | bytes) -> bool:
        return hmac.compare_digest(_text(value).encode(), f"Bearer {self.token}".encode())

    def require_reload(self, peer: str) -> None:
        """Raises: Refusal (PERMISSION_DENIED) unless this peer, whose token is right, may change the configuration."""
        if self.reload_rpc == "loopback" and not peer.startswith(LOOPBACK):
            raise _denied("HandleReloadConfigRequest is served for clients of this machine alone")
        if self.reload_rpc == "token" and not self.token:
            raise _denied(
                "HandleReloadConfigRequest needs a token, and the server has none: set SENTIMENT_SERVING_TOKEN"
            )
        if self.reload_rpc not in ("loopback", "token"):
            raise _denied(
                "HandleReloadConfigRequest is off: change models.config instead, or start the server with --reload_rpc"
            )


def _denied(why: str) -> Refusal:
    return Refusal(Code.PERMISSION_DENIED, why)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
