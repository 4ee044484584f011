"""Sources as rows: made when they are named for the first time, and told which repository git fetches them from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from detections.documents.problem import Problem, UnreadableError
from detections.importing.git import Hear, fetch
from detections.importing.repository import checked_branch, checked_url
from detections.models import Generation, Source
from detections.statistics.recomputation import recompute
from detections.vendors import VENDORS
from detections.vendors.vendor import Vendor

STARTER_LICENCE = "Apache-2.0"


def source_for(vendor: str, slug: str = "", *, name: str = "", public: bool = True, starter: bool = False) -> Source:
    """The source of a slug, made when it is new. Raises `UnreadableError`.

    `slug` is the vendor's unless the rules are a team's own; `starter` says that they are the product's own, until the
    vendor's take their place.
    """
    source = _known(vendor, slug or vendor)
    told = _told(source.vendor, source.slug, name, starter)
    if source.pk is None:
        source.public = public
        _save(source, told)
    elif source.slug == vendor and source.repository != told["repository"]:
        _save(source, told)
    return source


@transaction.atomic
def configure(
    vendor: str, url: str = "", *, branch: str = "", slug: str = "", name: str = "", public: bool | None = None
) -> Source:
    """Name the repository that git fetches a source from, which is made when it is new. Raises `UnreadableError`.

    Without `url` it is the vendor's own public one, without `branch` the repository's default. `public` None leaves an
    old source as it is; a new one is public.
    """
    source = _known(vendor, slug or vendor)
    own = VENDORS[vendor]
    if not url and source.slug != vendor:
        raise UnreadableError(
            Problem(f"The source {source.slug!r} is no vendor's. Name the address of its repository.")
        )
    changes: dict[str, Any] = _told(vendor, source.slug, name, False) if source.pk is None else {}
    changes["clone_url"] = checked_url(url or own.repository)
    changes["branch"] = checked_branch(branch or ("" if url else own.branch))
    if name:
        changes["name"] = name
    hidden = source.pk is not None and public not in (None, source.public)
    if public is not None:
        changes["public"] = public
    _save(source, changes)
    count_again(hidden)
    return source


def checkout_of(source: Source, options: dict[str, Any], hear: Hear) -> Path:
    """The folder that a sync reads: the one that its run names, else the clone, fetched now. Raises `UnreadableError`.

    Once the vendor's repository is there, its rules take the starter's place.
    """
    if "path" in options:
        return Path(options["path"])
    root = fetch(source, hear)
    if source.slug == source.vendor:
        source_for(source.vendor)
    return root


def count_again(public_changed: bool) -> None:
    """What follows a change of a source: whether it is public decides copies and public reach."""
    if public_changed:
        recompute(expected=True)
    else:
        Generation.objects.bump()


def _known(vendor: str, slug: str) -> Source:
    """The source of a slug; a new one that is not yet stored when there is none."""
    if vendor not in VENDORS:
        raise UnreadableError(Problem(f"{vendor!r} is no vendor. Choose one of: {', '.join(VENDORS)}."))
    source = Source.objects.filter(slug=slug).first() or Source(slug=slug, vendor=vendor)
    if source.vendor != vendor:
        raise UnreadableError(
            Problem(f"The source {slug!r} holds rules in the format of {source.vendor}, not of {vendor}.")
        )
    return source


def _told(vendor: str, slug: str, name: str, starter: bool) -> dict[str, str]:
    """A source's name, licence and repository: the vendor's own, the starter corpus's, or a team's."""
    row: Vendor = VENDORS[vendor]
    if starter:
        return {"name": f"Starter ({row.name})", "licence": STARTER_LICENCE, "repository": ""}
    if slug == vendor:
        return {"name": name or row.name, "licence": row.licence, "repository": row.repository}
    return {"name": name or slug, "licence": "", "repository": ""}


def _save(source: Source, changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        setattr(source, field, value)
    try:
        source.full_clean()
    except ValidationError as error:
        told = " ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        raise UnreadableError(Problem(f"The source {source.slug!r} cannot be stored. {told}")) from error
    try:
        with transaction.atomic():
            source.save(update_fields=list(changes) if source.pk else None)
    except IntegrityError as error:
        raise UnreadableError(Problem(f"The source {source.slug!r} was made by somebody else just now.")) from error
