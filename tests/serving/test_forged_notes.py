"""A note that somebody forged, again and again: what is to be stable becomes so, and only a canary waits."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentiment.errors import InputError, UnavailableError
from sentiment.serving import load, models_config, notes
from sentiment.serving.canary import canary
from sentiment.serving.change import Change, changing
from sentiment.serving.notes import HELD, Note
from sentiment.serving.promote import promote
from sentiment.serving.rollback import rollback
from sentiment.settings import Settings

CALLS_UNTIL_LOADED = 2


class Forging:
    """A server that follows models.config and is slow to load, in a home in which somebody forges a note about it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.settings = Settings(home=folder, serving_urls=f"http://127.0.0.1:{port}", load_timeout=20)
        for version in range(1, 5):
            for file in ("saved_model.pb", "variables/variables.index"):
                path = self.settings.versions / str(version) / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        self.settings.servers_notes.mkdir()
        self._asked = 0
        self.error = ""
        self.holds_back = False  # as a server does that the canary killed: it loads what is to be stable alone

    def answer(self, path: str) -> dict[str, Any]:
        text = self.settings.models_config.read_text()
        self.settings.servers_notes.joinpath("evil").write_text(Note(HELD, notes.digest_of(text), 1).line)
        self._asked += 1
        model = models_config.parse(text, self.settings.models_config).model_config_list.config[0]
        if label := re.search(r"/labels/(\w+)/", path):
            return {"model_spec": {"version": str(model.version_labels[label[1]])}}
        version = path.rpartition("/")[2]
        known = version == str(model.version_labels["stable"]) if self.holds_back else self._asked > CALLS_UNTIL_LOADED
        if self.error:
            status = {"error_code": "INTERNAL", "error_message": self.error}
            return {"model_version_status": [{"version": version, "state": "END", "status": status}]}
        state = "AVAILABLE" if known else "LOADING"
        return {"model_version_status": [{"version": version, "state": state, "status": {}}]}

    def change(self, *events: str) -> None:
        with changing(self.settings, "ops") as change:
            for name, version in map(str.split, events):
                change.record(name, int(version))

    def changed(self) -> Change:
        self._asked = 0
        return Change(self.settings, "ops")


@pytest.fixture
def forging(tmp_path: Path) -> Iterator[Forging]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(found.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Forging(tmp_path, server.server_port)
        for version in (1, 2, 3):
            found.change(*(f"{event} {version}" for event in ("published", "staged", "canary", "promoted")))
        found.change("published 4")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("to", [None, 1])
def test_a_rollback_goes_on_and_says_what_the_note_says(
    forging: Forging, to: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rollback(forging.changed(), to).stable == (to or 2)
    said = capsys.readouterr().err
    assert said.count("Server evil holds models.config back") == 1
    assert "This goes on: only what the servers answer counts." in said


@pytest.mark.parametrize("to", [None, 1])
def test_a_rollback_does_not_wait_for_a_server_that_holds_back_what_it_leads_to(
    forging: Forging, to: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was, it waited as long as a load may take, and then changed nothing: the canary took the way back away."""
    monkeypatch.setattr(load, "SECONDS_FOR_A_HELD_ONE", 0.5)
    forging.change("staged 4", "canary 4")
    forging.holds_back = True
    begin = time.monotonic()
    found = rollback(forging.changed(), to)
    assert (found.stable, found.changed) == (to or 2, True)
    assert time.monotonic() - begin < forging.settings.load_timeout / 2


def test_a_promotion_waits_for_a_server_that_holds_the_canary_back(forging: Forging) -> None:
    forging.change("staged 4", "canary 4")
    forging.holds_back, forging.settings = True, replace(forging.settings, load_timeout=1)
    with pytest.raises(UnavailableError, match="did not load version 4 within 1 s"):
        promote(forging.changed(), 4)


@pytest.mark.slow
def test_a_rollback_stops_at_a_server_that_failed_to_load_it(forging: Forging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "SECONDS_FOR_A_HELD_ONE", -1)
    forging.error = "no memory"
    with pytest.raises(InputError, match="could not load version 1: INTERNAL: no memory"):
        rollback(forging.changed(), 1)
    assert forging.changed().state.stable == 3


def test_a_promotion_goes_on(forging: Forging) -> None:
    forging.change("staged 4", "canary 4")
    assert promote(forging.changed(), 4).stable == 4


def test_a_canary_waits_for_a_person(forging: Forging) -> None:
    with pytest.raises(InputError, match=r"Server evil holds models\.config back"):
        canary(forging.changed(), 4)
