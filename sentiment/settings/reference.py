"""The reference of all settings, as Markdown from their declarations: docs/reference/settings.md."""

from __future__ import annotations

from sentiment.settings.airflow import AirflowSettings
from sentiment.settings.declaration import Declaration, Declared, declarations
from sentiment.settings.runner import RunnerSettings
from sentiment.settings.steps import Settings
from sentiment.settings.tests import SettingsOfTests

INTRODUCTION = """# Settings

Every setting is an environment variable. Each command reads them when it starts. For the stack they are in `.env`.
A wrong value is an error: one line names the variable, and says what must hold and what was found. A `SENTIMENT_`
variable that is not on this page is an error, too.

"""
SECTIONS: tuple[tuple[str, str, type[Declared]], ...] = (
    (
        "What the steps read",
        "Every `sentiment` command reads these. Airflow's workflows and the Models page read them, too. "
        "`serving/run_serving.sh` and the stack's model server read `SENTIMENT_HOME`.\n\n"
        "Each `SENTIMENT_CHECK_…` is two limits of a figure about the new posts, `warn,fail`. Each limit is a share "
        "from 0 to 1, or `off`. A figure above the first limit is a warning; one above the second stops the run.",
        Settings,
    ),
    (
        "What Airflow's workflows read",
        "Airflow's scheduler, workers and web server must all see them. An empty variable counts as unset.",
        AirflowSettings,
    ),
    (
        "How Airflow runs a step",
        "The workers read these when a step starts. An empty variable counts as unset.",
        RunnerSettings,
    ),
    ("What the tests read", "Only the project's own tests read it.", SettingsOfTests),
)


def settings_as_markdown() -> str:
    """Returns the whole page: a table for each group of settings."""
    return INTRODUCTION + "\n".join(_section(*section) for section in SECTIONS)


def _section(title: str, about: str, group: type[Declared]) -> str:
    rows = "\n".join(_row(declaration) for declaration in declarations(group).values())
    return f"## {title}\n\n{about}\n\n| variable | value | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _row(declaration: Declaration) -> str:
    unit = f" ({declaration.unit})" if declaration.unit else ""
    cells = (f"`{declaration.variable}`", declaration.kind.written + unit, _default(declaration), declaration.meaning)
    return f"| {' | '.join(cells)} |"


def _default(declaration: Declaration) -> str:
    if declaration.shown_default:
        return declaration.shown_default
    default = declaration.default
    return f"`{default if isinstance(default, str) else declaration.kind.shown(default)}`"
