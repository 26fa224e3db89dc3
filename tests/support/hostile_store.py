"""An object store on this machine that answers as a test wants: about one object, or to a listing."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from support.object_store import lead_to

Answer = Callable[["Request"], None]
SOURCE = "s3://posts/in"


def delivered(name: str) -> bytes:
    return f"text\tlabel\n{name} 真的好吃\tpositive\n{name} 很難吃\tnegative\n".encode()


class Dripping:
    """An answer of which a little comes again and again: `first`, and then `more` up to a thousand times."""

    MOST = 1_000

    def __init__(self, first: bytes, more: bytes) -> None:
        self._first, self._more = first, more
        self.dripped = 0
        self.heard_enough = threading.Event()

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        try:
            request.wfile.write(self._first)
            while self.dripped < self.MOST and not self.heard_enough.wait(0.01):
                request.wfile.write(self._more)
                self.dripped += 1
        except OSError:  # who asked has heard enough
            self.heard_enough.set()


NEVER_A_BODY = (
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    (b"", b"H"),
    (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
    (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"),
)  # how an answer may go on for ever


class Request(BaseHTTPRequestHandler):
    """One request, with which an answer of a test can do as it likes."""

    protocol_version = "HTTP/1.1"
    server: _Server

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/posts").removeprefix("/")

    @property
    def content(self) -> bytes:
        return self.server.store.objects[self.key]

    @property
    def start(self) -> int:
        """From which byte on the object is asked for."""
        return int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])

    def do_GET(self) -> None:
        store = self.server.store
        store.asked.append((self.key, self.headers.get("Range") or ""))
        if store.is_down:
            self.close_connection = True
        elif "list-type" in parse_qs(urlsplit(self.path).query):
            store.list(self)
        elif self.key not in store.objects:
            self.give(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            store.spoilt.get(self.key, Request.give_object)(self)

    def do_PUT(self) -> None:
        self.server.store.asked.append((self.key, "PUT"))
        self.server.store.spoilt.get(self.key, Request.take_object)(self)

    def take_object(self) -> None:
        self.server.store.objects[self.key] = self.rfile.read(int(self.headers["Content-Length"]))
        self.give(200, b"")

    def handle_expect_100(self) -> bool:
        """Leaves it to the answer whether a body may come."""
        return True

    def give_object(self, **headers: str) -> None:
        """Gives what is asked for, as a store does; `_` in a header's name stands for `-`."""
        first, _, last = (self.headers.get("Range") or "").removeprefix("bytes=").partition("-")
        start, end = int(first or 0), int(last) + 1 if last else len(self.content)
        if first:
            headers["Content_Range"] = f"bytes {start}-{end - 1}/{len(self.content)}"
        self.give(206 if first else 200, self.content[start:end], None, **headers)

    def give(self, status: int, content: bytes, length: int | None = None, **headers: str) -> None:
        """Gives an answer; one that states another `length` than it has is closed behind it."""
        stated = len(content) if length is None else length
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(stated))
        self.end_headers()
        self.close_connection = stated != len(content)
        try:
            self.wfile.write(content)
        except OSError:  # who asked has heard enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing: what was asked is in `asked`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: HostileStore

    def handle_error(self, *_: object) -> None:
        """Says nothing: who asked may close the connection whenever it has heard enough."""


class HostileStore:
    """A bucket, `posts`: answers to requests for a key in `spoilt` are given by a test, and a listing by `list`."""

    def __init__(self) -> None:
        self.objects = {f"in/{name}.tsv": delivered(name) for name in "abc"}
        self.spoilt: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []  # key ("" for a listing) and range
        self.list: Answer = lambda request: request.give(200, self.listing())
        self.is_down = False

    def listing(self, **replaced: str) -> bytes:
        """Returns the list of the objects; `replaced` has entries by name, `b` for `in/b.tsv`."""
        entries = {key.removeprefix("in/").removesuffix(".tsv"): self.entry(key) for key in self.objects} | replaced
        listed = "".join(f"<Contents>{entry}</Contents>" for entry in entries.values())
        return f"<ListBucketResult><EncodingType>url</EncodingType>{listed}</ListBucketResult>".encode()

    def entry(self, key: str, *, name: str | None = None, tag: str | None = None, size: str | None = None) -> str:
        """Returns what is listed of an object; "" for what is left out."""
        tag = f'"{hashlib.md5(self.objects[key]).hexdigest()}"' if tag is None else tag
        size = f"{len(self.objects[key])}" if size is None else size
        told = {"Key": quote(key) if name is None else name, "ETag": escape(tag), "Size": size}
        return "".join(f"<{element}>{text}</{element}>" for element, text in told.items() if text)


@pytest.fixture
def hostile_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileStore]:
    """The store, while the environment leads to it; nobody waits between the tries of a request."""
    with _Server(("127.0.0.1", 0), Request) as server:
        server.store = HostileStore()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        lead_to(f"http://127.0.0.1:{server.server_port}", monkeypatch)
        monkeypatch.setattr("time.sleep", lambda _: None)
        yield server.store
        server.shutdown()
