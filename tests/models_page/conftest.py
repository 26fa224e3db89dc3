from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is empty."""
    return Settings(home=tmp_path)
