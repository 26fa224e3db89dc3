"""Where the nights are."""

from datetime import timedelta, timezone

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")  # no summer time
