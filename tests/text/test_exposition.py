"""The text that Prometheus reads, read by prometheus_client's own parser."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sentiment.text.exposition import Family, rendered

VALUES = st.floats(allow_nan=False) | st.integers(-(2**40), 2**40).map(float)


@given(st.text(), VALUES)
def test_every_label_and_number_comes_back_as_it_was(said: str, value: float) -> None:
    family = Family("sentiment_x_seconds", "gauge", "How long.")
    family.add(value, server=said, version=3)
    [found] = text_string_to_metric_families(rendered([family]))
    [sample] = found.samples
    assert (found.name, found.type, found.documentation) == ("sentiment_x_seconds", "gauge", "How long.")
    assert sample.labels == {"server": said, "version": "3"} and sample.value == value


def test_what_is_not_known_is_left_out_and_numbers_are_short() -> None:
    family = Family("sentiment_x", "gauge", "X.")
    family.add(None, version=1)
    assert rendered([family]) == ""
    for value in (True, 0.25, math.inf):
        family.add(value)
    assert rendered([family]).splitlines()[2:] == ["sentiment_x 1", "sentiment_x 0.25", "sentiment_x +Inf"]
