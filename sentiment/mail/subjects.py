"""Subjects by which a mail is known, also to those who wait for it."""

from __future__ import annotations

from sentiment.language import marked

ASKED = marked("Sentiment: version {version} waits for your approval. {verdict}")
APPROVED = marked("Sentiment: version {version} is stable now, approved by {who}")
NO_NEW_MODEL = marked("Sentiment: no new model. {lead}")
ROLLED_BACK = marked("Sentiment: rollback by {who}. {lead}")
