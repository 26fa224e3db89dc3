"""Who goes to canary: stable, monotone, uniform, and not the texts of the rolling test set."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment.client.share import goes_to_canary
from sentiment.data.identity import identity, is_rolling

PINNED = [False, True, False, True, True, False, False, False]
KEYS = [f"customer {number}" for number in range(20_000)]
shares = some.floats(0, 1)


@given(some.text(), shares, shares)
def test_a_larger_share_only_moves_keys_to_canary(key: str, one: float, other: float) -> None:
    smaller, larger = sorted((one, other))
    assert goes_to_canary(key, smaller) <= goes_to_canary(key, larger)


@given(some.text(), shares)
def test_a_key_keeps_its_side(key: str, share: float) -> None:
    assert goes_to_canary(key, share) == goes_to_canary(key, share)


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert [goes_to_canary(f"key {number}", 0.3) for number in range(8)] == PINNED


@given(some.text())
def test_nobody_and_everybody(key: str) -> None:
    assert not goes_to_canary(key, 0.0)
    assert goes_to_canary(key, 1.0)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.9])
def test_the_share_is_the_share_of_the_keys(share: float) -> None:
    found = sum(goes_to_canary(key, share) for key in KEYS)
    assert abs(found - share * len(KEYS)) < 4 * math.sqrt(len(KEYS) * share * (1 - share))


def test_keys_are_spread_evenly() -> None:
    """Chi-squared over 20 equal slices of the share: 19 degrees of freedom, 43.8 is exceeded once in a thousand."""
    slices = [sum(goes_to_canary(key, (number + 1) / 20) for key in KEYS) for number in range(20)]
    counts = [after - before for before, after in zip([0, *slices], slices, strict=False)]
    expected = len(KEYS) / 20
    assert sum((count - expected) ** 2 / expected for count in counts) < 43.8


def test_the_rolling_test_set_is_not_the_share() -> None:
    both = sum(goes_to_canary(key, 0.2) and is_rolling(identity(key), 0.2, b"salt") for key in KEYS)
    assert abs(both / len(KEYS) - 0.04) < 0.01
