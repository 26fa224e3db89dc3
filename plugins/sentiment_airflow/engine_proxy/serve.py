"""The proxy itself: `python -m sentiment_airflow.engine_proxy.serve` is the only service with the engine's socket.

It answers on port 2375. Each connection carries one request: after it, whatever else a client sends goes nowhere, so
that nothing reaches the engine behind a request that was let through.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sentiment.errors import InputError
from sentiment.settings import read_runner_settings, read_settings
from sentiment_airflow.engine_proxy import rules
from sentiment_airflow.engine_proxy.request import RefusedError, Request, read
from sentiment_airflow.engine_proxy.rules import Steps

PORT = 2375
SOCKET = Path("/var/run/docker.sock")
LONGEST_BODY = 1 << 20  # bytes; a step's is some kilobytes
SECONDS = 30.0  # for a client to say what it wants, and for the engine to say whose a container is
CHUNK = 1 << 16  # bytes
LENGTH = re.compile("[0-9]{1,9}")
CREDENTIAL = re.compile("[A-Za-z0-9+/_=-]+")


class EngineProxy(ThreadingHTTPServer):
    """Passes on what `rules` let through to the engine at `engine`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], steps: Steps, engine: Path = SOCKET) -> None:
        self.steps, self.engine = steps, engine
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: EngineProxy
    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def _answer(self) -> None:
        self.close_connection = True
        try:
            request = read(self.command, self.path, self._content())
            container = rules.check(request, self.server.steps)
            if container:
                self._require_own(container)
            self._pass_on(request)
        except RefusedError as refused:
            self._say(refused.status, f"{refused}; found {self.command} {self.path[:100]}")
        except OSError as error:
            self.log_message("%s", f"{self.command} {self.path[:100]}: {error}")

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _content(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
            raise RefusedError(f"a body must state its length, at most {LONGEST_BODY:,} bytes")
        return self.rfile.read(int(length))

    def _require_own(self, container: str) -> None:
        asking = HTTPConnection("docker", timeout=SECONDS)
        asking.sock = connected(self.server.engine)
        with closing(asking):
            asking.request("GET", f"/containers/{container}/json")
            answer = asking.getresponse()
            found = json.load(answer)
        if answer.status == 404:
            raise RefusedError("its container must exist", 404)
        if not rules.is_of(found, self.server.steps):
            raise RefusedError("its container must be one of this home's steps")

    def _pass_on(self, request: Request) -> None:
        with connected(self.server.engine) as engine:
            engine.sendall(head(request, self.headers.get("X-Registry-Auth", "")) + request.content)
            self.connection.settimeout(None)  # a step may be silent for hours
            pump(engine, self.connection)

    def _say(self, status: int, line: str) -> None:
        content = json.dumps({"message": f"engine proxy: {line}"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.log_message("%s", f"refused: {line}")

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """What is let through is not logged: health checks alone would fill the log."""


def head(request: Request, registry: str) -> bytes:
    """Returns the request's head as the engine gets it; `registry` is the credential with which an image is pulled."""
    upgrade = (
        {"Connection": "Upgrade", "Upgrade": "tcp"} if request.path.endswith("/attach") else {"Connection": "close"}
    )
    headers = {"Host": "docker", "Content-Length": str(len(request.content)), **upgrade}
    if request.body:
        headers["Content-Type"] = "application/json"
    if request.path == "/images/create" and CREDENTIAL.fullmatch(registry):
        headers["X-Registry-Auth"] = registry
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def pump(engine: socket.socket, client: socket.socket) -> None:
    """Passes the engine's answer on to its end, or to the client's; what the client says meanwhile is dropped."""
    while True:
        ready, _, _ = select.select([engine, client], [], [])
        if engine in ready:
            if not (chunk := engine.recv(CHUNK)):
                return
            client.sendall(chunk)
        elif not client.recv(CHUNK):
            return


def connected(path: Path) -> socket.socket:
    """Returns a connection to the engine. Raises: RefusedError when it does not answer."""
    engine = socket.socket(socket.AF_UNIX)
    try:
        engine.connect(str(path))
    except OSError as error:
        engine.close()
        raise RefusedError(f"a Docker engine must answer at {path} ({error.strerror})", 502) from None
    return engine


def main() -> None:
    try:
        settings, user = read_settings(), f"{os.getuid()}:{os.getgid()}"
        runner = read_runner_settings(os.environ)
        steps = Steps(settings.home, user, runner, settings.backup_folder, settings.scores)
    except InputError as error:
        print(f"engine proxy: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    with EngineProxy(("0.0.0.0", PORT), steps) as proxy:
        print(f"engine proxy: for the steps of {steps.home}, in containers of {steps.settings.image}", file=sys.stderr)
        proxy.serve_forever()


if __name__ == "__main__":
    main()
