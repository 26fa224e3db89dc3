"""`sentiment status`: versions, labels, accuracy, and what every server says of them."""

from __future__ import annotations

from typing import Any

import click

from sentiment.serving import servers
from sentiment.serving.history import changing, read_state
from sentiment.serving.state import State, Version
from sentiment.settings import Settings, read_settings
from sentiment.step import Result, say, step


def describe(state: State, settings: Settings) -> Result:
    """Returns the state as JSON-ready values, newest version first."""
    roles = {state.stable: "stable", state.canary: "canary", state.previous: "previous", state.staged: "loading"}
    return {
        "stable": state.stable,
        "canary": state.canary,
        "previous": state.previous,
        "versions": [_row(version, roles) for _, version in sorted(state.versions.items(), reverse=True)],
        "servers": {address: _ask(address, settings.model_name, state) for address in settings.server_addresses},
    }


def _row(version: Version, roles: dict[int | None, str]) -> dict[str, Any]:
    return {
        "version": version.number,
        "role": roles.get(version.number, ""),
        "condition": version.condition,
        "published_at": version.published_at,
        "frozen": version.metrics.get("frozen"),
        "rolling": version.metrics.get("rolling"),
        "rows": version.data.get("rows"),
        "run": version.run,
        "error": version.error,
    }


def _ask(address: str, model: str, state: State) -> dict[str, str]:
    try:
        return {str(number): servers.version_status(address, model, number)[0] for number in state.served}
    except OSError as error:
        return {"error": f"cannot be reached: {error}"}


def table(status: Result) -> str:
    """Returns the status as lines for a terminal."""
    heads = ("version", "role", "frozen", "rolling", "rows", "condition", "run")
    rows = [tuple(_cell(row[head]) for head in heads) for row in status["versions"]]
    widths = [max(len(cells[index]) for cells in [heads, *rows]) for index in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in [heads, *rows]
    ]
    if not rows:
        lines = ["no version is published yet"]
    for address, states in status["servers"].items():
        lines.append(
            f"{address}: " + (", ".join(f"{key} {value or '?'}" for key, value in states.items()) or "nothing")
        )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    return "–" if value in (None, "") else f"{value:.4f}" if isinstance(value, float) else str(value)


@click.command("status")
@click.option("--restore-config", is_flag=True, help="Discard edits by hand: render models.config from the history.")
@step
def command(restore_config: bool) -> Result:
    """Show versions, labels and servers."""
    settings = read_settings()
    if restore_config:
        with changing(settings, discard_edits=True):
            pass
    status = describe(read_state(settings), settings)
    say(table(status))
    return status
