"""What is logged: lines for people or JSON for machines, each with the ids of its request and its task, no secrets."""

from __future__ import annotations

import logging
import re
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery import current_task
from pythonjsonlogger.json import JsonFormatter

from catalog import environment

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("text", "json")
# What a record may carry beside its message; anything else (Django hangs whole requests on some) is left out.
FIELDS = ("request_id", "task_id", "method", "path", "view", "status", "duration", "run", "source")

request_id: ContextVar[str] = ContextVar("request_id", default="")

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MASK = "***"
_SECRETS = (
    re.compile(r"(?P<kept>://)[^/\s:@]*:[^/\s@]+(?=@)"),  # user and password of an address
    re.compile(r"(?P<kept>\b(?:bearer|basic)\s+)[\w.~+/=-]+", re.IGNORECASE),
    re.compile(r"(?P<kept>\bauthorization['\"]?\s*[:=]\s*['\"]?)[^'\"\r\n]+", re.IGNORECASE),
    re.compile(
        r"(?P<kept>\b[\w-]*(?:tokens?|passw(?:or)?d|secret|api_?key|secret_?key)['\"]?\s*[=:]\s*['\"]?)[^\s&'\",;]+",
        re.IGNORECASE,
    ),
)


def accepted_id(given: str) -> str:
    """The id that a caller gave to its request where it is short and plain, else a new one."""
    return given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex


def current_request_id() -> str:
    """The id of the request that is answered here, or of the one that queued the task at hand; "" for neither."""
    return request_id.get() or (_of_task("request_id") if current_task else "")


def redacted(text: str) -> str:
    """`text` without what looks like a password, a key or a token."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<kept>{_MASK}", text)
    return text


class TraceFilter(logging.Filter):
    """Writes the ids of the request and of the task at hand into every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        told = getattr(record, "data", None)  # Celery tells of a task from outside of it
        named = str(told.get("id", "")) if isinstance(told, dict) else ""
        record.request_id = getattr(record, "request_id", "") or current_request_id()
        record.task_id = (_of_task("id") if current_task else "") or named
        return True


class TextFormatter(logging.Formatter):
    """A line for people, with the ids at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 the name is logging's
        named = (("request", "request_id"), ("task", "task_id"))
        ids = " ".join(f"{word} {given}" for word, name in named if (given := getattr(record, name, "")))
        return super().formatMessage(record) + (f" [{ids}]" if ids else "")

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class LineFormatter(JsonFormatter):
    """One JSON object for each record: time (UTC), level, logger, message, and those of FIELDS that it has."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"time": time, "level": record.levelname, "logger": record.name}
        log_data["message"] = redacted(record.message)
        log_data |= {name: given for name in FIELDS if (given := getattr(record, name, "")) not in ("", None)}
        if "exc_info" in message_dict:
            log_data["exception"] = redacted(str(message_dict["exc_info"]))


def configuration(production: bool) -> dict[str, Any]:
    """Python's logging configuration for every process of the product: JSON in production, else text."""
    form = environment.choice("LOG_FORMAT", FORMATS, "json" if production else "text")
    level = environment.choice("LOG_LEVEL", LEVELS, "INFO")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"trace": {"()": TraceFilter}},
        "formatters": {"text": {"()": TextFormatter}, "json": {"()": LineFormatter}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form, "filters": ["trace"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Every request has a line of its own, without its query: `catalog.middleware.RequestMiddleware`.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "ERROR", "handlers": [], "propagate": True},
            "gunicorn.http.wsgi": {"level": "ERROR"},  # it warns of every HEAD, whose body it drops as it should
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
        },
    }


def _of_task(name: str) -> str:
    """A part of the task's message: a worker lays its headers over the request, a task in process keeps them apart."""
    request = current_task.request
    return str(getattr(request, name, None) or (request.headers or {}).get(name) or "")
