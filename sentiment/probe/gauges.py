"""What `verify` and `probe` found, as figures for Prometheus, by server, label and version. Pure functions.

A figure that is not known is left out, rather than 0: a server that was not reached neither agrees nor differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentiment.probe.decision import BAD, bad_in_a_row, good_minutes, is_baked, of_term, unreachable
from sentiment.probe.figures import PERCENTILES
from sentiment.probe.likeness import AGREES
from sentiment.probe.served import Looked
from sentiment.results.probe import Probe, Side
from sentiment.serving.state import State
from sentiment.settings import Settings
from sentiment.text.exposition import Family
from sentiment.text.taipei import moment_of


def of_served(looked: Mapping[str, Looked], state: State, at: float) -> list[Family]:
    """Returns what every server serves, and whether the history says so; `at` is the moment, Unix time."""
    looked_at = Family("sentiment_verify_timestamp_seconds", "gauge", "When the servers were compared, Unix time.")
    looked_at.add(at)
    return [looked_at, *_of_history(state), *_of_servers(looked, state)]


def _of_history(state: State) -> list[Family]:
    wanted = Family("sentiment_history_label_version", "gauge", "The version that a label means, by the history.")
    right = Family(
        "sentiment_version_accuracy_ratio", "gauge", "Right answers of a labelled version on a test set, when trained."
    )
    for label, version in state.labels.items():
        wanted.add(version, label=label)
        for test_set, accuracy in sorted(state.versions[version].metrics.items()):
            right.add(accuracy, label=label, version=version, set=test_set)
    return [wanted, right]


def _of_servers(looked: Mapping[str, Looked], state: State) -> list[Family]:
    reached = Family("sentiment_server_reached", "gauge", "1: the server answered when it was compared.")
    agrees = Family("sentiment_server_agrees", "gauge", "1: it serves what the history says; 0: it differs.")
    answers = Family(
        "sentiment_answers_agree", "gauge", "1: a label answers as its version did when validated; 0: it does not."
    )
    means = Family("sentiment_server_label_version", "gauge", "The version that a label means on a server.")
    loaded = Family("sentiment_server_version_available", "gauge", "1: the server has loaded the version; 0: not yet.")
    for server, found in looked.items():
        reported = found.reported
        reached.add(not isinstance(reported, OSError), server=server)
        if isinstance(reported, OSError):
            continue
        agrees.add(not any(finding.differs for finding in found.findings), server=server)
        for finding in found.findings:
            if finding.label and (finding.kind == AGREES or finding.differs):
                version = state.labels.get(finding.label, "")
                answers.add(finding.kind == AGREES, server=server, label=finding.label, version=version)
        for label, version in sorted(reported.labels.items()):
            means.add(version, server=server, label=label)
        for version, (condition, _) in sorted(reported.versions.items()):
            if version in state.served or condition == "AVAILABLE":
                loaded.add(condition == "AVAILABLE", server=server, version=version)
    return [reached, agrees, answers, means, loaded]


def of_probes(probes: Sequence[Probe], settings: Settings) -> list[Family]:
    """Returns how a canary stands after all probes of its term, oldest first, and the figures of the last of them."""
    return [*_of_canary(probes, settings), *_of_sides(probes[-1], settings)] if probes else []


def _of_canary(probes: Sequence[Probe], settings: Settings) -> list[Family]:
    last, judging = probes[-1], of_term(probes, probes[-1].term)
    probed = Family("sentiment_probe_timestamp_seconds", "gauge", "When the canary was probed last, Unix time.")
    bad = Family("sentiment_canary_bad", "gauge", "1: the last probe found it worse than stable, or failing.")
    in_a_row = Family("sentiment_canary_bad_probes", "gauge", "Bad probes in a row, up to the last.")
    good = Family("sentiment_canary_good_seconds", "gauge", "How long the canary has answered well.")
    baked = Family("sentiment_canary_baked", "gauge", "1: it has answered well for long enough.")
    if moment := moment_of(last.at):
        probed.add(moment.timestamp(), version=last.canary)
    bad.add(last.outcome == BAD, version=last.canary)
    in_a_row.add(len(bad_in_a_row(judging)), version=last.canary)
    good.add(good_minutes(judging) * 60, version=last.canary)
    baked.add(is_baked(judging, settings), version=last.canary)
    return [probed, bad, in_a_row, good, baked]


def _of_sides(probe: Probe, settings: Settings) -> list[Family]:
    judged = Family("sentiment_probe_judged", "gauge", "1: the canary could be judged on this server.")
    disagree = Family("sentiment_probe_disagreement_ratio", "gauge", "Posts that stable and canary label differently.")
    sides = _Sides()
    for server, found in probe.servers.items():
        judged.add(not unreachable(found, settings), server=server)
        if found.pairs and found.pairs.rows:
            disagree.add(found.pairs.disagreements / found.pairs.rows, server=server)
        for label, side in found.sides:
            sides.add(side, server=server, label=label, version=str(getattr(probe, label)))
    return [judged, disagree, *sides.families]


class _Sides:
    """The figures of one label on one server, of the last probe."""

    def __init__(self) -> None:
        self.answers = Family("sentiment_probe_answers", "gauge", "Posts that were answered in the last probe.")
        self.errors = Family("sentiment_probe_errors", "gauge", "Posts that were not answered in the last probe.")
        self.right = Family("sentiment_probe_accuracy_ratio", "gauge", "Right answers among the answers.")
        self.first = Family("sentiment_probe_first_answer_seconds", "gauge", "The first answer on a new connection.")
        self.latency = Family("sentiment_probe_latency_seconds", "gauge", "Response times of answers, as quantiles.")

    @property
    def families(self) -> list[Family]:
        return [self.answers, self.errors, self.right, self.first, self.latency]

    def add(self, side: Side, **who: str) -> None:
        self.answers.add(side.answers, **who)
        self.errors.add(side.errors, **who)
        self.right.add(side.accuracy, **who)
        self.first.add(_seconds(side.first_ms), **who)
        for percent in PERCENTILES:
            self.latency.add(_seconds(getattr(side, f"p{percent}_ms")), **who, quantile=f"{percent / 100:g}")


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
