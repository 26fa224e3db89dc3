"""A home of its own for every test, and deliveries into it."""

from support.deliveries import deliver, settings, sides  # noqa: F401
