"""A stand-in for tensorflow_model_server that starts in milliseconds: its rules of the start and of labels, no models.

A version's folder holds a file `fate`: "loads SECONDS", "fails SECONDS", or "kills SECONDS", which kills the process.
It writes its process id to a file `pid` beside the models' folder at each start. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOOKS = 0.05  # seconds between looks at its configuration


class Server:
    def __init__(self, config: Path) -> None:
        self.config = config
        self.states: dict[int, str] = {}
        self.labels: dict[str, int] = {}

    def reload(self) -> None:
        """Applies the file; a label that moves to a version which is not there makes it refuse all of it."""
        text = self.config.read_text()
        versions = [int(found) for found in re.findall(r"versions: (\d+)", text)]
        labels = {key: int(value) for key, value in re.findall(r'key: "(\w+)"\s+value: (\d+)', text)}
        for label, version in labels.items():
            if self.labels.get(label, version) != version and self.states.get(version) != "AVAILABLE":
                return
        self.labels = labels
        base = Path(re.findall(r'base_path: "(.*)"', text)[0]) if versions else Path()
        for version in sorted(versions, reverse=True):
            if version not in self.states:
                self.states[version] = "LOADING"
                threading.Thread(target=self.load, args=(base / str(version), version), daemon=True).start()
        for version in [version for version in self.states if version not in versions]:
            self.states[version] = "END"
            del self.states[version]

    def load(self, folder: Path, version: int) -> None:
        what, seconds = (folder / "fate").read_text().split()
        time.sleep(float(seconds))
        if what == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        self.states[version] = "AVAILABLE" if what == "loads" else "END"

    def wait_for_the_first(self) -> None:
        while self.states and not {"AVAILABLE", "END"} & set(self.states.values()):
            time.sleep(0.01)
        if "END" in self.states.values() and "AVAILABLE" not in self.states.values():
            sys.exit("Failed to start server. Error: 1 servable(s) did not become available")


def main() -> None:
    flags = dict(argument.removeprefix("--").partition("=")[::2] for argument in sys.argv[1:])
    server = Server(Path(flags["model_config_file"]))
    server.reload()
    server.wait_for_the_first()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            label = re.search(r"/labels/(\w+)/metadata", self.path)
            version = server.labels.get(label[1]) if label else None
            if label and server.states.get(version or 0) == "AVAILABLE":
                self.answer({"model_spec": {"version": str(version)}})
            elif label or not server.states:
                self.answer({"error": "not found"}, 404)
            else:
                known = [{"version": str(v), "state": state} for v, state in sorted(server.states.items())]
                self.answer({"model_version_status": known})

        def answer(self, body: object, code: int = 200) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(body, indent=1).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    ThreadingHTTPServer.daemon_threads = True
    web = ThreadingHTTPServer(("127.0.0.1", int(flags["rest_api_port"])), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(os.getpid(), flush=True)
    while True:
        time.sleep(LOOKS)
        server.reload()


main()
