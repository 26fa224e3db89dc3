"""Reports on invented predictions."""

from support.reports import make_report  # noqa: F401
