"""The home in which the pages' commands run, and the model server beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "serving")]
from doc_home import Homes  # noqa: E402
from toy_servers import running_servers  # noqa: E402


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    """Makes a home for a page. Servers are asked more often than usual: a small model loads at once."""
    from sentiment.serving import servers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "SECONDS_BETWEEN_QUESTIONS", 0.03)
        yield Homes(tmp_path_factory.mktemp("pages"), running_servers)
