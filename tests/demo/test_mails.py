"""The mails that the demo waits for are known by their subjects, in every language."""

from __future__ import annotations

import pytest

from sentiment.language import speaking, tr
from sentiment.language.catalogue import LANGUAGES
from sentiment.language.patterns import longest_literal
from sentiment.mail import subjects

SUBJECTS = [subjects.ASKED, subjects.APPROVED, subjects.NO_NEW_MODEL, subjects.ROLLED_BACK]
VALUES = {"version": 3, "verdict": "As good as version 2: …", "who": "ann", "lead": "Worse."}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_subject_has_words_that_no_other_has(language: str) -> None:
    with speaking(language):
        words = [longest_literal(tr(subject)) for subject in SUBJECTS]
        for place, subject in enumerate(SUBJECTS):
            sent = tr(subject, **{name: value for name, value in VALUES.items() if f"{{{name}}}" in subject})
            assert [word in sent for word in words] == [place == other for other in range(len(words))]
