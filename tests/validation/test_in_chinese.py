"""What a validation records, as people read it in Traditional Chinese."""

from __future__ import annotations

import pytest
from support.english_left import english_left

from sentiment.language import recorded, speaking
from sentiment.results.validation import ExportCheck
from sentiment.validation import examination, findings, operations

SUM = "the probabilities of 300 answers sum to 1, within 2e-07"
RECORDED = [
    "it has no signature 'ids', only serving_default",
    "the inputs of 'text' must be text; found none",
    "probabilities of the outputs of 'ids' must be float32 [any, 3]; found float64 [any, any]",
    "ids must answer (3, 3); found (3, 2)",
    "ids: probabilities differ by 0.12 from the trained model's in 2 of 300 posts, first: 「so good; it is」",
    "ids answers 300 posts as the trained model does (largest difference 1e-06)",
    "it answers empty, very long and damaged texts, emoji and NUL: " + SUM,
    SUM,
    "2 of 9 answers hold values that are not probabilities",
    "label_id must belong to the largest probability; found 2 instead of 1",
    "label 2 must be called 負面; it answers not good",
    "labels have the trained model's ids and names (seen: 正面, 負面)",
    "it must answer every request; no answer came",
    "it does not load with its warm-up file: bad magic",
    "the export has no saved_model.pb, no variables/variables.index",
    "the export must only compute; it has a network, a file. It was not loaded",
    "the server did not load it: not found",
    f"{operations.SERVER} links all 40 operations of the graph",
]
QUOTED = (
    "so good; it is",
    "not good",
    "no answer came",
    "bad magic",
    "a network, a file",
    "not found",
    "no variables",
    "any, any",
)


@pytest.mark.parametrize("sentence", RECORDED)
def test_what_a_check_found_is_said_in_chinese(sentence: str) -> None:
    verdict = findings.verdict([ExportCheck("a check", False, None, None, sentence)])
    with speaking("zh-TW"):
        assert english_left(recorded(sentence), *QUOTED) == [] and recorded(sentence) != sentence
        assert english_left(recorded(verdict), *QUOTED) == [] and recorded(verdict) != verdict


@pytest.mark.parametrize("limit", [None, 50.0])
def test_a_verdict_with_its_limits_is_said_in_chinese(limit: float | None) -> None:
    slow = findings.limited("latency", 62.0, limit, examination.SLOWEST)
    large = findings.limited("memory", 900.0, limit, examination.MEMORY)
    told = findings.verdict([slow, large])
    with speaking("zh-TW"):
        said = recorded(told)
        assert english_left(said) == []
        if limit:
            assert said.startswith("不可提供服務：單則貼文需 62 ms（上限 50）（最慢長度的第 95 百分位數）；伺服器用了")
        else:
            assert said == "可以提供服務：單則貼文需 62 ms（最慢長度的第 95 百分位數）；伺服器用了 900 MB。"


@pytest.mark.parametrize("unknown", [["TfRoundRobinTrim"], ["TRTEngineOp"], ["Other"]])
def test_what_to_do_about_operations_is_said_in_chinese(unknown: list[str]) -> None:
    told = f"{operations.SERVER} does not link {', '.join(unknown)}; {operations.way_out(unknown)}"
    verdict = findings.verdict([ExportCheck("operations", False, 1, 0, told)])
    with speaking("zh-TW"):
        assert english_left(recorded(told)) == english_left(recorded(verdict)) == []
