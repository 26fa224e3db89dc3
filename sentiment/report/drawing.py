"""What draws pages in the style of a report: its templates, and what they may say.

It imports no numpy, so that Airflow's web server can draw with it, too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.charts import TEMPLATES as CHART_TEMPLATES
from sentiment.language import recorded, tr, tr_many
from sentiment.language.markup import tr_html
from sentiment.text import units

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(*folders: Path) -> Environment:
    """Returns what draws pages of this style; `folders` hold templates beside the report's."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES, CHART_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": units.percent,
        "points": units.points,
        "duration": units.duration,
        "count": lambda number: f"{number:,}",
    }
    environment.globals |= {"tr": tr, "tr_many": tr_many, "tr_html": tr_html, "recorded": recorded}
    return environment
