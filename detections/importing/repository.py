"""A repository that git fetches rules from: which addresses are allowed, and what opens the private ones."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from detections.documents.problem import Problem, UnreadableError
from detections.models import Source
from detections.vendors import VENDORS
from detections.vendors.vendor import Vendor

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_HTTPS = re.compile(rf"https://{_HOST}(?::\d+)?/[^?#]+")
_SSH = re.compile(rf"ssh://(?:[A-Za-z0-9_][\w.-]*@)?{_HOST}(?::\d+)?/[^?#]+")
_SHORT_SSH = re.compile(rf"[A-Za-z0-9_][\w.-]*@{_HOST}:(?![-:/])[^?#]+")  # git@host:team/rules.git
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")
_BRANCH = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)))[^\s\x00-\x1f\x7f~^:?*\[\\]+(?<![/.])")
ALLOWED = "Write https://host/path, ssh://user@host/path, user@host:path, or the whole path of a folder."


@dataclass(frozen=True, slots=True)
class Repository:
    """What git fetches: a checked address, a branch ("" is the repository's own default) and patterns of what is
    checked out, in the words of a sparse checkout."""

    url: str
    branch: str
    patterns: tuple[str, ...]

    @property
    def protocol(self) -> str:
        """The one protocol that git may speak."""
        if self.url.startswith("https://"):
            return "https"
        return "file" if self.url.startswith("/") else "ssh"

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}" if self.branch else "HEAD"


def repository_of(source: Source) -> Repository:
    """The repository that a source names. Raises `UnreadableError` for one that may not be fetched."""
    if not source.clone_url:
        raise UnreadableError(
            Problem(f"The source {source.slug!r} names no repository. `manage.py configure_source` names one.")
        )
    vendor = VENDORS[source.vendor]
    return Repository(checked_url(source.clone_url), checked_branch(source.branch), patterns_of(vendor))


def published_by(vendor: Vendor) -> Repository:
    """A vendor's own public repository."""
    return Repository(vendor.repository, vendor.branch, patterns_of(vendor))


def patterns_of(vendor: Vendor) -> tuple[str, ...]:
    """All that can be a rule of a vendor's format or is read with one: its folders, those that begin alike, extras."""
    alike = (f"/{name}/" for folder in vendor.folders for name in (folder, f"{folder}-*"))
    return (*alike, *(f"/{folder}/" for folder in vendor.extra_folders))


def checked_url(text: str) -> str:
    """An address that git may fetch from. Raises `UnreadableError` that says what is wrong, without its secrets."""
    url = text.strip()
    if url.startswith("/"):
        return _checked_path(url)
    if re.match(r"https://[^/]*@|ssh://[^/@]*:[^/]*@", url):
        raise UnreadableError(
            Problem(
                "An address holds no user name or password: they would be stored and shown. Leave them out and name "
                "the token in FIELDGUIDE_GIT_TOKENS."
            )
        )
    if _UNSAFE.search(url) or not any(shape.fullmatch(url) for shape in (_HTTPS, _SSH, _SHORT_SSH)):
        raise UnreadableError(Problem(f"{_shown(url)} is no address to fetch from. {ALLOWED}"))
    if {".", ".."}.intersection(re.split("[/:]", unquote(url))):  # a token for one path would be sent to another
        raise UnreadableError(Problem(f"{_shown(url)} goes up with '..' or stays with '.'. Write the plain path."))
    return url


def checked_branch(text: str) -> str:
    """The name of a branch; "" is the default one. Raises `UnreadableError`."""
    branch = text.strip()
    if branch and not _BRANCH.fullmatch(branch):
        raise UnreadableError(Problem(f"{branch[:100]!r} is no name of a branch."))
    return branch


def authorization(url: str) -> str:
    """The header that opens an https repository; "" for one that no token is named for.

    A token is bound to a host, or to a path on it, so that a source that is told another address cannot carry it away.
    The longest one that fits is taken. A token without a user name gets one that every host takes.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return ""
    address = f"{parts.netloc.lower()}{parts.path}/"
    tokens = settings.FIELDGUIDE_GIT_TOKENS
    fitting = [place for place in tokens if address.startswith(f"{_with_lower_host(place)}/")]
    if not fitting:
        return ""
    token = tokens[max(fitting, key=len)]
    user = token if ":" in token else f"x-access-token:{token}"
    return f"Authorization: Basic {base64.b64encode(user.encode()).decode()}"


def _checked_path(text: str) -> str:
    if not settings.FIELDGUIDE_LOCAL_ROOT:
        raise UnreadableError(
            Problem("Repositories on this machine are not allowed. Set FIELDGUIDE_LOCAL_ROOT to the folder above them.")
        )
    root = Path(settings.FIELDGUIDE_LOCAL_ROOT).resolve()
    try:
        path = Path(text).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise UnreadableError(Problem("The path cannot be followed.", text[:200])) from error
    if not path.is_relative_to(root) or "\n" in text:
        raise UnreadableError(Problem(f"Repositories on this machine must lie below {root}.", text[:200]))
    return str(path)


def _with_lower_host(place: str) -> str:
    host, slash, path = place.partition("/")
    return host.lower() + slash + path


def _shown(url: str) -> str:
    """An address for a message: short, and without what may be a secret."""
    return repr(re.sub(r".*@|[?#].*", "***", url, flags=re.DOTALL)[:120])
