"""The fixtures of `small_homes`."""

from support.small_homes import home, place  # noqa: F401
