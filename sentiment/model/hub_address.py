"""Where a TF-Hub encoder comes from: a local folder, or an https address that is fetched once into TFHUB_CACHE_DIR.

Only https says who answers. Any other address could be answered, or changed on the way, by anybody.
Who answers has a time: five minutes for each head of an answer, and two hours for all of it.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from sentiment.data.formats.allowance import most_seconds
from sentiment.data.source.answer import Answer, TooLate, answered_by
from sentiment.disk import expanded
from sentiment.errors import InputError
from sentiment.file_sizes import LARGEST
from sentiment.model import packed_encoder
from sentiment.model.model_type import DEFAULT_ENCODERS, TF_HUB

SAVED_MODEL = "saved_model.pb"
HTTPS = "https://"
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
SECONDS_OF_SILENCE = 20.0


def resolve(name: str) -> Path:
    """Returns the SavedModel's folder; an address is fetched once, into TFHUB_CACHE_DIR. Raises: InputError if not."""
    require_nameable(name)
    if not is_address(name):
        return expanded(name)
    from sentiment.tensorflow_setup import tf

    try:
        with _patience(SECONDS_OF_SILENCE):
            return Path(_fetcher()(name))
    except (OSError, ValueError, RuntimeError, HTTPException, TooLate, tarfile.TarError, tf.errors.OpError) as error:
        raise _not_found(name, error) from None


def is_address(name: str) -> bool:
    return name.startswith(HTTPS)


def require_safe_address(name: str, option: str = "--model-name") -> None:
    """Raises: InputError when `name` is an address, such as http:// or gs://, that is not https."""
    if SCHEME.match(name) and not is_address(name):
        raise InputError(
            f"an encoder must be a local folder, a name on the hub, or an address that begins with {HTTPS}",
            found=ascii(name[:200]),
            do=f"Name the encoder's {HTTPS} address, or fetch it yourself and name its folder in {option}.",
        )


def require_nameable(name: str) -> None:
    """Raises: InputError unless `name` is an https address or the folder of a SavedModel."""
    require_safe_address(name)
    file = expanded(name) / SAVED_MODEL
    if not is_address(name) and not file.is_file():
        raise _not_found(name, f"no {file}")


class OnlyHttps(HTTPRedirectHandler):
    """Follows a redirect to another https address, and to nothing else."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if not is_address(newurl):
            raise ValueError(f"it was sent on to {newurl[:200]!r}, which is not {HTTPS}")
        fp.close()  # else all that comes with the redirect would be read
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Connection(HTTPSConnection):
    response_class = Answer


class InTime(HTTPSHandler):
    """Gives up an answer that takes too long."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._connection = partial(_Connection, context=context)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


def _fetcher() -> Any:
    """Returns tensorflow-hub's own fetcher, with its cache; it goes by https only, also where it is sent on to."""
    tensorflow_hub()
    from tensorflow_hub import resolver
    from tensorflow_hub.compressed_module_resolver import HttpCompressedFileResolver, _module_dir

    class Fetcher(HttpCompressedFileResolver):
        def __call__(self, handle: str) -> str:
            def fetch(address: str, folder: str) -> None:
                request = Request(self._append_compressed_format_query(address))
                with answered_by(time.monotonic() + most_seconds(LARGEST)), self._call_urlopen(request) as answer:
                    packed_encoder.unpack(answer, Path(folder))

            return str(resolver.atomic_download(handle, fetch, _module_dir(handle), self._lock_file_timeout_sec()))

        def _call_urlopen(self, request: Any) -> Any:
            return build_opener(InTime(self._context), OnlyHttps).open(request)

    return Fetcher()


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Limits how long a connection opened here may be silent: tensorflow-hub itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def tensorflow_hub() -> Any:
    """Imports tensorflow-hub; 0.16.1 needs one function of `pkg_resources`, which setuptools no longer ships."""
    if "pkg_resources" not in sys.modules and find_spec("pkg_resources") is None:
        from packaging.version import parse

        stand_in = ModuleType("pkg_resources")
        stand_in.parse_version = parse  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    import sentiment.tensorflow_setup  # noqa: F401 - sets Keras 2 before tensorflow-hub looks
    import tensorflow_hub  # isort: skip

    return tensorflow_hub


def _not_found(name: str, reason: object) -> InputError:
    return InputError(
        f"the encoder of a {TF_HUB} model must be a local SavedModel folder, or an address such as "
        f"{DEFAULT_ENCODERS[TF_HUB]} that can be reached or is in the cache (TFHUB_CACHE_DIR)",
        found=f"{name!r}: {' '.join(str(reason).split())[:300]}",
        do="Unpack the encoder here and name its folder, or set TFHUB_CACHE_DIR to a cache that holds it.",
    )
