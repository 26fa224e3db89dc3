"""The mail about a withdrawal, and what mail and workflow may import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.results import whole

from sentiment.errors import InputError
from sentiment.mail.withdrawal import withdrawn_mail
from sentiment.results.probe import Side, Watch
from sentiment.results.record import as_json, decoded

GONE = {"withdrawn": True, "version": 4, "stable": None, "why": "3 bad probes in a row: x", "sentence": "Gone."}
MEASURING = {"coverage", "$coverage"}  # `make coverage` is in every process


def test_it_can_be_written_without_figures() -> None:
    """As by a second try, when the first one's process was killed and the record is lost."""
    mail = withdrawn_mail(whole(Watch, GONE, bad_probes=[]), "night", {})
    assert mail.subject == "Sentiment: version 4 was withdrawn. 3 bad probes in a row: x"
    assert "- 3 bad probes in a row: x" in mail.text and "There is no stable version" in mail.text
    assert "Where the two disagree" not in mail.text


def test_a_side_without_answers_is_told_as_that() -> None:
    side = {"accuracy": None, "errors": 12}
    probe = {"at": "t", "canary": 4, "reasons": ["12 of 12 questions failed"]}
    probe["servers"] = {"here": {"asked": 12, "canary": side, "pairs": None}}
    mail = withdrawn_mail(whole(Watch, GONE, bad_probes=[probe]), "night", {})
    assert "t here, 12 posts: canary (4): no answer, 12 errors" in mail.text


@pytest.mark.parametrize("interval", [[], [0.5], [0.1, 0.2, 0.3]])
def test_an_interval_has_two_ends(interval: list[float]) -> None:
    """As it was, the mail about one with a single end was not sent, for an IndexError."""
    side = {**as_json(whole(Side)), "accuracy": 0.5, "interval": interval}
    with pytest.raises(InputError, match="interval"):
        decoded(side, Side, "a side", "Probe again.")
    assert decoded({**side, "interval": [0.1, 0.2]}, Side, "a side", "").interval == (0.1, 0.2)


def test_there_is_no_mail_about_a_canary_that_stays() -> None:
    with pytest.raises(ValueError, match="nothing to mail about"):
        withdrawn_mail(whole(Watch, withdrawn=False), "night", {})


def test_mail_and_decision_need_the_standard_library_and_the_types_alone() -> None:
    script = (
        "import json, sys, sentiment.mail.withdrawal, sentiment.probe.decision, sentiment.probe.record;"
        "ours = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names);"
        "print(json.dumps(sorted(name for name in ours if name[0] not in '_@')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (
        set(json.loads(done.stdout)) - {"sentiment", "msgspec", "typing_extensions", "sitecustomize", *MEASURING}
        == set()
    )


@pytest.mark.parametrize("verb", ["probe", "watch"])
def test_the_verbs_never_import_tensorflow(verb: str) -> None:
    script = (
        "import sys; import sentiment.probe.watch, sentiment.client.rest;"
        "from sentiment.cli import run; code = run([sys.argv[1], '--help']);"
        "sys.exit(code or ('tensorflow' in sys.modules) or ('numpy' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script, verb], capture_output=True, check=False).returncode == 0
