"""TLS for both ports, from the text proto that --ssl_config_file names; the real server has it for gRPC alone.

Source: `ssl_config.proto`: the fields hold the PEM texts themselves, not the names of files.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiment.errors import InputError
from sentiment.model_server.parameter_files import parse_parameters


@dataclass(frozen=True)
class Tls:
    """Key and certificate of the server, and, with `verify`, who must have signed a client's certificate."""

    key: str
    certificate: str
    authority: str = ""
    verify: bool = False

    def for_rest(self) -> ssl.SSLContext:
        """Returns the context of the REST port. Raises: ssl.SSLError or OSError when key and certificate do not fit."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.TemporaryDirectory(prefix="sentiment-") as folder:  # only its owner can read it
            files = {name: Path(folder) / name for name in ("key", "certificate")}
            files["key"].write_text(self.key, encoding="utf-8")
            files["certificate"].write_text(self.certificate, encoding="utf-8")
            context.load_cert_chain(files["certificate"], files["key"], password="")  # asks nobody for one
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
        if self.verify:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def for_grpc(self) -> Any:
        """Returns the credentials of the gRPC port."""
        import grpc

        return grpc.ssl_server_credentials(
            [(self.key.encode(), self.certificate.encode())], self.authority.encode() or None, self.verify
        )


def read_tls(path: Path | None) -> Tls | None:
    """Returns what an SSLConfig file holds, None without a file. Raises: InputError, which quotes nothing of it."""
    if path is None:
        return None
    try:
        message = parse_parameters(path, "SSLConfig")
    except InputError as error:  # the parser's message quotes the line, which may be one of the key
        must = f"{path} must be an SSLConfig text proto (server_key, server_cert, custom_ca, client_verify)"
        found = "no file that can be read" if not path.is_file() else "something else"
        raise InputError(must, found=found, do=error.do) from None
    tls = Tls(message.server_key, message.server_cert, message.custom_ca, message.client_verify)
    if tls.verify and not tls.authority:
        raise InputError(
            f"{path}: client_verify must come with custom_ca", found="no custom_ca", do="Add the authority's PEM text."
        )
    try:
        tls.for_rest()
    except (ssl.SSLError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: server_key and server_cert must be PEM texts that belong together, custom_ca one or more "
            "certificates",
            found=getattr(error, "reason", "") or type(error).__name__,
            do="Put the texts themselves into the file, not the names of files.",
        ) from None
    return tls
