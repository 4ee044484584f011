"""The first catalog: named checkouts, else clones of the public repositories, else the starter corpus."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from detections.importing.runs import RunError, perform, request_attack, request_sync
from detections.importing.sync import Progress
from detections.models import Generation
from detections.vendors import VENDORS

ATTACK_ADDRESS = (
    "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master/enterprise-attack/enterprise-attack.json"
)
STARTER = Path(__file__).resolve().parent.parent / "starter"
PROBE_SECONDS = 15  # for all addresses together
SILENCE_SECONDS = 30  # a clone is given up when nothing arrives for so long

Say = Callable[[str], None]
Bar = Callable[[str], "Progress | None"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a first catalog comes from: a checkout for each vendor, an ATT&CK bundle, and how to say it."""

    sources: Mapping[str, str]
    attack: str
    said: str
    starter: bool = False


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


def published(folder: Path, say: Say) -> Origin | None:
    """Shallow, sparse clones of the public repositories in `folder`; None when they are not to be had."""
    if shutil.which("git") is None:
        say("git is not installed, so the public repositories cannot be cloned.")
        return None
    say(f"Asking the public repositories (for at most {PROBE_SECONDS} seconds) ...")
    if not _all_answer():
        say("They do not answer.")
        return None
    sources = {}
    for slug, vendor in VENDORS.items():
        target = folder / slug
        say(f"Cloning {vendor.repository} ...")
        if not _cloned(vendor.repository, vendor.branch, [*vendor.folders, *vendor.extra_folders], target):
            say(f"The clone of {vendor.repository} stopped; nothing arrived for {SILENCE_SECONDS} seconds.")
            return None
        sources[slug] = str(target)
    return Origin(sources, ATTACK_ADDRESS, "the public repositories of SigmaHQ, Elastic and Splunk")


def load(origin: Origin, say: Say, bar: Bar) -> None:
    """ATT&CK, then each vendor's rules; last the catalog says where it comes from. Raises `RunError`."""
    say(f"ATT&CK from {origin.attack}")
    perform(request_attack(origin.attack))
    for slug, path in origin.sources.items():
        begun = time.monotonic()
        counts = perform(request_sync(slug, path, starter=origin.starter), bar(f"{VENDORS[slug].name}"))
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


def _all_answer() -> bool:
    until = time.monotonic() + PROBE_SECONDS
    probes = [lambda url=vendor.repository: _repository_answers(url, until) for vendor in VENDORS.values()]
    probes.append(lambda: _address_answers(ATTACK_ADDRESS, until))
    with ThreadPoolExecutor(len(probes)) as pool:
        return all(list(pool.map(lambda probe: probe(), probes)))


def _repository_answers(url: str, until: float) -> bool:
    try:
        done = subprocess.run(
            ["git", "ls-remote", "--exit-code", url, "HEAD"],
            capture_output=True,
            timeout=max(0.1, until - time.monotonic()),
            env=_quiet_git(),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return done.returncode == 0


def _address_answers(url: str, until: float) -> bool:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 the address is ours
    try:
        with urllib.request.urlopen(request, timeout=max(0.1, until - time.monotonic())) as response:  # noqa: S310
            return int(response.status) < 400
    except (OSError, urllib.error.URLError):
        return False


def _cloned(url: str, branch: str, folders: list[str], target: Path) -> bool:
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    patience = ["-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={SILENCE_SECONDS}"]
    clone = ["git", *patience, "clone", "--progress", "--depth", "1", "--filter=blob:none", "--sparse"]
    steps = (
        [*clone, "--branch", branch, url, str(target)],
        ["git", *patience, "-C", str(target), "sparse-checkout", "set", *folders],
    )
    for step in steps:
        if subprocess.run(step, env=_quiet_git(), stdin=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    return True


def _quiet_git() -> dict[str, str]:
    """The environment in which git never asks for a password."""
    return os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}
