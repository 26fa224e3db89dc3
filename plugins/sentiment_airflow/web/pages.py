"""Templates, and what a browser may do with them: show text with one style sheet, and send one form."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from sentiment import charts
from sentiment.language import recorded, tr, tr_many
from sentiment.language.markup import tr_html
from sentiment.options.gate import LONGEST_REASON

FOLDER = Path(__file__).parent / "templates"
# Every template escapes its values, whatever its name: strangers wrote the text that it shows.
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader([FOLDER, charts.TEMPLATES]),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_style = "".join(path.read_text(encoding="utf-8") for path in (charts.TEMPLATES / "charts.css", FOLDER / "style.css"))
_environment.globals["style"] = Markup(_style)
_environment.globals["longest_reason"] = LONGEST_REASON
_environment.filters["query"] = urlencode
_environment.globals |= {"tr": tr, "tr_many": tr_many, "tr_html": tr_html, "recorded": recorded}
_digest = base64.b64encode(hashlib.sha256(_style.encode()).digest()).decode()

PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
PICTURE_POLICY = f"{PAGE_POLICY}; img-src 'self'"  # for the one page that has a picture
FRAME_POLICY = f"{PAGE_POLICY}; frame-src 'self'"  # for the one page that shows another
# A report is a page of its own, with style attributes; no script, form or link works outside the sandbox.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)

FRAME = (FOLDER / "frame.js").read_text(encoding="utf-8")


def compile_templates() -> None:
    """Compiles every template; the environment caches them."""
    for name in _environment.list_templates(extensions=["html"]):
        _environment.get_template(name)


def rendered(template: str, **context: object) -> str:
    """Returns the page that a template makes of `context`."""
    return _environment.get_template(template).render(**context)
