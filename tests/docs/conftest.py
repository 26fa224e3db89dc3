"""The home in which the pages' commands run, and the model server beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.page_home import Homes
from support.toy_servers import running_servers


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    """Makes a home for a page. Servers are asked more often than usual: a small model loads at once."""
    from sentiment.serving import servers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "SECONDS_BETWEEN_QUESTIONS", 0.03)
        yield Homes(tmp_path_factory.mktemp("pages"), running_servers)
