"""Airflow's servers, a model server and a mailbox, as the demo starts them; and Chromium in front of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support import models_page_homes as homes

from sentiment.demo.stack import USER, Stack
from sentiment.serving.servers import labelled_version
from sentiment.settings import CHECKOUT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WORKFLOWS = ("sentiment_retrain", "sentiment_promote", "sentiment_rollback")
EVIL = (
    "<script>top.hacked=1</script> | [核准](http://evil.example) ![x](http://evil.example/x.png) "
    "<img src=x onerror=top.hacked=1> **粗**"
)
PATIENCE = 120.0  # seconds: two cores may be busy with something else


class Days(Stack):
    """The demo's stack, with toys for models: nothing is trained."""

    def _start_model_server(self) -> None:
        trainer = CHECKOUT / ".venv" / "bin" / "python"
        command = [str(trainer), str(Path(__file__).with_name("serve_days.py")), str(self.home), str(self.ports.rest)]
        self.processes.start("model-server", command, self._environment())

    def wait(self, done: Callable[[], object], what: str) -> None:
        """Waits until `done` says so."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            self.processes.check()
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s; logs: {self.folder / 'logs'}"
            time.sleep(0.3)

    def serves(self, label: str, version: int | None) -> bool:
        try:
            return labelled_version(self.settings.server_addresses[0], "sentiment", label) == version
        except OSError:
            return False

    def mail(self, subject: str) -> EmailMessage:
        """Returns the newest mail with that in its subject."""
        found = self.mailbox.wait_for(subject, PATIENCE)
        assert found, f"no mail with {subject!r} in its subject came"
        return found


def night(version: int) -> dict[str, dict[str, Any]]:
    """Returns what the night left that made the version; its worst flipped text was written by somebody hostile."""
    found = homes.results(EVIL)
    found["gate"]["overridden"] = None
    found["check"]["warnings"] = [f"New posts whose label looks wrong: {EVIL}"]
    found["validate"] |= {"sentence": f"Version {version} may be served.", "export_bytes": 6_400_000}
    return found


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Everything, running; the workflows switched on but for the retrain, whose form alone is looked at."""
    with running(tmp_path_factory.mktemp("days"), {}) as stack:
        yield stack


@pytest.fixture(scope="module")
def days_in_taipei(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """The same in Traditional Chinese."""
    with running(tmp_path_factory.mktemp("taipei"), {"SENTIMENT_LANGUAGE": "zh-TW"}) as stack:
        yield stack


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[Days]:
    """Starts everything in a folder, and stops it in the end."""
    stack = Days(folder, environment)
    stack.home.mkdir()
    for version in (1, 2):
        homes.write_run(stack.home, f"night-{version}", night(version))
    try:
        stack.start()
        stack.wait(lambda: all(map(stack.api.dag_is_there, WORKFLOWS)), "the workflows are read")
        stack.wait(lambda: stack.serves("canary", 2), "the model server has the canary")
        for workflow in WORKFLOWS[1:]:
            stack.api.unpause(workflow)
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, days: Days, tmp_path: Path) -> Iterator[Any]:
    """A window of somebody who has not logged in yet; `last.png` in the test's folder is what was seen last."""
    with window_on(browser, days, tmp_path) as window:
        yield window


@contextmanager
def window_on(browser: Any, days: Days, folder: Path, **more: Any) -> Iterator[Any]:
    """Opens a window on what runs; `more` says what else the browser is like."""
    context = browser.new_context(**{"base_url": days.api.address, "viewport": {"width": 1280, "height": 1000}, **more})
    window = context.new_page()
    window.set_default_timeout(PATIENCE * 1000)
    yield window
    window.screenshot(path=folder / "last.png")
    context.close()


@pytest.fixture
def log_in(page: Any, days: Days) -> Callable[[], None]:
    """Fills in Airflow's login form, which is what the page shows."""
    return lambda: log_in_to(page, days)


def log_in_to(page: Any, days: Days) -> None:
    """Fills in Airflow's login form, which is what the page shows."""
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", days.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/auth/login" not in address)


@pytest.fixture
def phone(browser: Any, days_in_taipei: Days, tmp_path: Path) -> Iterator[Any]:
    """A phone in Taipei, of somebody who has logged in."""
    narrow = {"viewport": {"width": 390, "height": 844}, "locale": "zh-TW", "timezone_id": "Asia/Taipei"}
    with window_on(browser, days_in_taipei, tmp_path, **narrow) as window:
        window.goto("/dags")
        log_in_to(window, days_in_taipei)
        yield window
