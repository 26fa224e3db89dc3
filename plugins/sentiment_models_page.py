"""Puts the Models page into Airflow's navigation: which version serves, how good each was, who decided, a box to try.

It is a React app of one element, a frame around the page. Airflow's own kinds of entry do not work (3.3.2): it draws an
entry that leads out of Airflow as a button that does nothing, and the sandbox of its own frame allows neither a new tab
nor leaving the frame, so that no link to a run or an approval could work.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin
from sentiment_airflow.links import MODELS_PAGE
from sentiment_airflow.people import for_people

from sentiment.language import tr

with for_people():
    NAME = tr("Models")


class ModelsPagePlugin(AirflowPlugin):
    name = "sentiment_models_page"
    react_apps = [  # noqa: RUF012 - Airflow's own way to declare what a plugin has
        {
            "name": NAME,
            "bundle_url": f"{MODELS_PAGE.lstrip('/')}/frame.js",  # relative to Airflow's own address, whatever that is
            "destination": "nav",
            "url_route": "models",
            "nav_top_level": True,
        }
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The page's application, made on demand: every task loads the plugins, and making it takes a second."""
        # Triggering a run is checked in this process: the forms bring what their numbers must be.
        from sentiment_airflow.forms.known import know_numbers
        from sentiment_airflow.web.app import app, prepare

        know_numbers()
        prepare()
        return [{"app": app, "url_prefix": MODELS_PAGE, "name": "Sentiment models"}]
