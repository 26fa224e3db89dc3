"""The client of an object store, whose answers are bounded: only an object may be of any size.

Address, region, credentials and certificates are those that boto3 finds by itself: `AWS_ENDPOINT_URL`,
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, an instance's or a pod's role, `AWS_CA_BUNDLE` …
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
from botocore.awsrequest import AWSConnection, AWSResponse
from botocore.config import Config
from botocore.exceptions import HTTPClientError
from botocore.response import StreamingBody

from sentiment.data.formats.allowance import most_seconds
from sentiment.data.source.answer import Answer, Sent, TooLate, answered_by
from sentiment.data.source.markup import why_it_grows
from sentiment.data.source.refusal import Grows, TooLong

ATTEMPTS = 6  # of a request by botocore, and to continue a transfer that broke off; some 30 seconds in all
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, connect_timeout=10, read_timeout=60)
# S3 lets whoever writes an object give it 2 KB of metadata, each entry of which is a header; Python reads only 100.
MOST_HEADERS = 2_000
# A list has at most 1,000 keys, each of 1,024 bytes that may be escaped, and some 15 elements about each; parsing a tag
# or an attribute takes a hundred times the memory of its bytes.
MOST_BYTES, MOST_MARKUP = 8 << 20, 100_000
PIECE = 1 << 20
NO_OBJECT = 300  # the first status of an answer that has an error in place of the object


def new_client() -> Any:
    """Returns a client. Raises: what boto3 raises about its settings."""
    http.client._MAXHEADERS = MOST_HEADERS  # type: ignore[attr-defined]  # there is no setting for it
    AWSConnection.response_class = Answer  # nor for this
    client: Any = boto3.session.Session().client("s3", config=CONFIG)
    client.meta.events.register("before-send.s3", partial(_sent, client._endpoint.http_session))
    return client


def _sent(session: Any, request: Any, **_: object) -> AWSResponse:
    """Sends a request, in botocore's place, which would read an answer of any length into memory.

    Nobody is asked whether to send it (`Expect: 100-continue`): what comes then, botocore reads without any limit.
    """
    asks_for_object, request.stream_output = request.stream_output, True
    request.headers.pop("Expect", None)
    if hasattr(request.body, "read"):
        request.body = Sent(request.body)
    answer = _answer(session, request)
    body: Any = _Prompt(answer.raw)
    is_error = answer.status_code >= NO_OBJECT
    if is_error or not asks_for_object:
        body = _Read(_plain(_bounded(body), is_error))
    return AWSResponse(answer.url, answer.status_code, answer.headers, body)


def _answer(session: Any, request: Any) -> AWSResponse:
    """Returns the answer to a request. Raises: TooLate, which botocore takes for a broken connection."""
    try:
        answer: AWSResponse = session.send(request)
    except HTTPClientError as error:
        if isinstance(late := error.kwargs.get("error"), TooLate):
            raise late from None
        raise
    return answer


class _Prompt:
    """The body of an answer; a read returns what has come: a store may take hours to send as much as is asked for."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        found: bytes = self._body.read() if size is None else self._body.read1(size)
        return found

    def close(self) -> None:
        self._body.close()


class _Read:
    """The body of an answer that was read, as botocore asks for it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _bounded(body: _Prompt) -> bytes:
    """Returns an answer that is no object. Raises: TooLong; TooLate; botocore's errors when it breaks off."""
    stream, content = StreamingBody(body, None), bytearray()  # it turns urllib3's errors into botocore's
    with answered_by(time.monotonic() + most_seconds(0)):
        while piece := stream.read(PIECE):
            content += piece
            if len(content) > MOST_BYTES:
                body.close()
                raise TooLong(most=MOST_BYTES, of_what="bytes")
    if content.count(b"<") + content.count(b"=") > MOST_MARKUP:
        raise TooLong(most=MOST_MARKUP, of_what="tags and attributes")
    return bytes(content)


def _plain(content: bytes, is_error: bool) -> bytes:
    """Returns an answer as botocore may parse it. Of an error, which may be the page of a proxy, its status is enough.

    Raises: Grows.
    """
    if what := why_it_grows(content):
        if not is_error:
            raise Grows(what=what)
        return b""
    return content
