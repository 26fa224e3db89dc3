"""siege's reports, as siege 4.0.7 printed them when it loaded the embedded server, and how it is called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sentiment.bench.load import siege
from sentiment.experiments.child import Failed

JSON = """{\t"transactions":\t\t\t        1000,
\t"availability":\t\t\t      100.00,
\t"elapsed_time":\t\t\t        3.84,
\t"data_transferred":\t\t        0.12,
\t"response_time":\t\t        0.01,
\t"transaction_rate":\t\t      260.42,
\t"throughput":\t\t\t        0.03,
\t"concurrency":\t\t\t        1.94,
\t"successful_transactions":\t        1000,
\t"failed_transactions":\t\t           0,
\t"longest_transaction":\t\t        0.20,
\t"shortest_transaction":\t\t        0.00
}
"""
LINES = """** SIEGE 4.0.7
** Preparing 2 concurrent users for battle.
The server is now under siege...
Transactions:\t\t         200 hits
Availability:\t\t      100.00 %
Elapsed time:\t\t        0.88 secs
Data transferred:\t        0.02 MB
Response time:\t\t        0.01 secs
Transaction rate:\t      227.27 trans/sec
Throughput:\t\t        0.03 MB/sec
Concurrency:\t\t        1.97
Successful transactions:         200
Failed transactions:\t           0
Longest transaction:\t        0.03
Shortest transaction:\t        0.00
"""
# What it prints first in a home without its settings.
NEW_HOME = (
    "New configuration template added to /home/user/.siege\nRun siege -C to view the current settings in that file\n"
)


@pytest.mark.parametrize("before", ["", NEW_HOME])
def test_its_json_report_is_read(before: str) -> None:
    found = siege.parse(before + JSON)
    assert found == {
        **{"elapsed": 3.84, "megabytes": 0.12, "response": 0.01, "rate": 260.42, "throughput": 0.03},
        **{"concurrent": 1.94, "answered": 1000.0, "okay": 1000.0, "failed": 0.0, "longest": 0.2},
    }


def test_the_lines_of_older_ones_are_read() -> None:
    found = siege.parse(NEW_HOME + LINES)
    assert (found["okay"], found["elapsed"], found["rate"], found["longest"]) == (200.0, 0.88, 227.27, 0.03)


@pytest.mark.parametrize("said", ["", "siege: invalid option\n", JSON.replace("elapsed_time", "time")])
def test_a_report_without_figures_is_a_failure_with_what_it_said(said: str) -> None:
    with pytest.raises(Failed, match="siege's report has no"):
        siege.parse(said)


@pytest.mark.parametrize(("count", "users", "each"), [(5000, 2, 2500), (100, 3, 33), (1, 8, 1)])
def test_all_its_users_ask_equally_often(count: int, users: int, each: int) -> None:
    assert siege.repetitions(count, users) == each


STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$HOME/arguments"
case "$1" in --version) echo "SIEGE 4.0.7" >&2 ;; *) cat "$HOME/../report" ;; esac
"""


def test_it_is_called_without_a_shell_and_every_text_comes_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "bin" / "siege"
    command.parent.mkdir()
    command.write_text(STAND_IN)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "report").write_text(JSON)
    work = tmp_path / "work with a space"
    work.mkdir()
    assert siege.version(work) == "siege 4.0.7"
    bodies = ['{"instances": ["$(rm -rf /) # 好 %20"]}'.encode(), b'{"instances": ["b"]}']
    assert siege.load("http://127.0.0.1:1/v1/x:predict", bodies, 1000, 2, work)["okay"] == 1000
    arguments = (work / "arguments").read_text().splitlines()
    assert arguments == [
        *(f"--rc={work}/siege.conf", f"--file={work}/urls.txt", "--concurrent=2", "--reps=500", "--benchmark"),
        "--content-type=application/json",
    ]
    lines = (work / "urls.txt").read_text().splitlines()
    assert [line.split(" POST <")[0] for line in lines] == ["http://127.0.0.1:1/v1/x:predict"] * 2
    assert [Path(line.split(" POST <")[1]).read_bytes() for line in lines] == bodies


def test_where_it_is_not_installed_it_has_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert siege.version(tmp_path) is None
