"""How many files the server may have open, and which share of them are a port's connections.

Each connection is an open file. Without a share, those of one port would take them from the other, and from what reads
models.config and the versions.
"""

from __future__ import annotations

import resource

MOST = 8192  # open at once: connections of both ports, and the models


def allow_many() -> None:
    """Raises the soft limit of open files as far as needed: many shells set it to 1,024, too few for connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def share(most: int) -> int:
    """Returns how many of `most` connections, of the 8,192 open files together, fit into the limit of this process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else min(most, max(1, most * soft // MOST))
