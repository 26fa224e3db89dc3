from __future__ import annotations

import hashlib
from pathlib import Path

from sentiment.digests import sha256_of, sha256_of_content


def test_a_file_is_known_by_all_its_bytes_and_content_by_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"head" + b"x" * 1_000_000)
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("rb") as handle:
        handle.seek(4)
        assert sha256_of_content(handle) == hashlib.sha256(b"x" * 1_000_000).hexdigest()
