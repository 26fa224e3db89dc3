"""The canary's share of the requests, as servers count them: whole probes of a real server, and figures by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from msgspec import UNSET
from support.results import whole
from support.toy_stand import Stand

from sentiment.probe.probe import probe, probing
from sentiment.probe.record import probes_file, read_probes
from sentiment.probe.traffic import Traffic, answered_by, traffic
from sentiment.results.probe import Answered, Probe, Server, Side

LABELS = {"stable": 1, "canary": 2}
Make = Callable[..., Probe]


def server(stable: int, canary: int, answers: int = 24) -> Server:
    side = whole(Side, answers=answers, first_ms=1.0)
    return Server(asked=answers, stable=side, canary=side, answered=Answered(stable, canary))


def test_requests_of_clients_are_told_apart_from_the_probes(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.model_server.metrics.SECONDS_OF_A_PAGE", 0.0)
    stand.canary(2, "good")
    with probing(stand.settings):
        probe(stand.settings)
        before = traffic(read_probes(probes_file(stand.settings)))
        probe(stand.settings)
        quiet = traffic(read_probes(probes_file(stand.settings)))
        for label in ["stable"] * 9 + ["canary"]:
            stand.ask(label)
        probe(stand.settings)
    found = traffic(read_probes(probes_file(stand.settings)))
    assert before is None and quiet and (quiet.requests, quiet.share) == (0, 0.0)
    assert found and (found.requests, found.canary, found.share) == (10, 1, 0.1)


def test_a_probe_takes_off_what_it_asked_itself(made: Make) -> None:
    probes = [
        made(minute=5 * number, servers={"a": one}) for number, one in enumerate([server(100, 50), server(215, 85)])
    ]
    assert traffic(probes) == Traffic(100, 10, probes[0].at)
    assert traffic(probes[:1]) is None and traffic([]) is None


def test_a_server_that_began_anew_or_was_not_asked_counts_from_there(made: Make) -> None:
    gone = Server(unreachable="no route")
    counted = [server(1000, 500), gone, server(1125, 525), server(10, 5), server(45, 35)]
    probes = [made(servers={"a": one, "b": gone}) for one in counted]
    assert traffic(probes) == Traffic(100 + 15, 0 + 5, probes[0].at)
    assert traffic([made(servers={"b": gone})] * 2) is None


def test_nobody_who_asked_is_no_share(made: Make) -> None:
    found = traffic([made(servers={"a": one}) for one in (server(0, 0), server(25, 25))])
    assert found and (found.requests, found.share) == (0, 0.0)


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (b"# TYPE :tensorflow:serving:request_count counter\n", UNSET),
        (b"# TYPE sentiment_requests_total counter\n", Answered(0, 0)),
        (
            b"# TYPE sentiment_requests_total counter\n"
            b'sentiment_requests_total{model_name="m",version="1",label="stable",status="OK",entrypoint="REST"} 7.0\n'
            b'sentiment_requests_total{entrypoint="GRPC",version="1",label="",status="OK",model_name="m"} 1e+03\n'
            b'sentiment_requests_total{model_name="m",version="2",label="a\\"}",status="OK",entrypoint="REST"} 5.0\n'
            b'sentiment_requests_total{model_name="m",version="2",label="canary",status="NOT_FOUND"} 3.0\n'
            b'sentiment_requests_total{model_name="other",version="2",label="canary",status="OK"} 9.0\n'
            b'sentiment_requests_total{model_name="",version="",label="",status="UNAVAILABLE"} 9.0\n',
            Answered(1007, 5),
        ),
        (None, UNSET),
    ],
)
def test_a_page_is_read_by_version(page: bytes | None, found: Any) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if page is None or self.path != "/metrics" else 200)
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_address[1]}"
        assert answered_by(address, "m", LABELS) == found
        assert answered_by(address, "m", {"canary": 2}) is UNSET, "there is no share without stable"
        web.shutdown()
    assert answered_by(address, "m", LABELS) is UNSET
