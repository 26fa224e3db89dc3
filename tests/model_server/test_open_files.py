"""The connections of one port leave files for the other port and for what reads the models."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHARES = """
import resource, sys
from sentiment.model_server import open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (64, int(sys.argv[1])))
open_files.allow_many()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], open_files.share(1024), open_files.share(4096))
"""


@pytest.mark.parametrize(("hard", "said"), [(256, "256 32 128"), (1024, "1024 128 512"), (8192, "8192 1024 4096")])
def test_a_port_has_its_share_of_the_files_that_the_process_may_open(hard: int, said: str) -> None:
    ended = subprocess.run([sys.executable, "-c", SHARES, str(hard)], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == said
