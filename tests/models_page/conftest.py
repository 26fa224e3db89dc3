from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sentiment.settings import Settings

sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is empty."""
    return Settings(home=tmp_path)
