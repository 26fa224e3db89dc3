"""Sentences of the system's state that are seldom recorded, as people read them in Traditional Chinese."""

from __future__ import annotations

import pytest
from support.english_left import english_left

from sentiment.language import recorded, speaking, tr
from sentiment.serving import lock
from sentiment.status.table import ANSWERS, ROLES
from sentiment.text.units import age, duration

A = "http://127.0.0.1:9"
RECORDED = [
    "Every label answers as its version did when it was validated.",
    "Nothing to do: version 2 is withdrawn, not the canary.",
    "The edit of models.config changes no label: no label.",
    "The edit of models.config is adopted: stable is version 3, the label canary on the same version is dropped.",
    "The history is restored from its copy, 7 events; it was refused: 0 events.",
    "Version 2 has answered well for 12 minutes; it is baked after 30.",
    "Version 2 has answered well for 32 minutes; it is baked.",
    "Version 2 was not judged, because no server has its versions' own models.",
    "boot.config, with which servers start, is not what the history says",
    "version 2 was loading when its command ended",
    "/a/2 belongs to a pruned version",
    "/a/2: a publish of an export was interrupted; publish it again to finish",
    "/a/2: a publish of night-2 was interrupted; publish it again to finish",
    "changed content in /a/2",
    "no folder /a/2",
    "1,500 bytes in /a/2 instead of 1,600",
    "label stable answers as version 1 did when it was validated",
    "label canary not compared: version 2 is still LOADING",
    "label canary not compared: no model server answers there (its answer is not a JSON object)",
    f"{A}: not compared: it cannot be reached (no model server answers there (bad status line))",
    "the disk is full, so the ledger cannot be read and the base's test set is used",
    "repaired: an interrupted command was loading version 2; it is unloaded again",
    "repaired: models.config was older than the history and is rendered again",
    "repaired: boot.config was not what the history says and is rendered again",
    "version 2 is published: /a/2",
    "version 2 was published before: /a/2",
    "deliveries 3 to 5 are lost; what is delivered again gets new numbers",
    "history.jsonl is restored; found 3 events, without event 4 of the backup",
    "ledger.sqlite is restored; found 3 deliveries, the backup has 5",
    "a.tflite is restored; found other bytes",
    "a.json is restored; found NUL bytes",
    "2 files that changed since the backup stay as they are.",
    "a.tsv is left for the next ingest: it is still being written",
    "s3://bucket/a holds nothing that is read",
    "more files are not read; the result names them all",
    "delivery 3, a.tsv: 1 accepted, 0 duplicate, 0 relabelled, 2 quarantined, 1 disagreed;"
    " 20 of them are too many to be copied: correct the delivered file",
    "nothing new since version 3",
    "7 new rows are left for a later run",
    "posts whose label looks wrong, for Label Studio: /a/suspects.json",
    "The savedmodel is /a/1 (3.4 MB).",
    "every file of a version is there; the server loads it; with its warm-up file it loads in 2.5 s",
    "the graph only computes: it touches no file but its own, no network, no process, no Python",
    "both signatures have the names, types and shapes that clients use",
    "answers over REST and gRPC differ by 2e-07; answers to a post alone and in a batch differ by 1e-07",
    "it must answer again; it took a minute",
    "the outputs of 'ids' must be probabilities; found none",
    "probabilities of the inputs of 'ids' must be float32 [3]; found float64 [3]",
]


QUOTED = ("bad status line", "0 events", "it took a minute", "Label Studio")


@pytest.mark.parametrize("sentence", RECORDED)
def test_what_is_seldom_recorded_is_said_in_chinese(sentence: str) -> None:
    with speaking("zh-TW"):
        assert english_left(recorded(sentence), *QUOTED) == []
        assert recorded(sentence) != sentence


def test_words_and_times_are_said_in_chinese() -> None:
    holder = '{"who": "小王", "verb": "", "process": 7, "host": "h", "since": "2026-11-27T22:00:00+00:00"}'
    told = [lock.told(holder), lock.told("half a")]
    with speaking("zh-TW"):
        assert [age(seconds) for seconds in (30, 600, 90_000, 10**6)] == ["30 秒", "10 分鐘", "25 小時", "11 天"]
        assert [duration(seconds) for seconds in (4.2, 200, 7_500)] == ["4.2 秒", "3 分 20 秒", "2 小時 5 分"]
        assert [tr(role) for role in ROLES] == ["正式版", "試行版", "前一版", "載入中"]
        assert not any(tr(word).isascii() for word in ANSWERS.values())
        assert recorded(told[0]).startswith("小王（h 上的程序 7，自 ") and recorded(told[1]) == "另一項變更"
