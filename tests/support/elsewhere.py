"""The commands of the pages that test_pages_run.py does not run, and where each of them is run instead."""

from __future__ import annotations

from typing import NamedTuple

from support.pages import words_of


class Elsewhere(NamedTuple):
    """A command that begins with the words `begins` is run by the file `place`, which says `mentions`."""

    begins: str
    place: str
    mentions: str


ELSEWHERE = [
    # Everything at once, or both environments.
    Elsewhere("make demo", ".ci/run", "make demo CHECK=1"),
    Elsewhere("make test", ".ci/run", "make test"),
    Elsewhere("make setup", ".github/workflows/ci.yml", "make setup"),
    Elsewhere("make lint", "Makefile", "test: setup lint"),
    Elsewhere(".venv/bin/python -m pytest", "Makefile", "PYTEST_others = $(TRAINER) $(PYTEST)"),
    Elsewhere(".venv-airflow/bin/python -m pytest", "Makefile", "PYTEST_airflow = $(AIRFLOW) $(PYTEST)"),
    # A Docker engine.
    Elsewhere("make env", "tests/support/compose_stack.py", '"make", "env"'),
    Elsewhere("make up", "tests/docker/test_stack.py", 'compose("up"'),
    Elsewhere("make down", "tests/docker/test_stack.py", 'compose("down"'),
    Elsewhere("docker compose up", "tests/docker/test_stack.py", '"--scale"'),
    Elsewhere("serving/run_serving.sh", "tests/serving/test_run_serving.py", '"run_serving.sh"'),
    # A server that runs until somebody stops it, in another terminal.
    Elsewhere("sentiment serve", "tests/model_server/test_serve_command.py", '"sentiment", "serve"'),
    # Ends with 3 where there is no GPU.
    Elsewhere("sentiment check-gpu", "tests/gpu_check/test_check.py", '"check-gpu"'),
    # A delivery that a home of its own must have had.
    Elsewhere("sentiment retract", "tests/lineage/test_retract.py", "retracted(settings, 2"),
    # A tool that a machine need not have.
    Elsewhere("curl", "tests/model_server/conformance/test_rest_conformance.py", "/v1/models/sentiment"),
    # A folder that is no home's.
    Elsewhere("mkdir -p /backups/sentiment", "tests/support/small_homes.py", '"backups").mkdir()'),
    Elsewhere("sentiment backup", "tests/backup/test_backup.py", 'run(["backup"'),
    Elsewhere("sentiment restore", "tests/backup/test_restore.py", 'run(["restore"'),
    # A model hub, or a minute and more.
    Elsewhere(
        "sentiment train --train train.tsv --test test.tsv --output model --model-name bert-base-chinese",
        "tests/checkpoints/test_checkpoint.py",
        'checkpoint.locate("bert-base-chinese")',
    ),
    Elsewhere("sentiment bench size", "tests/bench/test_size.py", 'run("size"'),
    Elsewhere("sentiment bench encoders", "tests/bench/test_encoders.py", "encoders.command"),
    Elsewhere("sentiment bench pretrain", "tests/bench/pretraining/test_pretrain.py", "pretrain.command"),
    Elsewhere("sentiment bench length", "tests/bench/test_length.py", '"length"'),
    Elsewhere("sentiment bench train", "tests/bench/speed/test_side_by_side.py", 'run("train"'),
    Elsewhere("sentiment bench predict", "tests/bench/speed/test_side_by_side.py", 'run("predict"'),
    Elsewhere("sentiment bench nightly", "tests/bench/test_nightly.py", 'run("nightly"'),
    Elsewhere("make bench-tools", "Makefile", "bench-tools: .venv-bench/.ready"),
    Elsewhere("sentiment bench serve", "tests/bench/load/test_serve.py", '"serve"'),
    Elsewhere("sentiment bench hostile", "tests/bench/hostile/test_hostile.py", 'run("hostile"'),
    Elsewhere("sentiment bench data", "tests/bench/test_data.py", '"data"'),
    Elsewhere("sentiment bench airflow", "tests/bench/test_airflow.py", '"bench", "airflow"'),
    # The older tool's targets, which begin with `setup`.
    Elsewhere("make run_fine_tuning_sentiment", "tests/test_run_sentiment.py", '"run_fine_tuning_sentiment"'),
    Elsewhere("make run_test_sentiment", "tests/test_run_sentiment.py", '"run_test_sentiment"'),
    Elsewhere("make run_inference_sentiment", "tests/test_run_sentiment.py", '"run_inference_sentiment"'),
    Elsewhere("make deploy_model", "tests/test_run_sentiment.py", '"deploy_model"'),
]


def elsewhere(command: str) -> Elsewhere | None:
    """Returns where a command is run instead; None when it is to be run by the test of its page."""
    words = words_of(command)
    return next((item for item in ELSEWHERE if words[: len(item.begins.split())] == item.begins.split()), None)
