"""Says why a request, a configuration or a load was refused: with a code of the real server and a sentence."""

from __future__ import annotations

import enum
import re

from sentiment.errors import SentimentError


class Code(enum.Enum):
    """The status codes that gRPC and TensorFlow share: their number, and the HTTP status that REST answers.

    Source: `google/rpc/code.proto` and `ToHTTPStatusCode` in the real server's `http_server.cc`.
    """

    OK = (0, 200)
    CANCELLED = (1, 499)
    UNKNOWN = (2, 500)
    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    OUT_OF_RANGE = (11, 400)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    DATA_LOSS = (15, 500)
    UNAUTHENTICATED = (16, 401)

    def __init__(self, number: int, http_status: int) -> None:
        self.number = number
        self.http_status = http_status


_FRAME = re.compile(r'\s+File "')
_NOISE = re.compile(r"Graph execution error:|Detected at node |    |\s*$")  # four spaces: a line of source
_NODE = re.compile(
    r"\[\[(?:\{\{\w+ )?[A-Za-z_][\w/.:]*(?:\}\})?\]\]|\{\{\w+ [\w/.:]*\}\}|\[Op:[^\]]*\]|<stack traces unavailable>"
)
_BY_NUMBER = {code.number: code for code in Code}
# What a client wrote, and is told again. Trailers of gRPC have no flow control, and clients read 8 KB of them; there, a
# byte may take three. The real server cuts what it tells over gRPC at the same place (`grpc_status_util.cc`).
MOST_QUOTED = 200  # characters of one value
MOST_TOLD = 1024  # bytes of all that is told
CUT = "...TRUNCATED"  # stands behind what was cut


class Refusal(SentimentError):
    """An answer that is not a result. `refusal.told` is the sentence that the client reads; it may be empty."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def told(self) -> str:
        """What the client reads: the sentence, cut after 1,024 bytes, in case it quotes more than was foreseen."""
        data = str(self)[: MOST_TOLD + 1].encode("utf-8", errors="replace")
        if len(data) <= MOST_TOLD:
            return data.decode("utf-8")
        return data[:MOST_TOLD].decode("utf-8", errors="ignore") + CUT


def quoted(value: str) -> str:
    """Returns what a client wrote as a message tells it again: cut after 200 characters."""
    return value if len(value) <= MOST_QUOTED else value[:MOST_QUOTED] + "…"


def refusal_of(error: Exception) -> Refusal:
    """Returns `error` as a Refusal: its own words, TensorFlow's code and message, or INTERNAL with the error's name.

    It is a new one, that was never raised. One that was leads, by its traceback, to all that its request held, and to
    whoever caught it: kept in a variable there, both would stay in memory until Python looks for such circles.
    """
    if isinstance(error, Refusal):
        return Refusal(error.code, str(error))
    number = getattr(error, "error_code", None)  # tf.errors.OpError has it; TensorFlow need not be imported here
    if isinstance(number, int):
        return Refusal(_BY_NUMBER.get(number, Code.UNKNOWN), essence(str(getattr(error, "message", error))))
    if isinstance(error, FileNotFoundError):
        return Refusal(Code.NOT_FOUND, str(error))
    return Refusal(Code.INTERNAL, f"{type(error).__name__}: {error}")


def essence(message: str) -> str:
    """Returns TensorFlow's message without the server's stack, which does not concern a client."""
    lines = message.splitlines()
    frames = [index for index, line in enumerate(lines) if _FRAME.match(line)]
    said = [line for line in lines[frames[-1] + 1 if frames else 0 :] if not _NOISE.match(line)]
    return " ".join(" ".join(_NODE.sub("", line) for line in said).split()) or message
