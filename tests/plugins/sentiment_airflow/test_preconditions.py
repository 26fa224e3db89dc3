"""What a task says of Params that its form does not have is one short line, however many there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sentiment_airflow.preconditions import require_known_params, require_somebody
from sentiment_airflow.refusal import Refusal


def context_of(conf: dict[str, Any]) -> Any:
    run = SimpleNamespace(conf=conf, run_type="scheduled")
    return {
        "dag_run": run,
        "dag": SimpleNamespace(dag_id="a_workflow", params={"num_epochs": 1, "mode": "full"}),
        "task": SimpleNamespace(params={}),
    }


@pytest.mark.parametrize(
    "conf",
    [
        {f"num_epoch{number}": number for number in range(100_000)},
        {"num_epochs" * 3_000_000: 1},
        {"\ud800\x1b[31m\u202e": 1},
    ],
    ids=["many", "a long one", "a hostile one"],
)
def test_it_is_one_short_line(conf: dict[str, Any]) -> None:
    for require in (require_known_params, require_somebody):
        with pytest.raises(Refusal) as raised:
            require(context_of(conf))
        line = str(raised.value)
        assert len(line) < 1000 and line.isprintable() and "; found '" in line, require


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(Refusal, match=r"found 'num_epoch' \(did you mean 'num_epochs'\?\), 'x'\. Correct"):
        require_known_params(context_of({"num_epoch": 1, "x": 2, "mode": "full"}))
