"""The sizes in a validation are such that a mail can tell them."""

from __future__ import annotations

import pytest
from support.results import whole_json

from sentiment.errors import InputError
from sentiment.mail.approval_lines import validation_lines
from sentiment.results.record import decoded
from sentiment.results.validation import Validation


@pytest.mark.parametrize("field", ["peak_memory_bytes", "export_bytes", "warmup_records"])
@pytest.mark.parametrize("size", [10**400, 2**63, -1])
def test_a_size_that_no_machine_has_is_refused(field: str, size: int) -> None:
    """As it was, the mail about a failed validation was not sent, for an OverflowError."""
    with pytest.raises(InputError, match=field):
        decoded({**whole_json(Validation), field: size}, Validation, "it", "Validate again.")


def test_the_largest_size_is_told() -> None:
    largest = 2**63 - 1
    found = {**whole_json(Validation), "peak_memory_bytes": largest, "export_bytes": largest}
    assert "9,223,372,036,854.8 MB" in validation_lines(decoded(found, Validation, "it", ""))[-1]
