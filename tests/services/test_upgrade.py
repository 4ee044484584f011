"""A catalog of the previous version is carried forward by the migrations, and shows the same guide.

`previous/` holds what version 0.1.0 had in its database after `first_catalog --starter` (`dumpdata detections`, without
the techniques that no rule names), and what its API answered for two techniques.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.services.processes import ROOT, manage

PREVIOUS = Path(__file__).resolve().parent / "previous"
GUIDES = json.loads((PREVIOUS / "guides-0.1.0.json").read_text())
STARTER = ROOT / "detections" / "starter" / "sigma"
# In one process: the previous version's tables, its rows, the migrations since, then what a site does with them.
_UPGRADE = f"""
import gzip, json
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.test import Client

def load(models, row):
    model = models.get_model(row["model"])
    values, links = {{model._meta.pk.attname: row["pk"]}}, {{}}
    for name, value in row["fields"].items():
        field = model._meta.get_field(name)
        if field.many_to_many:
            links[name] = value
        else:
            values[field.attname] = field.to_python(value)
    one = model(**values)
    one.save_base(raw=True, force_insert=True)
    for name, value in links.items():
        getattr(one, name).set(value)
    return model

def tell(what):
    from detections.models import Rule, Run
    guides = {{one: Client().get(f"/api/v1/techniques/{{one}}/guide/", headers={{"host": "localhost"}}).json()
              for one in {list(GUIDES)!r}}}
    last = Run.objects.order_by("-id").values_list("kind", "state", "counts").first()
    print(json.dumps({{"after": what, "guides": guides, "rules": Rule.objects.count(), "last": last}}))

call_command("migrate", "detections", "0001_initial", verbosity=0)
models = MigrationLoader(connection).project_state(("detections", "0001_initial")).apps
with transaction.atomic(), gzip.open({str(PREVIOUS / "catalog-0.1.0.json.gz")!r}) as file:
    loaded = {{load(models, row) for row in json.load(file)}}
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(loaded)):
            cursor.execute(statement)
call_command("migrate", verbosity=0)
tell("migrate")
call_command("recompute")
tell("recompute")
call_command("sync_rules", "sigma", {str(STARTER)!r})
tell("sync")
"""


def test_a_catalog_of_the_previous_version_shows_the_same_guide_and_goes_on(empty: dict[str, str]) -> None:
    said = manage("shell", "--no-imports", "-c", _UPGRADE, env=empty).stdout.splitlines()
    told = {answer["after"]: answer for answer in (json.loads(line) for line in said if line.startswith('{"after"'))}
    assert list(told) == ["migrate", "recompute", "sync"]
    for after in ("migrate", "recompute"):
        guides = told[after]["guides"]
        assert {one: _as_before(guides[one], GUIDES[one]) for one in GUIDES} == GUIDES, after
        assert told[after]["rules"] == 85
    kind, state, counts = told["recompute"]["last"]
    assert (kind, state, counts["mended"]) == ("recompute", "succeeded", 0)
    kind, state, counts = told["sync"]["last"]
    assert (kind, state, counts["added"], counts["retired"]) == ("sync_source", "succeeded", 0, 0)
    assert told["sync"]["rules"] == 85  # each was found again, none came twice


def _as_before(answer: Any, before: Any) -> Any:
    """An answer without what has been added to it since: keys, at any depth, that the answer of then had not."""
    if isinstance(before, dict):
        return {key: _as_before(answer[key], value) for key, value in before.items()}
    if isinstance(before, list) and len(before) == len(answer):
        return [_as_before(*pair) for pair in zip(answer, before, strict=True)]
    return answer
