"""What people read, in their language: English, or Traditional Chinese as in Taiwan.

A sentence stands in the code in English, whole, inside `tr`. The catalogue (zh_TW/LC_MESSAGES/sentiment.po) holds each
sentence's translation; `make catalogue` brings it up to date, and a test fails when a translation is missing. What the
system records (results, history) is always English, so whoever shows a recorded sentence passes it to `recorded`.
"""

from sentiment.language.recorded import recorded
from sentiment.language.speaking import marked, speaking, spoken, tr, tr_many

__all__ = ["marked", "recorded", "speaking", "spoken", "tr", "tr_many"]
