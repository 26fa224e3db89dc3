"""A sentence with markup of ours in it, for templates."""

from __future__ import annotations

from markupsafe import Markup

from sentiment.language.speaking import tr


def tr_html(sentence: str, /, **values: object) -> Markup:
    """Returns an English sentence that holds markup in the language spoken; the values in it are escaped."""
    return Markup(tr(sentence)).format(**values)
