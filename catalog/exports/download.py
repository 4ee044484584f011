"""An answer that a browser keeps as a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def download(text: str, content_type: str, name: str) -> HttpResponse:
    """The text as the file `name`; whatever it is, nothing in it may run or be fetched."""
    return HttpResponse(text, content_type=content_type, headers=_headers(name))


def streamed(pieces: Iterable[str], content_type: str, name: str) -> StreamingHttpResponse:
    """The same of a text that is made while it is sent."""
    return StreamingHttpResponse(pieces, content_type=content_type, headers=_headers(name))


def file_name(path: str, ending: str) -> str:
    """`fieldguide-techniques-T1059-fields.csv` for what stands below `/api/v1/` at `techniques/T1059/fields/`."""
    words = re.findall(r"[A-Za-z0-9._]+", path.split("/v1/")[-1])
    return f"{'-'.join(['fieldguide', *words])[:150]}.{ending}"


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": NO_SCRIPTS}


def refused_format(request: HttpRequest, known: Collection[str]) -> dict[str, list[str]]:
    """The error of a `format` that a page does not have, by parameter."""
    if request.GET.get("format", "") in ("", "html", *known):
        return {}
    return {"format": [f"Write one of: html, {', '.join(known)}."]}
