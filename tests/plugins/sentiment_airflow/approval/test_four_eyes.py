"""Who made a canary, and who is that person."""

from __future__ import annotations

from pathlib import Path

import pytest
from sentiment_airflow.approval.four_eyes import barred, is_one_of, makers
from support.results import whole

from sentiment.errors import InputError
from sentiment.results.decision import Gate, Loosened, Overridden
from sentiment.results.events import AnyEvent, Canary, Promoted, Published
from sentiment.settings import Settings


def test_those_who_started_the_run_or_changed_its_gate_made_the_canary() -> None:
    events: list[AnyEvent] = [
        Published(version=2, who="somebody else"),
        Published(version=3, who="ann"),
        Canary(version=3, who="ann"),
        Canary(version=3, who="the nightly run"),
        Promoted(version=3, who="eve"),
        Canary(version=3, who="dan, started again by somebody"),
        Canary(version=3, who="the nightly run, started again by somebody"),
    ]
    gate = whole(Gate, loosened=None)
    assert makers(events, 3, gate) == ["ann", "dan"]
    changed = whole(Gate, loosened=Loosened(who="bob", reason="few", limits=[]), overridden=Overridden("cat", "now"))
    assert makers(events, 3, changed) == ["ann", "dan", "bob", "cat"]


def test_a_version_that_the_history_does_not_know_is_nobodys_to_approve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    assert barred(settings, 3) == []
    monkeypatch.setenv("SENTIMENT_FOUR_EYES", "on")
    with pytest.raises(InputError, match="must know version 3, to tell who made it; found no such version"):
        barred(settings, 3)


@pytest.mark.parametrize(
    ("user", "same"),
    [
        ({"id": "ann", "name": "ann"}, True),
        ({"id": "7", "name": "Ann"}, True),
        ({"id": "ANN", "name": ""}, True),
        ({"id": "7", "name": "anne"}, False),
        ({"id": "", "name": None}, False),
    ],
)
def test_a_user_is_known_by_name_or_id(user: dict[str, str], same: bool) -> None:
    assert is_one_of(user, ["ann", "the nightly run"]) == same
