"""Selects what a step gets from Airflow's environment and connections."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from sentiment.language import tr
from sentiment.settings import CHECKOUT, NOT_FOR_STEPS, Settings, read_airflow_settings, read_settings
from sentiment.settings.declaration import PREFIX
from sentiment_airflow.refusal import Refusal
from sentiment_airflow.runners.step import LIBRARIES, PROXIES

# What a step's process needs of its machine: where programs, libraries, caches and certificates are, and how text is
# written. Whatever is not named here stays behind: Airflow's packages would break a step, and its secrets are not a
# step's business.
NEEDED = frozenset(
    (
        *("PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CACHE_HOME", "LANG", "LANGUAGE", "TZ"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TOKENIZERS_PARALLELISM"),
        *("PYTHONUNBUFFERED", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONUTF8"),
    )
)
NEEDED_STARTS = (PREFIX, "LC_", *LIBRARIES, "XLA_", "CUDA_", "NVIDIA_", "NCCL_", "OMP_", "KMP_", "MKL_", "GRPC_")
# A variable that looks like a secret goes only to the verbs that use it.
SECRET = re.compile(r"TOKEN(?!IZER)|SECRET|PASSW|CREDENTIAL|_KEYS?\b|PRIVATE")
HUB = ("HF_", "HUGGING_FACE_", "HUGGINGFACE_")
FETCHING = frozenset({"train", "experiment-train", "refresh-encoder"})  # these fetch a model from its hub
CHANGING = ("canary", "promote", "withdraw", "rollback", "publish")
ASKING = frozenset((*CHANGING, "watch", "probe", "verify", "status"))  # the servers


def step_environment(environment: Mapping[str, str], verb: str) -> dict[str, str]:
    """Returns the environment of a step: what its verb needs, and nothing else."""
    return {name: value for name, value in environment.items() if is_needed(name, verb)}


def is_needed(name: str, verb: str) -> bool:
    """Tells whether a step of this verb is given the variable."""
    if name in NOT_FOR_STEPS:
        return False
    if SECRET.search(name):
        return (verb in ASKING and name.startswith(PREFIX)) or (verb in FETCHING and name.startswith(HUB))
    return name in NEEDED or name.startswith(NEEDED_STARTS) or name.lower() in PROXIES


def bucket_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns boto3's variables, overridden by the Airflow connection that SENTIMENT_BUCKET_CONNECTION names.

    Its login and password are the key; its extra may hold `endpoint_url`, `region_name` and `aws_session_token`.
    """
    given = {variable: value for variable, value in environment.items() if variable.startswith("AWS_")}
    name = read_airflow_settings("bucket_connection", environment=environment).bucket_connection
    if not name:
        return given
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise Refusal(
            tr(
                "SENTIMENT_BUCKET_CONNECTION must name an Airflow connection; found none called {name!r}. Add the "
                "connection, or unset the variable.",
                name=name,
            )
        ) from None
    extra = connection.extra_dejson
    found = {
        "AWS_ACCESS_KEY_ID": connection.login,
        "AWS_SECRET_ACCESS_KEY": connection.password,
        "AWS_SESSION_TOKEN": extra.get("aws_session_token"),
        "AWS_ENDPOINT_URL": extra.get("endpoint_url"),
        "AWS_DEFAULT_REGION": extra.get("region_name"),
    }
    return given | {variable: str(value) for variable, value in found.items() if value}


def step_settings() -> Settings:
    """Returns the settings that a step started by this process would read."""
    return read_settings(os.environ)


def step_command(environment: Mapping[str, str]) -> str:
    """Returns the path of `sentiment` in the trainer environment: SENTIMENT_COMMAND, or the checkout's `.venv`."""
    stated = read_airflow_settings("command", environment=environment).command
    command = stated or str(CHECKOUT / ".venv" / "bin" / "sentiment")
    if not os.access(command, os.X_OK):
        raise Refusal(
            tr(
                "the steps' command must be an executable file; found none at {name}. "
                "Run `make setup`, or set SENTIMENT_COMMAND to its path.",
                name=command,
            )
        )
    return command
