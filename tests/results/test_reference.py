"""The reference page names every file, every field and its unit."""

from __future__ import annotations

import msgspec

from sentiment.results.files import FILES
from sentiment.results.reference import comments_of, page
from sentiment.results.training import Metrics


def test_every_file_and_every_field_is_on_the_page() -> None:
    told = page()
    for file in FILES:
        assert f"## `{file.name}`\n" in told
        for kind in file.types:
            for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
                assert f"| `{field.encode_name}` | " in told
    assert told.count("## Metrics\n") == 1 and told.endswith("|\n")


def test_a_comment_behind_a_field_is_its_description() -> None:
    assert comments_of(Metrics)["loss"] == "mean cross-entropy, in nats"
    assert "| `loss` | number | mean cross-entropy, in nats |" in page()


def test_the_page_is_the_same_each_time() -> None:
    assert page() == page()
