"""Which figure follows from which finding: an answer that differs is 0, one that is not known is left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sentiment.probe.gauges import of_probes, of_served
from sentiment.probe.likeness import Reported
from sentiment.probe.served import Looked
from sentiment.results.probe import Probe
from sentiment.results.served import Finding, Kind
from sentiment.serving.state import State, Version
from sentiment.settings import read_settings
from sentiment.text.exposition import Family

HERE, GONE = "http://here:8501", "http://gone:8501"
VERSIONS = {1: Version(1, metrics={"rolling": 0.75, "frozen": 0.875}), 2: Version(2)}
STATE = State(versions=VERSIONS, stables=(1,), canary=2)
REPORTED = Reported({1: ("AVAILABLE", ""), 2: ("LOADING", ""), 3: ("END", "")}, {"stable": 1})


def values(families: list[Family], name: str) -> list[tuple[dict[str, str], float]]:
    [family] = [family for family in families if family.name == name]
    return [(labels, value) for _, labels, value in family.samples]


def found(kind: Kind) -> list[Family]:
    finding = Finding(server=HERE, label="stable", kind=kind, sentence="")
    looked = {HERE: Looked(REPORTED, [finding]), GONE: Looked(OSError("refused"), [])}
    return of_served(looked, STATE, 1.5)


@pytest.mark.parametrize(
    ("kind", "answers", "server"),
    [
        ("agrees", [1.0], 1.0),
        ("other version", [0.0], 0.0),
        ("another model", [0.0], 0.0),
        ("refuses", [0.0], 0.0),
        ("not compared", [], 1.0),
    ],
)
def test_a_label_agrees_differs_or_is_not_known(kind: Kind, answers: list[float], server: float) -> None:
    families = found(kind)
    who = {"server": HERE, "label": "stable", "version": "1"}
    assert values(families, "sentiment_answers_agree") == [(who, answer) for answer in answers]
    assert values(families, "sentiment_server_agrees") == [({"server": HERE}, server)], "the other was not reached"
    assert values(families, "sentiment_server_reached") == [({"server": HERE}, 1.0), ({"server": GONE}, 0.0)]


def test_what_the_history_and_the_servers_say_of_versions() -> None:
    families = found("agrees")
    assert values(families, "sentiment_history_label_version") == [({"label": "stable"}, 1), ({"label": "canary"}, 2)]
    of_stable = {"label": "stable", "version": "1"}
    right = [({**of_stable, "set": "frozen"}, 0.875), ({**of_stable, "set": "rolling"}, 0.75)]
    assert values(families, "sentiment_version_accuracy_ratio") == right
    loaded = [({"server": HERE, "version": "1"}, 1.0), ({"server": HERE, "version": "2"}, 0.0)]
    assert values(families, "sentiment_server_version_available") == loaded, "what is gone for good is left out"
    assert values(families, "sentiment_verify_timestamp_seconds") == [({}, 1.5)]


def test_a_probe_that_could_not_judge_is_no_bad_one_and_keeps_what_was_known(made: Callable[..., Probe]) -> None:
    probes = [made("bad", 0), made("bad", 5), made("unreachable", 10)]
    families = of_probes(probes, read_settings({}))
    [(_, at)] = values(families, "sentiment_probe_timestamp_seconds")
    assert at == 1_800_000_000 + 600
    assert values(families, "sentiment_canary_bad") == [({"version": "2"}, 0.0)]
    assert values(families, "sentiment_canary_bad_probes") == [({"version": "2"}, 2.0)]


def test_how_long_a_canary_answered_well_is_in_seconds(made: Callable[..., Probe]) -> None:
    families = of_probes([made("good", 0), made("good", 5)], read_settings({"SENTIMENT_CANARY_BAKE_MINUTES": "5"}))
    assert values(families, "sentiment_canary_good_seconds") == [({"version": "2"}, 300.0)]
    assert values(families, "sentiment_canary_baked") == [({"version": "2"}, 1.0)]
    assert of_probes([], read_settings({})) == []
