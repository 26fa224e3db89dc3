"""Who gets in, and from where: Airflow's own login and permissions, and forms of this very site alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import airflow_home
from support import models_page_homes as homes

from sentiment.models_page import OVERVIEW

PAGE = "/sentiment/models"
EXPERIMENT = ["/experiments/exp-1", "/experiments/exp-1/plot.png"]
ROUTES = [
    "/",
    "/versions/2",
    "/versions/2/report",
    "/versions/2/report/whole",
    "/compare?a=1&b=2",
    *EXPERIMENT,
    "/versions/99",
    "/experiments/none",
]


@pytest.fixture(autouse=True)
def something_to_see(home: Path) -> None:
    homes.whole_home(home)


@pytest.mark.parametrize("path", ROUTES)
def test_an_anonymous_request_is_refused_with_the_way_to_the_login(site: Any, path: str) -> None:
    with site.client(user=None) as client:
        answer = client.get(f"{PAGE}{path}")
    assert answer.status_code == 401 and "/auth/login?next=" in answer.text
    assert "night-2" not in answer.text and "好吃到哭" not in answer.text and "PNG" not in answer.text


def test_an_anonymous_form_is_refused(site: Any) -> None:
    with site.client(user=None) as client:
        assert client.post(f"{PAGE}/try", data={"sentences": "x"}).status_code == 401


@pytest.mark.parametrize("path", ROUTES)
def test_a_user_without_access_is_refused(site: Any, path: str) -> None:
    with site.client("nobody") as client:
        answer = client.get(f"{PAGE}{path}")
    assert answer.status_code == 403 and "night-2" not in answer.text and "/auth/login" not in answer.text


@pytest.mark.parametrize("token", ["x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJyb2xlIjoiYWRtaW4ifQ."])
def test_a_made_up_token_is_refused(site: Any, token: str) -> None:
    with site.client(user=None) as client:
        assert client.get(f"{PAGE}/", headers={"Authorization": f"Bearer {token}"}).status_code == 403
        client.cookies.set("_token", token)
        assert client.get(f"{PAGE}/").status_code in (401, 403)


@pytest.mark.parametrize("user", ["ann", "bob"])
def test_who_may_read_the_workflow_may_read_the_page_by_cookie_or_token(site: Any, user: str) -> None:
    with site.client(user) as client:
        assert [client.get(f"{PAGE}{path}").status_code for path in ROUTES] == [200] * 7 + [404] * 2
    with site.client(user=None) as client:
        assert client.get(f"{PAGE}/", headers={"Authorization": f"Bearer {site.token(user)}"}).status_code == 200


def test_the_address_that_people_are_told_is_the_page(site: Any) -> None:
    """As it was, the demo named it without its slash, where Airflow's own pages say that there is none."""
    with site.client("ann") as client:
        told = client.get(OVERVIEW)
    assert told.status_code == 200 and "versions/2" in told.text and 'id="root"' not in told.text


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
def test_nothing_is_described_to_strangers(site: Any, path: str) -> None:
    with site.client(user=None) as client:
        assert client.get(f"{PAGE}{path}").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://elsewhere"}, 200),
        ({"Origin": "{site}"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{site}"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "ftp{site}"}, 403),
        ({}, 403),
    ],
)
def test_only_a_form_of_this_site_is_taken(
    site: Any, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], status: int
) -> None:
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    filled = {name: value.replace("{site}", site.address) for name, value in headers.items()}
    assert ann.post(f"{PAGE}/try", data={"sentences": "x"}, headers=filled).status_code == status


def test_a_program_with_a_token_needs_no_origin(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_SERVING_URLS", "http://127.0.0.1:9")
    with site.client(user=None) as client:
        headers = {"Authorization": f"Bearer {site.token('ann')}"}
        assert client.post(f"{PAGE}/try", data={"sentences": "x"}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", [*ROUTES, "/?page=2"])
def test_no_script_nothing_from_elsewhere_nothing_kept(ann: httpx.Client, path: str) -> None:
    answer = ann.get(f"{PAGE}{path}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "frame-ancestors 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"


def test_it_is_in_airflows_navigation(ann: httpx.Client, site: Any) -> None:
    headers = {"Authorization": f"Bearer {site.token('ann')}"}
    found = ann.get("/api/v2/plugins", headers=headers).json()["plugins"]
    plugin = next(plugin for plugin in found if plugin["name"] == "sentiment_models_page")
    [entry] = plugin["react_apps"]
    assert (entry["name"], entry["destination"], entry["nav_top_level"]) == ("Models", "nav", True)
    frame = ann.get(f"/{entry['bundle_url']}")
    assert frame.status_code == 200 and frame.headers["content-type"].startswith("text/javascript")
    assert frame.headers["x-content-type-options"] == "nosniff" and "AirflowPlugin" in frame.text
    assert ann.get("/api/v2/plugins/importErrors", headers=headers).json()["import_errors"] == []


def test_a_task_that_loads_the_plugin_does_not_load_the_web_application() -> None:
    code = "import sentiment_models_page, sys; sys.exit('models_page.app' in sys.modules or 'fastapi' in sys.modules)"
    path = f"{airflow_home.CHECKOUT / 'plugins'}:{airflow_home.CHECKOUT}"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env={"PYTHONPATH": path, "PATH": ""}, check=True)
