"""The links in mails and approvals: absolute addresses of pages on which a person reads on."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk import conf

from sentiment.run_folder import safe_name

MODELS_PAGE = "/sentiment/models"  # below Airflow's own address


def airflow_address() -> str:
    """Returns Airflow's own address, from `[api] base_url`."""
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def run_link(workflow: str, run_id: str) -> str:
    """Returns the address of a run in Airflow."""
    return f"{airflow_address()}/dags/{quote(workflow, safe='')}/runs/{quote(run_id, safe='')}"


def version_link(version: int) -> str:
    """Returns the address of a version on the Models page: comparison, flipped texts, data, training report."""
    return f"{airflow_address()}{MODELS_PAGE}/versions/{version}"


def experiment_link(run_id: str) -> str:
    """Returns the address of an experiment on the Models page: table, plot, what failed."""
    return f"{airflow_address()}{MODELS_PAGE}/experiments/{safe_name(run_id)}"


def version_links(version: int | None) -> dict[str, str]:
    """Returns the link to a version under its name; {} when there is no version."""
    return {} if version is None else {f"Version {version} on the Models page": version_link(version)}
