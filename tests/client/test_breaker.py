"""The circuit breaker, by a clock that the test winds."""

from __future__ import annotations

from sentiment.client.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=3, clock=Clock())
    for went_well in (False, False, True, False, False):
        breaker.note(went_well=went_well)
    assert breaker.allows()
    breaker.note(went_well=False)
    assert not breaker.allows()


def test_one_request_at_a_time_finds_out_whether_it_went_better() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, seconds=30, clock=clock)
    breaker.note(went_well=False)
    clock.now = 29.9
    assert not breaker.allows()
    clock.now = 30.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.note(went_well=False)
    clock.now = 59.9
    assert not breaker.allows()
    clock.now = 60.0
    assert breaker.allows()
    breaker.note(went_well=True)
    assert [breaker.allows(), breaker.allows()] == [True, True]
