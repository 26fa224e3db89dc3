"""Labels that look wrong: real posts of the sample, some of them with a wrong label put on."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from sentiment.checks.check import write_suspects
from sentiment.checks.suspects import Suspect, label_studio_tasks, suspects
from sentiment.data.posts import read_posts
from sentiment.data.tsv import Post
from sentiment.run_folder import RunFolder
from sentiment.settings import CHECKOUT, Settings

LABELS = Settings().label_set
SAMPLE = CHECKOUT / "datasets" / "old_sentiment"


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    return read_posts(SAMPLE / "train.tsv", LABELS) + read_posts(SAMPLE / "test.tsv", LABELS)


def test_turned_labels_are_found_and_right_ones_are_mostly_left(posts: list[Post]) -> None:
    mixed = random.Random(5).sample(posts, len(posts))
    new, seen = mixed[:300], mixed[300:]
    turned = {post.text for post in new[:60]}
    delivered = [post._replace(label=(post.label + 1) % 3) if post.text in turned else post for post in new]
    finding, found = suspects(delivered, seen, LABELS)
    hits = {suspect.post.text for suspect in found} & turned
    assert finding.value == len(found) / 300
    assert len(hits) >= 25 and len(found) - len(hits) <= 45  # chance alone would find 12 in 60


def test_only_new_posts_are_suspected_and_the_clearest_comes_first(posts: list[Post]) -> None:
    wrong = [post._replace(label=(post.label + 1) % 3) for post in posts[:200]]
    _, found = suspects(posts[200:300], wrong + posts[300:], LABELS)
    texts = {post.text for post in posts[200:300]}
    assert all(suspect.post.text in texts for suspect in found)


def test_with_too_few_posts_of_a_label_nothing_is_measured(posts: list[Post]) -> None:
    some = [post for post in posts if post.label != 2][:200]
    assert suspects(some, [], LABELS)[0].value is None
    assert suspects([], posts, LABELS)[0].value is None


def test_what_is_hidden_in_a_post_is_seen_in_the_file_and_comes_back(tmp_path: Path) -> None:
    text = "好吃\u202e嗎\u200f\x1b\u2028"
    path = write_suspects(RunFolder(tmp_path), [Suspect(Post(text, 0), 1, 0.9)], LABELS)
    content = path.read_text("utf-8")
    assert not set(content) & set("\u202e\u200f\x1b\u2028") and "好吃\\u202e嗎" in content
    assert json.loads(content)[0]["data"]["text"] == text


def test_label_studio_gets_the_text_and_the_likely_label() -> None:
    task = label_studio_tasks([Suspect(Post("難吃", 0, title="店", source="ptt"), 1, 0.93)], LABELS)[0]
    assert task["data"] == {"text": "難吃", "title": "店", "source": "ptt", "delivered_label": "正面"}
    (prediction,) = task["predictions"]
    assert prediction["score"] == 0.93
    (result,) = prediction["result"]
    assert (result["from_name"], result["to_name"], result["type"]) == ("label", "text", "choices")
    assert result["value"] == {"choices": ["負面"]}
    assert json.loads(json.dumps(task)) == task
