"""A home of its own for every test, deliveries into it, and reports."""

from support.deliveries import deliver, settings, sides  # noqa: F401
from support.reports import make_report  # noqa: F401
