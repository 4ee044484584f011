"""An answer that a browser keeps as a file."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest, HttpResponse

NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def download(text: str, content_type: str, name: str) -> HttpResponse:
    """The text as the file `name`; whatever it is, nothing in it may run or be fetched."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": NO_SCRIPTS}
    return HttpResponse(text, content_type=content_type, headers=headers)


def refused_format(request: HttpRequest, known: Collection[str]) -> dict[str, list[str]]:
    """The error of a `format` that a page does not have, by parameter."""
    if request.GET.get("format", "") in ("", "html", *known):
        return {}
    return {"format": [f"Write one of: html, {', '.join(known)}."]}
