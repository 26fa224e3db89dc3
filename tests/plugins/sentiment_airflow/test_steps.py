from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from sentiment_airflow.steps import StepOperator, StepRefused, step_environment

from sentiment.run_folder import safe_name

Command = Callable[[str], None]
RUN = "manual__2026-11-22T02:00:00+08:00"


def run(params: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **options: Any) -> Any:
    step = StepOperator(task_id="step", **{"verb": "prepare", "run": RUN, **options})
    context: Any = {"params": params or {}, **(more or {})}
    return step.execute(context)


def arguments(params: dict[str, Any] | None = None, **options: Any) -> list[str]:
    return StepOperator(task_id="step", **{"verb": "prepare", "run": RUN, **options}).arguments(params or {})


def test_the_result_file_is_the_xcom_and_lies_in_the_run_folder(command: Command, home: Path) -> None:
    command("result({'rows': 3, 'arguments': sys.argv[1:]})")
    found = run()
    assert found["rows"] == 3
    folder = home / "runs" / safe_name(RUN)
    assert found["arguments"] == ["prepare", f"--run={RUN}", f"--result={folder}/.prepare-task.json"]
    assert [path.name for path in folder.iterdir()] == ["airflow-run.json"]


def test_a_folder_belongs_to_one_run(command: Command, home: Path) -> None:
    command("result({'rows': 3})")
    run()
    run()  # a step of the same run, or another try
    with pytest.raises(AirflowFailException, match=r"must belong to run .*; found that it belongs to run 'manual__20"):
        run(run=safe_name(RUN))
    [folder] = (home / "runs").iterdir()
    (folder / "airflow-run.json").write_text('{"workflow": "sentiment_experiment", "run": "x"}')
    with pytest.raises(AirflowFailException, match="belongs to run 'x' of 'sentiment_experiment'"):
        run()
    run(pass_run=False)  # its result says nothing about the run
    (folder / "airflow-run.json").write_text('{"workflow": "senti')  # a task was killed while it wrote
    run()
    assert json.loads((folder / "airflow-run.json").read_text())["run"] == RUN


def test_output_goes_to_the_log_but_the_result_is_not_repeated(
    command: Command, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("print('{\"not\": 1}'); print('10%\\r20%', file=sys.stderr, flush=True); result({'rows': 3}); print('{')")
    run()
    said = [line.split("]")[1].split("[")[0].strip() for line in capsys.readouterr().out.splitlines()]
    assert said[1].split()[1] == "prepare"
    assert sorted(said[2:]) == ["10%", "20%", "{", '{"not": 1}']


def test_the_page_that_shows_what_came_of_it_is_in_the_result_and_in_the_log(
    command: Command, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("result({'failed': 'fail' in str(sys.argv), 'sentence': 'It is done.'})")
    found = run(page=lambda run_id: f"https://host/{safe_name(run_id)}")
    address = f"https://host/{safe_name(RUN)}"
    assert (found["page"], found["sentence"]) == (address, f"It is done. See its page: {address}")
    assert f"The outcome is shown at {address}" in capsys.readouterr().out
    with pytest.raises(StepRefused, match=rf"^It is done\. See its page: {address}$"):
        run(verb="fail", fail_when="failed", page=lambda run_id: f"https://host/{safe_name(run_id)}")


def test_junk_on_stdout_does_not_disturb_the_result(command: Command, home: Path) -> None:
    command("sys.stdout.buffer.write(b'\\xff\\x00junk' * 100_000); sys.stdout.flush(); result({'rows': 3})")
    assert run() == {"rows": 3}


def test_a_refused_input_fails_for_good_with_its_line(command: Command, home: Path) -> None:
    command("result({'error': 'the file must have a header; found none.'}); print('later noise'); sys.exit(2)")
    with pytest.raises(AirflowFailException, match=r"^the file must have a header; found none\.$"):
        run()


def test_a_cause_that_quotes_an_address_is_no_link_in_airflow(command: Command, home: Path) -> None:
    command("result({'error': 'a label must be known; found https://evil.example.'}); sys.exit(2)")
    with pytest.raises(AirflowFailException, match=r"found hxxps\[://\]evil\.example"):
        run()


def test_settings_that_must_not_be_so_fail_at_once_too(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("result({'rows': 3})")
    monkeypatch.setenv("SENTIMENT_GATE_MARGIN", "much")
    with pytest.raises(AirflowFailException, match="SENTIMENT_GATE_MARGIN must be a number"):
        run()


@pytest.mark.parametrize("left", ["{", "[1]", "\xff"])
def test_a_result_that_is_no_json_object_is_no_reason_to_try_again(command: Command, home: Path, left: str) -> None:
    source = "result({{}}); pathlib.Path(sys.argv[-1].partition('=')[2]).write_bytes({left!r}.encode('latin-1'))\n"
    source += "sys.exit({code})"
    command(source.format(left=left, code=0))
    with pytest.raises(AirflowFailException, match="prepare must leave its result as a JSON object"):
        run()
    command(source.format(left=left, code=1))
    with pytest.raises(AirflowException, match="ended with exit code 1") as raised:
        run()
    assert not isinstance(raised.value, AirflowFailException)


def test_a_usage_error_leaves_no_result_and_its_last_line_is_the_cause(command: Command, home: Path) -> None:
    command("print('Usage: …\\n\\nError: No such option: --x', file=sys.stderr); sys.exit(2)")
    with pytest.raises(AirflowFailException, match=r"^Error: No such option: --x$"):
        run()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("print('Traceback'); print('ValueError: no'); sys.exit(1)", "ended with exit code 1: ValueError: no"),
        ("os.kill(os.getpid(), 9)", "was killed by signal 9: it left no message"),
    ],
)
def test_anything_else_may_be_tried_again(command: Command, home: Path, source: str, message: str) -> None:
    command(source)
    with pytest.raises(AirflowException, match=message) as raised:
        run()
    assert not isinstance(raised.value, AirflowFailException)


def test_an_earlier_result_is_not_taken_for_this_one(command: Command, home: Path) -> None:
    folder = home / "runs" / safe_name(RUN)
    folder.mkdir(parents=True)
    (folder / ".prepare-task.json").write_text('{"rows": 1}')
    command("pass")
    with pytest.raises(AirflowFailException, match="left no result"):
        run()


@pytest.mark.parametrize("nothing_new", [True, False])
def test_skip_when(command: Command, home: Path, nothing_new: bool) -> None:
    command(f"result({{'nothing_new': {nothing_new}}})")
    if nothing_new:
        with pytest.raises(AirflowSkipException, match="prepare: nothing new"):
            run(skip_when="nothing_new")
    else:
        assert run(skip_when="nothing_new") == {"nothing_new": False}


def test_fail_unless(command: Command, home: Path) -> None:
    command("result({'passed': sys.argv[1] == 'good', 'sentence': '負面 recall fell by 9 points.'})")
    assert run(verb="good", fail_unless="passed")["passed"]
    with pytest.raises(StepRefused, match=r"^負面 recall fell by 9 points\.$"):
        run(verb="gate", fail_unless="passed")


def test_fail_when(command: Command, home: Path) -> None:
    command("result({'withdrawn': True, 'sentence': 'Gone.', 'version': 3})")
    with pytest.raises(StepRefused, match=r"^Gone\.$") as caught:
        run(fail_when="withdrawn")
    assert caught.value.result["version"] == 3
    command("result({'withdrawn': False})")
    assert run(fail_when="withdrawn") == {"withdrawn": False}


@pytest.mark.parametrize("reason", ["", " \n", "\0"])
def test_a_step_that_lacks_what_it_needs_is_not_started(command: Command, home: Path, reason: str) -> None:
    command("result({'started': True})")
    with pytest.raises(AirflowFailException, match="must be given a reason; found none"):
        run(options={"reason": reason}, required=["reason"])
    assert run(options={"reason": "good"}, required=["reason"]) == {"started": True}


def test_a_yes_is_the_option_alone_and_a_no_is_left_out() -> None:
    assert arguments({"all": True, "none": False}, form=["all", "none"], pass_run=False) == ["prepare", "--all"]


def test_a_list_goes_with_commas() -> None:
    given = {"models": ["a", "$(x)", ""], "rates": [5e-5, "1e-3"], "none": []}
    assert arguments(given, form=given, pass_run=False) == [
        *("prepare", "--models=a,$(x),", "--rates=5e-05,1e-3", "--none=")
    ]


def test_one_key_of_the_result_can_be_all_that_the_task_returns(command: Command, home: Path) -> None:
    command("result({'cells': [1, 2], 'more': 3})")
    assert run(returns="cells") == [1, 2]
    with pytest.raises(AirflowFailException, match="must leave 'rows' in its result"):
        run(returns="rows")


def test_the_result_of_a_step_that_was_done_and_refused_is_the_xcom_too(command: Command, home: Path) -> None:
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(map_index=-1, xcom_push=lambda key, value: pushed.update({key: value}))
    command("result({'failed': 2, 'sentence': 'Two failed.'})")
    with pytest.raises(StepRefused):
        run(fail_when="failed", more={"ti": ti})
    assert pushed == {"return_value": {"failed": 2, "sentence": "Two failed."}}


def test_a_result_without_the_deciding_key_is_not_a_pass(command: Command, home: Path) -> None:
    command("result({'rows': 3})")
    with pytest.raises(AirflowFailException, match=r"must leave 'passed' in its result; found \['rows'\]"):
        run(fail_unless="passed")


def test_an_outlet_event_carries_the_run_and_the_named_keys(command: Command, home: Path) -> None:
    class Event:
        extra: dict[str, Any]

    asset, event = Asset("canary"), Event()
    command("result({'version': 7, 'sentence': 'done'})")
    run(outlets=[asset], event_keys=["version"], more={"outlet_events": {asset: event}})
    assert event.extra == {"run": RUN, "version": 7}


HOSTILE = [
    "x; touch {there}",
    "$(touch {there})",
    "`touch {there}`",
    "--who=root",
    "a\nb\t'\"\\",
    "正面 😀",
    "{{ 7*7 }}",
    "-",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_arrives_as_it_was_written(command: Command, home: Path, tmp_path: Path, text: str) -> None:
    text = text.format(there=tmp_path / "harm") if "{there}" in text else text
    command("result({'arguments': sys.argv[1:]})")
    found = run(params={"reason": text}, form=["reason"], options={"who": text}, pass_run=False)["arguments"]
    assert found[1:3] == [f"--who={text}", f"--reason={text}"]
    assert not (tmp_path / "harm").exists()


def test_what_no_argument_can_hold_is_made_printable(command: Command, home: Path) -> None:
    command("result({'arguments': sys.argv[1:]})")
    assert run(params={"reason": "a\0b\ud800"}, form=["reason"])["arguments"][2] == "--reason=ab?"


def test_an_empty_field_leaves_the_option_out_and_zero_does_not() -> None:
    params = {"mode": None, "model_name": "", "mix_number": 0, "num_epochs": 3, "unrelated": 1}
    found = arguments(params, form=["mode", "model_name", "mix_number", "num_epochs"], pass_run=False)
    assert found == ["prepare", "--mix-number=0", "--num-epochs=3"]


def test_nothing_of_airflow_reaches_the_step(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"SENTIMENT_GATE_MARGIN": "0.02", "HF_HOME": "/models"}
    hidden = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "secret",
        "AIRFLOW_CONN_SMTP_DEFAULT": "secret",
        "PYTHONPATH": "/airflow",
        "VIRTUAL_ENV": "/airflow",
        "SENTIMENT_MAIL_TO": "ops@example.com",
        "SENTIMENT_APPROVAL_HOURS": "1",
    }
    for name, value in {**kept, **hidden}.items():
        monkeypatch.setenv(name, value)
    command("result(dict(os.environ))")
    found = run()
    assert {name: found.get(name) for name in kept} == kept
    assert not hidden.keys() & found.keys()
    assert not [name for name in found if "AIRFLOW" in name]
    assert (found["HOME"], found["PATH"]) == (os.environ["HOME"], os.environ["PATH"])
    assert step_environment({"SENTIMENT_COMMAND": "x", "LANG": "b"}, "train") == {"LANG": "b"}


# Whatever an operator, an image or a cluster may have put into a worker's environment.
PLANTED = (
    *(
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    *("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CELERY__BROKER_URL"),
    *("AIRFLOW_CONN_SMTP_DEFAULT", "AIRFLOW_VAR_X", "_AIRFLOW_X", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "PGPASSWORD"),
    *("STORE_PASSWORD", "SMTP_PASSWORD", "DATABASE_URL", "GITHUB_TOKEN", "KUBECONFIG", "DOCKER_HOST", "SSH_AUTH_SOCK"),
    *("SOMETHING_ELSE", "LC_PASSWORD", "TF_SECRET", "SENTIMENT_MAIL_TO", "SENTIMENT_BUCKET_CONNECTION"),
)


@pytest.mark.parametrize("verb", ["train", "prepare", "evaluate", "canary", "ingest"])
def test_no_step_sees_a_planted_secret(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    for name in PLANTED:
        monkeypatch.setenv(name, "planted")
    monkeypatch.delenv("SENTIMENT_BUCKET_CONNECTION")
    command("result({'seen': [name for name, value in os.environ.items() if value == 'planted']})")
    found = run(verb=verb, reads_bucket=verb == "ingest")["seen"]
    assert set(found) == ({name for name in PLANTED if name.startswith("AWS_")} if verb == "ingest" else set())


def test_the_servers_token_goes_only_to_the_steps_that_ask_them() -> None:
    given = {"SENTIMENT_SERVING_TOKEN": "s", "SENTIMENT_SERVING_CA": "/ca.pem"}
    for verb in ("canary", "promote", "withdraw", "rollback", "watch", "probe", "verify", "status"):
        assert step_environment(given, verb) == given
    for verb in ("train", "validate", "ingest"):
        assert step_environment(given, verb).keys() == {"SENTIMENT_SERVING_CA"}


def test_a_key_to_a_model_hub_goes_only_to_the_step_that_fetches_a_model() -> None:
    given = {"HF_TOKEN": "s", "HF_HOME": "/models", "HUGGING_FACE_HUB_TOKEN": "s", "TOKENIZERS_PARALLELISM": "0"}
    assert step_environment(given, "train") == given
    assert step_environment(given, "evaluate") == {"HF_HOME": "/models", "TOKENIZERS_PARALLELISM": "0"}
    assert step_environment({"HTTPS_PROXY": "http://p", "no_proxy": "x"}, "ingest").keys() == {
        "HTTPS_PROXY",
        "no_proxy",
    }


def test_the_buckets_key_comes_from_an_airflow_connection(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"endpoint_url": "http://store:9000", "region_name": "ap-east-2", "other": 1}
    connection = {"conn_type": "aws", "login": "key", "password": "s/e+c%ret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LABELS", json.dumps(connection))
    monkeypatch.setenv("SENTIMENT_BUCKET_CONNECTION", "labels")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    command("result({name: value for name, value in os.environ.items() if name.startswith(('AWS_', 'SENTIMENT_B'))})")
    assert run(verb="ingest", reads_bucket=True) == {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "s/e+c%ret",
        "AWS_ENDPOINT_URL": "http://store:9000",
        "AWS_DEFAULT_REGION": "ap-east-2",
    }
    command("result({'seen': [name for name in os.environ if name.startswith('AWS_')]})")
    assert run() == {"seen": []}


def test_a_connection_that_is_not_there_is_one_clear_line(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIMENT_BUCKET_CONNECTION", "nowhere")
    command("result({'rows': 3})")
    with pytest.raises(AirflowFailException, match=r"found none called 'nowhere'"):
        run(verb="ingest", reads_bucket=True)
    assert run() == {"rows": 3}


def test_a_missing_command_is_one_clear_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_COMMAND", "/nowhere/sentiment")
    with pytest.raises(AirflowFailException, match=r"found none at /nowhere/sentiment. Run `make setup`"):
        run()


def test_a_runner_that_does_not_exist_is_one_clear_line(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("result({'started': True})")
    monkeypatch.setenv("SENTIMENT_RUNNER", "podman")
    with pytest.raises(AirflowFailException, match=r"SENTIMENT_RUNNER must be one of local, docker, kubernetes"):
        run()


def test_tasks_that_are_mapped_over_one_run_have_a_result_file_each(command: Command, home: Path) -> None:
    command("result({'argument': sys.argv[-1]})")
    files = {run(more={"ti": SimpleNamespace(map_index=index)})["argument"] for index in (-1, 0, 1)}
    assert {file.rpartition("/")[2] for file in files} == {f".prepare-task{part}.json" for part in ("", "-0", "-1")}


def test_on_kill_ends_the_step_with_its_children(
    command: Command, home: Path, tmp_path: Path, alive: Callable[[int], bool]
) -> None:
    command(
        f"child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(tmp_path / 'pids')!r}).write_text(json.dumps([os.getpid(), child.pid]))\n"
        "time.sleep(60)"
    )
    step = StepOperator(task_id="step", verb="train", run=RUN)
    stopper = threading.Thread(target=_stop_when_up, args=(step, tmp_path / "pids"))
    stopper.start()
    with pytest.raises(AirflowException, match=r"^train was stopped$"):
        step.execute({"params": {}})
    stopper.join()
    assert not any(map(alive, json.loads((tmp_path / "pids").read_text())))


def _stop_when_up(step: StepOperator, pids: Path) -> None:
    while not (pids.exists() and pids.read_text()):
        time.sleep(0.02)
    step.on_kill()
