"""The links in mails and approvals: absolute addresses of pages on which a person reads on."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk import conf

from sentiment.language import tr
from sentiment.models_page import ADDRESS, OVERVIEW
from sentiment.run_folder import RunFolder, safe_name

MODELS_PAGE = ADDRESS  # below Airflow's own address


def airflow_address() -> str:
    """Returns Airflow's own address, from `[api] base_url`."""
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def run_link(workflow: str, run_id: str) -> str:
    """Returns the address of a run in Airflow."""
    return f"{airflow_address()}/dags/{quote(workflow, safe='')}/runs/{quote(run_id, safe='')}"


def version_link(version: int) -> str:
    """Returns the address of a version on the Models page: comparison, flipped texts, data, training report."""
    return f"{airflow_address()}{MODELS_PAGE}/versions/{version}"


def decision_link(version: int) -> str:
    """Returns the address at which people approve or reject a version: the form on its page, also on a phone."""
    return f"{version_link(version)}#decide"


def experiment_link(run_id: str) -> str:
    """Returns the address of an experiment on the Models page: table, plot, what failed."""
    return f"{airflow_address()}{MODELS_PAGE}/experiments/{safe_name(run_id)}"


def refusal_links(run: RunFolder, log: str) -> dict[str, str]:
    """Returns what there is to look at of a refused run: the page of refused runs, report, suspects, the log."""
    page = f"{airflow_address()}{OVERVIEW}"
    report = {tr("Its training report"): f"{page}runs/{run.name}/report"} if run.report.is_file() else {}
    doubtful = {tr("Posts whose label looks wrong"): f"{page}runs/{run.name}/suspects.json"}
    suspects = doubtful if run.suspects.is_file() else {}
    return {tr("The refused runs on the Models page"): f"{page}#refused", **report, **suspects, **log_link(log)}


def version_links(version: int | None) -> dict[str, str]:
    """Returns the link to a version under its name; {} when there is no version."""
    if version is None:
        return {}
    return {tr("Version {version} on the Models page", version=version): version_link(version)}


def archive_links(version: int) -> dict[str, str]:
    """Returns the link to what a version changed in the archive, under its name."""
    return {tr("What changed in the archive"): f"{version_link(version)}#archive"}


def log_link(address: str) -> dict[str, str]:
    """Returns the link to a task's log under its name."""
    return {tr("Log"): address}
