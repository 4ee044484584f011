"""Settings from the environment. A value that cannot be used stops the start with the variable's name."""

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
SHORTEST_KEY = 50  # Django's own measure of a secret key
FEWEST_CHARACTERS = 5


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool) -> bool:
    """A yes or no. Raises `ImproperlyConfigured` for anything else."""
    value = os.environ.get(name)
    if value is None:
        return default
    folded = value.strip().lower()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Write 1 or 0.")


def number(name: str, default: int) -> int:
    """A whole number. Raises `ImproperlyConfigured` for anything else."""
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error


def words(name: str, default: str = "") -> list[str]:
    """A list that is separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def origins(name: str) -> list[str]:
    """Sites as a browser names them, scheme and host: https://notes.example.org. Raises `ImproperlyConfigured`."""
    found = words(name)
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            raise ImproperlyConfigured(f"{name}: {origin!r} is no origin. Write https://notes.example.org, no path.")
    return found


def choice(name: str, words: Sequence[str], default: str) -> str:
    """One of `words`, however its case is written. Raises `ImproperlyConfigured` for anything else."""
    value = text(name) or default
    for word in words:
        if word.lower() == value.lower():
            return word
    raise ImproperlyConfigured(f"{name}={value!r} is none of {', '.join(words)}.")


def refuse_unsafe(*, secret_key: str, debug: bool, hosts: Sequence[str]) -> None:
    """What production must have and must not have. Raises `ImproperlyConfigured` with all that is wrong."""
    wrong = []
    if not secret_key:
        wrong.append(
            "SECRET_KEY is not set. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    elif len(secret_key) < SHORTEST_KEY or len(set(secret_key)) < FEWEST_CHARACTERS:
        wrong.append(f"SECRET_KEY is too simple. It needs {SHORTEST_KEY} characters or more, at random.")
    if debug:
        wrong.append("DEBUG is on: its pages show settings to everybody. Take it away.")
    if not os.environ.get("ALLOWED_HOSTS") or "*" in hosts:
        wrong.append("ALLOWED_HOSTS must name the site's own names, separated by commas.")
    if wrong:
        raise ImproperlyConfigured("FIELDGUIDE_ENV is production, and this is not safe: " + " ".join(wrong))


def secrets(name: str) -> dict[str, str]:
    """What a place is opened with, by place: `place=SECRET`, separated by commas. No message shows a secret.

    Raises `ImproperlyConfigured` for a part that is none.
    """
    found = {}
    for number, part in enumerate(words(name), 1):
        place, equals, secret = part.partition("=")
        if not (equals and place.strip() and secret.strip()) or "://" in place:
            raise ImproperlyConfigured(f"Part {number} of {name} is not host=TOKEN or host/path=USER:TOKEN.")
        found[place.strip().rstrip("/")] = secret.strip()
    return found


_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def nightly(name: str, default: str) -> crontab | None:
    """A time of each day, 02:00, or of one day of the week, sunday 02:00; None for off. In UTC. Raises
    `ImproperlyConfigured` for anything else."""
    value = text(name) or default
    day, _, time = value.lower().rpartition(" ")
    hour, _, minute = time.partition(":")
    if value.lower() == "off":
        return None
    if day in ("", *_DAYS) and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60:
        return crontab(hour=int(hour), minute=int(minute), day_of_week=day or "*")
    raise ImproperlyConfigured(f"{name}={value!r} is no time. Write 02:00, sunday 02:00 or off.")
