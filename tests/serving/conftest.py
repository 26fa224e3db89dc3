"""The fixtures of `toy_servers`, which other folders' tests use as well."""

from __future__ import annotations
