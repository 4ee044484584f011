"""Bodies of requests: one JSON object that a database can hold. Django bounds their size."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE

    def __init__(self) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        super().__init__(f"The body is larger than {most:,} bytes. Collections are uploaded at /editing/upload/.")


class ObjectParser(JSONParser):
    """One JSON object. Raises `ParseError`."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            found = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeError as error:
            raise ParseError("The body holds half of a surrogate pair, or is not UTF-8.") from error
        if not isinstance(found, dict):
            raise ParseError("Send one JSON object.")
        return found
