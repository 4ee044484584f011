"""Settings from the environment. A value that cannot be used stops the start with the variable's name."""

import os

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


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
