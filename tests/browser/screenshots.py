"""Takes the pictures of docs/images from a demo that really runs: `make screenshots`.

The demo stops at the second model's approval. What a person sees at that moment is taken, then the canary is approved
in the browser, and the mail about the refused third model is taken at the end.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[2]
TRAINER = CHECKOUT / ".venv" / "bin" / "python"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
INVITATION = re.compile(
    r"(?P<address>http://localhost:\d+)(?P<path>/dags/\S+)|user (?P<user>\S+), password (?P<password>\S+)"
)
PATIENCE = 120_000  # milliseconds that a page may take
SIZE = ViewportSize(width=1200, height=900)
COLOURS = 64  # of a picture: what pages of text and flat colours need
SHRINK = (
    "import sys; from PIL import Image\n"
    "for name in sys.argv[2:]:\n"
    "    Image.open(name).convert('RGB').quantize(int(sys.argv[1]), dither=0).save(name, optimize=True)"
)


def invitation(lines: Iterator[str]) -> dict[str, str]:
    """Returns address, path, user and password, as the demo prints them when it waits for a person."""
    found: dict[str, str] = {}
    for line in lines:
        print(line, end="", flush=True)
        if match := INVITATION.search(line):
            found |= {name: value for name, value in match.groupdict().items() if value}
        if {"path", "password"} <= found.keys():
            return found
    raise SystemExit("the demo ended before it asked for an approval")


def take(page: Any, folder: Path, name: str, wait_for: Any, *, whole: bool = False) -> None:
    wait_for.first.wait_for()
    time.sleep(1)  # what Airflow's pages load behind their first words
    page.screenshot(path=folder / f"{name}.png", full_page=whole)


def approval(page: Any, told: dict[str, str], folder: Path) -> None:
    """Takes the question as the approver finds it, and the Models page at that moment."""
    page.goto(told["address"] + told["path"])
    page.fill("input[name=username]", told["user"])
    page.fill("input[name=password]", told["password"])
    page.click("button[type=submit]")
    approve = page.locator("[data-testid=hitl-option-Approve]")
    take(page, folder, "approval", approve)
    models = page.context.new_page()
    models.goto(told["address"] + "/sentiment/models/")
    take(models, folder, "models-page", models.get_by_role("heading", name="Models"))
    models.goto(told["address"] + "/sentiment/models/versions/2")
    take(models, folder, "version-page", models.get_by_role("heading", level=1, name="Version 2"))
    models.close()
    page.fill("#element_reason", "better on the newest posts, the flips look right")
    approve.click()


def refusal(context: Any, mails: Path, folder: Path) -> None:
    """Takes the mail about the model that the gate refused."""
    for path in sorted(mails.iterdir(), reverse=True):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        part = mail.get_body(("html",))
        if part and "no new model" in str(mail["subject"]).lower():
            page = context.new_page()
            page.set_content(str(part.get_content()))
            take(page, folder, "refusal-mail", page.locator("body"))
            return
    raise SystemExit(f"there must be a mail about the refused model; found none in {mails}")


def main() -> None:
    """Runs the demo, takes the pictures into the folder of the first argument, and makes them small."""
    folder, chromium = Path(sys.argv[1]), sys.argv[2]
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(TRAINER), "-u", "-m", "sentiment", "demo"]
    with (
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as demo,
        sync_playwright() as playwright,
    ):
        assert demo.stdout
        try:
            told = invitation(iter(demo.stdout.readline, ""))
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            context = browser.new_context(viewport=SIZE)
            context.set_default_timeout(PATIENCE)
            approval(context.new_page(), told, folder)
            for line in demo.stdout:
                print(line, end="", flush=True)
            refusal(context, CHECKOUT / ".demo" / "mail", folder)
            browser.close()
        finally:
            demo.terminate()
    subprocess.run([str(TRAINER), "-c", SHRINK, str(COLOURS), *map(str, folder.glob("*.png"))], check=True)


if __name__ == "__main__":
    main()
