"""Who made a canary, and who is that person."""

from __future__ import annotations

import pytest
from sentiment_airflow.approval.four_eyes import is_one_of, makers
from support.results import whole

from sentiment.results.decision import Gate, Loosened, Overridden
from sentiment.results.events import AnyEvent, Canary, Promoted, Published


def test_those_who_started_the_run_or_changed_its_gate_made_the_canary() -> None:
    events: list[AnyEvent] = [
        Published(version=2, who="somebody else"),
        Published(version=3, who="ann"),
        Canary(version=3, who="ann"),
        Canary(version=3, who="the nightly run"),
        Promoted(version=3, who="eve"),
        Canary(version=3, who="dan"),
    ]
    gate = whole(Gate, loosened=None)
    assert makers(events, 3, gate) == ["ann", "dan"]
    changed = whole(Gate, loosened=Loosened(who="bob", reason="few", limits=[]), overridden=Overridden("cat", "now"))
    assert makers(events, 3, changed) == ["ann", "dan", "bob", "cat"]


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
