"""The Models page in Airflow's navigation: which version serves, how good each was, who decided, and a box to try them.

It is a React app of one element, a frame around the page. Airflow's own kinds of entry do not do: one that leads out of
Airflow is drawn as a button that nothing happens to (3.3.2), and in the frame that Airflow makes, whose sandbox allows
neither a new tab nor the way out, no link to a run or an approval could work.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin
from sentiment_airflow.links import MODELS_PAGE


class ModelsPagePlugin(AirflowPlugin):
    name = "sentiment_models_page"
    react_apps = [  # noqa: RUF012 - Airflow's own way to say what a plugin has
        {
            "name": "Models",
            "bundle_url": f"{MODELS_PAGE.lstrip('/')}/frame.js",  # relative to Airflow's own address, wherever that is
            "destination": "nav",
            "url_route": "models",
            "nav_top_level": True,
        }
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The page's application; made where it is asked for: every task loads the plugins, and this takes a second."""
        from sentiment_airflow.web.app import app, prepare

        prepare()
        return [{"app": app, "url_prefix": MODELS_PAGE, "name": "Sentiment models"}]
