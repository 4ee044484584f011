"""The first catalog: named checkouts, else clones of the public repositories, else the starter corpus."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from detections.documents.problem import UnreadableError
from detections.importing.git import Hear, ask, bring
from detections.importing.repository import Repository, published_by
from detections.importing.runs import RunError, perform, request_attack, request_sync
from detections.importing.sources import configure
from detections.importing.sync import Progress
from detections.models import Generation
from detections.vendors import VENDORS

ATTACK_ADDRESS = (
    "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master/enterprise-attack/enterprise-attack.json"
)
STARTER = Path(__file__).resolve().parent.parent / "starter"
PROBE_SECONDS = 15  # for all addresses together

Say = Callable[[str], None]
Bar = Callable[[str], "Progress | None"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a first catalog comes from: a checkout for each vendor, an ATT&CK bundle, and how to say it.

    `cloned` says that the checkouts are clones of the vendors' own repositories, which later syncs fetch again.
    """

    sources: Mapping[str, str]
    attack: str
    said: str
    starter: bool = False
    cloned: bool = False


def named(sources: Mapping[str, str], attack: str) -> Origin | None:
    """The checkouts and the bundle that the settings name; the starter's ATT&CK facts where no bundle is named."""
    if not sources and not attack:
        return None
    which = ", ".join(sources) or "no rules"
    bundle = attack or str(STARTER / "attack.json")
    facts = "" if attack else "; ATT&CK facts from the starter corpus"
    return Origin(dict(sources), bundle, f"local checkouts ({which}){facts}")


def starter() -> Origin:
    """The corpus that comes with the product."""
    return Origin(
        {slug: str(STARTER / slug) for slug in VENDORS},
        str(STARTER / "attack.json"),
        "the starter corpus that comes with Fieldguide",
        starter=True,
    )


def published(folder: Path, say: Say, hear: Hear = lambda arrived: None) -> Origin | None:
    """Shallow, sparse clones of the public repositories in `folder`; None when they are not to be had."""
    repositories = {slug: published_by(vendor) for slug, vendor in VENDORS.items()}
    say(f"Asking the public repositories (for at most {PROBE_SECONDS} seconds) ...")
    if silent := _silent(list(repositories.values())):
        say(silent)
        return None
    sources = {}
    for slug, repository in repositories.items():
        say(f"Cloning {repository.url} ...")
        try:
            sources[slug] = str(bring(repository, folder / slug, hear))
        except UnreadableError as error:
            say(str(error.problem))
            return None
    return Origin(sources, ATTACK_ADDRESS, "the public repositories of SigmaHQ, Elastic and Splunk", cloned=True)


def load(origin: Origin, say: Say, bar: Bar) -> None:
    """ATT&CK, then each vendor's rules; last the catalog says where it comes from. Raises `RunError`."""
    say(f"ATT&CK from {origin.attack}")
    perform(request_attack(origin.attack))
    for slug, path in origin.sources.items():
        begun = time.monotonic()
        counts = perform(request_sync(slug, path, starter=origin.starter), bar(f"{VENDORS[slug].name}"))
        if origin.cloned:
            configure(slug)
        say(f"{VENDORS[slug].name}: {counts['added']:,} rules from {path} in {time.monotonic() - begun:.1f} s")
    Generation.objects.filter(pk=Generation.objects.current().pk).update(origin=origin.said[:400])
    Generation.objects.bump()


def parse_sources(text: str) -> dict[str, str]:
    """`sigma=PATH,elastic=PATH` as a mapping. Raises `RunError` for an unknown vendor or a missing path."""
    sources = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        slug, equals, path = part.partition("=")
        if not equals or not path or slug not in VENDORS:
            raise RunError(
                f"FIELDGUIDE_SOURCES holds {part!r}. Write vendor=PATH with one of {', '.join(VENDORS)}, "
                "several separated by commas."
            )
        sources[slug] = path
    return sources


def _silent(repositories: list[Repository]) -> str:
    """What the first of the addresses says that does not answer; "" when all do. All are asked together."""
    until = time.monotonic() + PROBE_SECONDS
    probes = [lambda asked=repository: _unanswered(asked, until) for repository in repositories]
    probes.append(lambda: "" if _address_answers(ATTACK_ADDRESS, until) else f"{ATTACK_ADDRESS} does not answer.")
    with ThreadPoolExecutor(len(probes)) as pool:
        return next(filter(None, pool.map(lambda probe: probe(), probes)), "")


def _unanswered(repository: Repository, until: float) -> str:
    try:
        ask(repository, max(0.1, until - time.monotonic()))
    except UnreadableError as error:
        return str(error.problem)
    return ""


def _address_answers(url: str, until: float) -> bool:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 the address is ours
    try:
        with urllib.request.urlopen(request, timeout=max(0.1, until - time.monotonic())) as response:  # noqa: S310
            return int(response.status) < 400
    except (OSError, urllib.error.URLError):
        return False
