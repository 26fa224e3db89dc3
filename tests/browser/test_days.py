"""The days of the three people who use the system, in a real browser and a real mailbox."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from sentiment.results.record import as_json
from sentiment.serving.history import read_events, read_state

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not in this environment")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: install it to walk the days"),
]
PROMOTE, ROLLBACK, RETRAIN = "sentiment_promote", "sentiment_rollback", "sentiment_retrain"
APPROVE = "[data-testid=hitl-option-Approve]"
LogIn = Callable[[], None]


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part
    return str(part.get_content())


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


def follow(page: Any, mail: EmailMessage, link: str) -> None:
    """Opens the mail in the browser and follows a link in it."""
    page.set_content(html(mail))
    address = page.get_by_role("link", name=link).get_attribute("href")
    assert address in plain(mail)
    page.goto(address)


def last(days: Any, event: str) -> dict[str, Any]:
    return [dict(as_json(found)) for found in read_events(days.settings.history) if found.name == event][-1]


def test_the_approver_is_asked_by_mail_and_must_say_why(days: Any, page: Any, log_in: LogIn) -> None:
    days.api.trigger(PROMOTE, "morning", {})
    follow(page, days.mail("version 2 waits for your approval"), "The question in Airflow")
    log_in()
    approve = page.locator(APPROVE)
    approve.wait_for()
    shown = page.locator("body").inner_text()
    assert "<script>top[.]hacked=1</script> | [核准](hxxp[://]evil[.]example)" in shown and "**粗**" in shown
    assert page.get_by_role("cell", name="recall of 正面").count() == 1
    assert page.locator("img[src*=evil], img[src=x], a[href*=evil]").count() == 0
    assert page.evaluate("window.hacked === undefined")
    assert approve.is_disabled(), "an empty reason cannot be sent"
    page.fill("#element_reason", "  ")
    approve.click()
    unreasoned = days.mail("without a reason: the question is open again")
    page.set_viewport_size({"width": 390, "height": 844})
    follow(page, unreasoned, "Approve or reject")
    form = page.locator("#decide form")
    while not form.count():  # the mail goes out a moment before the task waits
        page.wait_for_timeout(500)
        page.reload()
    page.get_by_role("heading", name=re.compile(r"awaits your approval until .+ \(Taipei\)")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("Reason").fill("better on the newest posts")
    # An answer in the same second as the question, as no person gives it, may meet Airflow's scheduler before that has
    # seen that the task waits: it then tries the task again, and asks anew.
    page.wait_for_timeout(5000)
    form.get_by_role("button", name="Approve").click()
    page.get_by_text("admin chose Approve on").wait_for()
    days.wait(lambda: days.serves("stable", 2), "the canary is stable")
    told = days.mail("version 2 is stable now, approved by admin")
    assert "better on the newest posts" in plain(told)
    promoted = last(days, "promoted")
    assert (promoted["who"], promoted["why"]) == ("admin", "better on the newest posts")
    follow(page, told, "Version 2 on the Models page")
    page.get_by_role("heading", level=1, name=re.compile("Version 2")).wait_for()


def test_the_models_page_is_in_the_navigation_and_its_links_lead_out(days: Any, page: Any, log_in: LogIn) -> None:
    page.goto("/dags")
    log_in()
    page.get_by_label("Models").click()
    models = page.frame_locator("iframe[title=Models]")
    models.get_by_role("heading", name="Models").wait_for()
    assert page.get_by_label("Models").is_visible() and page.url.endswith("/plugin/models")
    stable = read_state(days.settings).stable
    models.get_by_label("Sentences").fill("推這間店\n噓這間店")
    models.get_by_role("button", name="Ask stable and canary").click()
    models.get_by_role("row", name=re.compile("噓這間店.*負面")).wait_for()
    models.get_by_role("link", name="Models").click()
    models.get_by_role("link", name=f"version {stable}", exact=True).first.click()
    models.get_by_role("heading", level=1, name=f"Version {stable}").wait_for()
    models.get_by_role("link", name="Airflow", exact=True).click()
    page.wait_for_url(f"{days.api.address}/")
    assert page.locator("iframe").count() == 0


def test_the_operator_rolls_back_by_the_form(days: Any, page: Any, log_in: LogIn) -> None:
    before = read_state(days.settings)
    assert (before.stable, before.previous) == (2, 1), "the approver's day comes first"
    page.goto(f"/dags/{ROLLBACK}")
    log_in()
    form = open_form(page)
    send = form.get_by_test_id("trigger-dag-submit")
    assert send.is_disabled(), "a rollback needs a reason"
    form.locator("[name=element_reason]").fill("customers complain; $(touch /tmp/x)")
    send.click()
    days.wait(lambda: days.serves("stable", 1), "version 1 is stable again")
    mail = days.mail("rollback by admin")
    assert "customers complain; $(touch /tmp/x)" in plain(mail)
    found = last(days, "rolled_back")
    assert (found["version"], found["who"], found["why"]) == (1, "admin", "customers complain; $(touch /tmp/x)")
    follow(page, mail, "Log")
    page.get_by_text("Version 1 is stable again").first.wait_for()


def test_the_engineer_types_a_learning_rate_as_engineers_do(days: Any, page: Any, log_in: LogIn) -> None:
    page.goto(f"/dags/{RETRAIN}")
    log_in()
    form = open_form(page)
    form.get_by_role("button", name="Training").click()
    form.locator("[name=element_learning_rate]").fill("3e-5")
    form.locator("[name=element_num_epochs]").fill("2")
    form.get_by_text("Unpause").click()
    form.get_by_test_id("trigger-dag-submit").click()
    days.wait(lambda: days.api.runs(RETRAIN), "the run is there")
    [run] = days.api.runs(RETRAIN)
    given = {name: value for name, value in run["conf"].items() if value is not None}
    assert given == {"mode": "auto", "learning_rate": "3e-5", "num_epochs": "2"}


def test_a_margin_that_no_gate_takes_is_refused_as_it_was_typed(days: Any, page: Any, log_in: LogIn) -> None:
    page.goto(f"/dags/{RETRAIN}")
    log_in()
    before = len(days.api.runs(RETRAIN))
    form = open_form(page)
    form.get_by_role("button", name="Gate").click()
    form.locator("[name=element_margin]").fill("5")
    form.locator("[name=element_loosen_reason]").fill("a holiday")
    assert form.locator("[name=element_margin]").input_value() == "5"
    form.get_by_test_id("trigger-dag-submit").click()
    page.get_by_text("'5' is not a 'number between 0 and 0.2, or empty'").first.wait_for()
    assert len(days.api.runs(RETRAIN)) == before


def open_form(page: Any) -> Any:
    page.get_by_test_id("trigger-dag-button").first.click()
    form = page.locator("[role=dialog][data-state=open]").filter(has_text="Trigger Dag")
    form.wait_for()
    return form
