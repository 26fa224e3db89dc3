"""The Models page in Airflow's navigation: which version serves, how good each was, who decided, and a box to try them.

The entry has no `url_route`: Airflow then opens the page by itself. Within Airflow's frame, whose sandbox allows
neither a new tab nor the way out of it, no link to a run or an approval could work.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/sentiment/models"


class ModelsPagePlugin(AirflowPlugin):
    name = "sentiment_models_page"
    # Relative to Airflow's own address, wherever that is.
    external_views = [  # noqa: RUF012 - Airflow's own way to say what a plugin has
        {"name": "Models", "href": f"{PREFIX.lstrip('/')}/", "destination": "nav", "nav_top_level": True}
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The page's application; made where it is asked for: every task loads the plugins, and this takes a second."""
        from models_page.app import app

        return [{"app": app, "url_prefix": PREFIX, "name": "Sentiment models"}]
