"""A home of its own, and deliveries into it, for tests that read a ledger."""

from support.deliveries import deliver, settings  # noqa: F401
