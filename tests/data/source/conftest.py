"""An S3 server on this machine, for every test."""

from support.object_store import server, store  # noqa: F401
