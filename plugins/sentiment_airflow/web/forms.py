"""Reads the fields of a form that a browser sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from sentiment.language import tr

Form = dict[str, str]


def form_of(largest: int, refusal: str) -> Callable[[Request], Awaitable[Form]]:
    """Returns what reads a form's fields, the first of each name, from at most `largest` bytes.

    Raises: HTTPException 413 with `refusal`, a sentence that is `marked`, when a form is larger.
    """

    async def read(request: Request) -> Form:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > largest:
                raise HTTPException(413, tr(refusal))
        try:
            fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10, keep_blank_values=True)
        except ValueError:
            fields = {}
        return {name: values[0] for name, values in fields.items()}

    return read
