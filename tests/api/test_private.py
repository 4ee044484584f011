"""A private source stays private: a value that only it has appears at no address that an anonymous reader may ask."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve, reverse

from detections.models import Rule, RuleLogSource, Run, Technique
from tests.api.conftest import asked_addresses
from tests.pages import rows, walk

SECRET = "zqxjk"
# Every address that a reader without an account may ask, by its name in the URL configuration, and the answer.
ASKED: dict[str, dict[str, int]] = {
    "home": {"/": 200},
    "search": {
        "/search/?q={secret}": 200, "/search/?q=team": 200, "/search/?q=rds.amazonaws.com": 200,
        "/search/?q=success+excluded:no&group=indicators": 200,
        "/search/?q=field:{secret}": 400, "/search/?q=vendor:team": 400, "/search/?q=value:*{secret}*": 200,
    },
    "api-search": {
        "/api/v1/search/": 200, "/api/v1/search/?q=rds.amazonaws.com": 200, "/api/v1/search/?q=value:*{secret}*": 200,
        "/api/v1/search/?q=field:{secret}": 400,
    },
    "search-suggest": {"/search/suggest/?q={secret}": 200, "/search/suggest/?q={secret}%20live": 200},
    "technique-list": {"/techniques/": 200},
    "technique-detail": {"/techniques/{id}/": 200, "/techniques/{id}/?subtechniques=1&equivalent=1": 200},
    "technique-rules": {"/techniques/{id}/rules/": 200},
    "technique-indicators": {"/techniques/{id}/indicators/": 200, "/techniques/{id}/indicators/?excluded=1": 200},
    "technique-indicator-rules": {
        "/techniques/{id}/indicators/{key}/rules/": 404, "/techniques/{id}/indicators/{shared}/rules/": 200,
    },
    "technique-field-rules": {"/techniques/{id}/fields/{secret}/rules/": 200},
    "technique-fields": {"/techniques/{id}/fields/": 200, "/techniques/{id}/fields/?excluded=1": 200},
    "technique-log-sources": {"/techniques/{id}/log-sources/": 200},
    "technique-log-source-rules": {
        "/techniques/{id}/log-sources/rules/?source=team&kind=dataset&name={secret}": 200,
        "/techniques/{id}/log-sources/rules/?source=elastic&kind=dataset&name=aws.cloudtrail": 200,
    },
    "technique-false-positives": {"/techniques/{id}/false-positives/": 200},
    "matrix": {
        "/matrix/": 200, "/matrix/?view=vendors": 200, "/matrix/?show=missing": 200, "/matrix/?format=csv": 200,
        "/matrix/?format=svg": 200, "/matrix/?vendor=team": 400, "/matrix/?vendor=team&format=svg": 400,
        "/matrix/?platform={secret}p": 400,
    },
    "compare": {
        "/compare/": 200, "/compare/?show=neither": 200, "/compare/?format=csv": 200,
        "/compare/?vendor=elastic&vendor=team": 400,
    },
    "rule-list": {
        "/rules/?indicator={key}": 400, "/rules/?excluded_indicator={excluded}": 400,
        "/rules/?indicator={success}": 200, "/rules/?indicator={success}&live=all": 200,
        "/rules/": 200, "/rules/?live=all": 200, "/rules/?q={secret}&live=all": 200, "/rules/?vendor=team": 400,
    },
    "rule-detail": {"/rules/team/{secret}/": 404},
    "rule-reading": {"/rules/team/{secret}/reading/": 404},
    "rule-text": {"/rules/team/{secret}/text/": 404},
    "rule-values": {"/rules/team/{secret}/values/1/": 404},
    "rule-versions": {"/rules/team/{secret}/versions/": 404},
    "field-list": {
        "/fields/": 200, "/fields/?ordering=-excluded": 200, "/fields/?q={secret}": 200, "/fields/?vendor=team": 400,
        "/fields/?platform={secret}p": 400,
    },
    "field-pipeline": {"/fields/sigma-to-ecs.yml": 200, "/fields/sigma-to-cim.yml": 200, "/fields/sigma-to-x.yml": 404},
    "field-values": {
        "/fields/{secret}/values/": 404, "/fields/Image/values/?offset=1": 200,
        "/fields/Provider_Name/values/?q={secret}": 200,
    },
    "field-detail": {"/fields/{secret}/": 404, "/fields/Image/": 200, "/fields/Provider_Name/": 200},
    "indicator-list": {
        "/indicators/": 200, "/indicators/?min_reach=1&vendor=elastic": 200, "/indicators/?q={secret}": 200,
        "/indicators/?field={secret}": 400, "/indicators/?vendor=team": 400,
    },
    "indicator-detail": {
        "/indicators/{key}/": 404, "/indicators/{shared}/": 200, "/indicators/{success}/": 200,
        "/indicators/{success}/?excluded=1": 200,
    },
    "indicator-spellings": {"/indicators/{key}/spellings/": 404, "/indicators/{shared}/spellings/": 200},
    "indicator-techniques": {"/indicators/{key}/techniques/": 404, "/indicators/{shared}/techniques/": 200},
    "exclusion-list": {
        "/exclusions/": 200, "/exclusions/?q={secret}": 200, "/exclusions/?program={secret}": 400,
        "/exclusions/?vendor=team": 400, "/exclusions/?field={secret}": 400, "/exclusions/?key={key}": 400,
    },
    "exclusion-groups": {"/exclusions/by/program/": 200, "/exclusions/by/vendor/?q={secret}": 200},
    "exclusion-rules": {"/exclusions/{key}/rules/": 404},
    "exclusion-sigma": {"/exclusions/sigma/": 200, "/exclusions/sigma/?q={secret}": 200},
    "source-list": {"/sources/": 200},
    "run-list": {"/runs/": 200},
    "run-detail": {"/runs/{run}/": 404},
    "sign-in": {"/sign-in/?next=/rules/team/": 200},
    "api-docs": {"/api/": 200},
    "api-schema": {"/api/schema/": 200},
    "api-start": {"/api/start/": 200},
    "api-swagger": {"/api/try/": 200},
    "api-technique-list": {"/api/v1/techniques/": 200, "/api/v1/techniques/?vendor=nobody": 400},
    "api-technique": {"/api/v1/techniques/{id}/": 200},
    "api-technique-guide": {
        "/api/v1/techniques/{id}/guide/": 200, "/api/v1/techniques/{id}/guide/?subtechniques=1&limit=10000": 200,
        "/api/v1/techniques/{id}/guide/?vendor=nobody&status=nothing&level=nothing&platform=nothing": 400,
    },
    "api-technique-fields": {
        "/api/v1/techniques/{id}/fields/": 200, "/api/v1/techniques/{id}/fields/?excluded=1": 200,
    },
    "api-technique-indicators": {
        "/api/v1/techniques/{id}/indicators/": 200, "/api/v1/techniques/{id}/indicators/?excluded=1&format=csv": 200,
    },
    "api-technique-log-sources": {"/api/v1/techniques/{id}/log-sources/": 200},
    "api-technique-false-positives": {"/api/v1/techniques/{id}/false-positives/": 200},
    "api-technique-rules": {
        "/api/v1/techniques/{id}/rules/?live=all": 200, "/api/v1/techniques/{id}/rules/?indicator={shared}": 200,
        "/api/v1/techniques/{id}/rules/?indicator={key}": 400, "/api/v1/techniques/{id}/rules/?field={secret}": 200,
        "/api/v1/techniques/{id}/rules/?source=team&kind=dataset&name={secret}": 200,
    },
    "api-similar-techniques": {"/api/v1/techniques/{id}/similar/": 200},
    "api-tactic-list": {"/api/v1/tactics/": 200, "/api/v1/tactics/?vendor=team": 400},
    "api-stats": {"/api/v1/stats/": 200},
    "api-parse-problems": {"/api/v1/parse-problems/": 200, "/api/v1/parse-problems/?format=ndjson": 200},
    "api-file-problems": {"/api/v1/file-problems/": 200},
    "api-unknown-techniques": {"/api/v1/unknown-techniques/": 200},
    "api-rule-predicates": {"/api/v1/rules/team/{secret}/predicates/": 404},
    "api-rule-versions": {"/api/v1/rules/team/{secret}/versions/": 404},
    "api-rule-raw": {"/api/v1/rules/team/{secret}/raw/": 404},
    "api-rule-list": {
        "/api/v1/rules/?live=all&format=csv": 200, "/api/v1/rules/?live=all&format=ndjson": 200,
        "/api/v1/rules/": 200, "/api/v1/rules/?live=all&page_size=500": 200, "/api/v1/rules/?technique={id}": 200,
        "/api/v1/rules/?vendor=team": 400, "/api/v1/rules/?status={secret}s": 400,
    },
    "api-rule": {"/api/v1/rules/team/{secret}/": 404},
    "api-similar-rules": {"/api/v1/rules/elastic/snapshot/similar/": 200, "/api/v1/rules/team/{secret}/similar/": 404},
    "api-indicator-list": {
        "/api/v1/indicators/": 200, "/api/v1/indicators/?q={secret}": 200,
        "/api/v1/indicators/?vendor=team": 400, "/api/v1/indicators/?field={secret}": 400,
    },
    "api-indicator": {
        "/api/v1/indicators/{key}/": 404, "/api/v1/indicators/{shared}/": 200, "/api/v1/indicators/{success}/": 200,
    },
    "api-indicator-rules": {
        "/api/v1/indicators/{key}/rules/": 404, "/api/v1/indicators/{success}/rules/": 200,
        "/api/v1/indicators/{success}/rules/?excluded=1&live=all": 200,
    },
    "api-indicator-equivalents": {
        "/api/v1/indicators/{key}/equivalents/": 404, "/api/v1/indicators/{shared}/equivalents/": 200,
    },
    "api-indicator-variants": {
        "/api/v1/indicators/{key}/variants/": 404, "/api/v1/indicators/{success}/variants/": 200,
    },
    "api-indicator-vendors": {
        "/api/v1/indicators/{key}/vendors/": 404, "/api/v1/indicators/{success}/vendors/": 200,
    },
    "api-indicator-techniques": {
        "/api/v1/indicators/{key}/techniques/": 404, "/api/v1/indicators/{success}/techniques/": 200,
    },
    "api-indicator-together": {
        "/api/v1/indicators/{key}/together/": 404, "/api/v1/indicators/{success}/together/": 200,
    },
    "api-matrix": {"/api/v1/matrix/": 200, "/api/v1/matrix/?vendor=team": 400},
    "api-navigator-layer": {"/api/v1/navigator-layer/": 200, "/api/v1/navigator-layer/?vendor=team": 400},
    "api-compare": {"/api/v1/compare/": 200, "/api/v1/compare/?vendor=team": 400},
    "api-field-list": {"/api/v1/fields/": 200, "/api/v1/fields/?q={secret}": 200, "/api/v1/fields/?vendor=team": 400},
    "api-field": {"/api/v1/fields/{secret}/": 404, "/api/v1/fields/Image/": 200},
    "api-field-aliases": {"/api/v1/fields/{secret}/aliases/": 404, "/api/v1/fields/Image/aliases/": 200},
    "api-field-values": {
        "/api/v1/fields/{secret}/values/": 404, "/api/v1/fields/Image/values/": 200,
        "/api/v1/fields/Provider_Name/values/?q={secret}": 200,
    },
    "api-field-techniques": {
        "/api/v1/fields/{secret}/techniques/": 404, "/api/v1/fields/Image/techniques/": 200,
    },
    "api-field-log-sources": {
        "/api/v1/fields/{secret}/log-sources/": 404, "/api/v1/fields/Provider_Name/log-sources/": 200,
    },
    "api-exclusion-groups": {
        "/api/v1/exclusions/by/program/": 200, "/api/v1/exclusions/by/vendor/?format=csv": 200,
        "/api/v1/exclusions/by/field/?vendor=team": 400, "/api/v1/exclusions/by/colour/": 404,
    },
    "api-exclusion-list": {
        "/api/v1/exclusions/": 200, "/api/v1/exclusions/?format=csv": 200, "/api/v1/exclusions/?q={secret}": 200,
        "/api/v1/exclusions/?program={secret}": 400,
    },
    "api-source-list": {"/api/v1/sources/": 200},
    "api-run-list": {
        "/api/v1/runs/": 200, "/api/v1/runs/?format=csv": 200, "/api/v1/runs/?source=team": 400,
    },
    "api-run": {"/api/v1/runs/{run}/": 404},
    "api-run-cancel": {"/api/v1/runs/{run}/cancel/": 405},
    "api-alias-list": {"/api/v1/aliases/": 401},
    "api-rule-retire": {"/api/v1/rules/team/{secret}/retire/": 405},
    "api-rule-revive": {"/api/v1/rules/team/{secret}/revive/": 405},
    "api-attack": {"/api/v1/attack/": 200},
}  # fmt: skip
# Pages and buttons that send whoever has no account to sign in, before anything is looked up.
FOR_STAFF = {
    "rule-edit", "rule-diverged", "rule-new", "rule-restore", "rule-retire", "rule-revive", "draft-list", "draft-drop",
    "diverged-list", "rule-upload", "source-new", "name-list", "alias-edit", "field-edit", "field-merge",
    "source-sync", "run-sync", "run-recompute", "run-refresh-search", "run-cancel", "run-again",
    "token-list", "token-revoke",
}  # fmt: skip
EXCUSED = {"sign-out": "It ends a session and shows nothing."}


@pytest.fixture
def addresses(snapshot: Technique) -> dict[str, int]:
    """Every address, with a private rule behind it that would say the secret word in each of its parts."""
    team = rows.source("team", public=False, name=f"Team {SECRET}")
    for title, lifecycle, own_id in (("live", "live", SECRET), ("old", "retired", f"{SECRET}2")):
        rule = rows.rule(
            f"{SECRET} {title}", [snapshot],
            [
                (SECRET, "eq", [SECRET], False),
                ("event.outcome", "eq", ["success"], False),
                ("event.outcome", "eq", [f"success of {SECRET}"], False),
                ("event.outcome", "contains", ["cce"], False),
                ("Image", "eq", [f"c:\\{SECRET}.exe"], True),
            ],
            at=team, own_id=own_id, lifecycle=lifecycle, status=f"{SECRET}s", level=f"{SECRET}l",
            platforms=[f"{SECRET}p"], domains=[f"{SECRET}d"], false_positives=[SECRET], language=SECRET[:5],
            parse="partial",
        )  # fmt: skip
        RuleLogSource.objects.create(rule=rule, kind="dataset", name=SECRET)
    # Only private rules write this spelling, and they are the majority.
    for number in range(4):
        rows.rule(f"{SECRET} {number}", [snapshot], [("Provider_Name", "eq", ["RDS.AMAZONAWS.COM"], False)], at=team)
    rows.counted()
    run = Run.objects.create(kind="sync_source", source=team, message=SECRET, state="failed")
    known = {
        "id": "T1578.001", "run": run.pk, "secret": SECRET, "key": rows.key(SECRET, "eq", SECRET),
        "shared": rows.key("Provider_Name", "eq", "rds.amazonaws.com"),
        "success": rows.key("event.outcome", "eq", "success"),
        "excluded": rows.key("Image", "eq", f"c:\\{SECRET}.exe"),
    }  # fmt: skip
    asked = [(name, path.format(**known), status) for name, paths in ASKED.items() for path, status in paths.items()]
    assert [path for name, path, _ in asked if resolve(urlsplit(path).path).url_name != name] == []
    return {path: status for _, path, status in asked}


def test_every_address_is_asked_or_excused() -> None:
    told = set(ASKED) | FOR_STAFF | set(EXCUSED)
    missing, gone = walk.configured() - told, told - walk.configured()
    assert not missing, (
        f"Nothing here asks {', '.join(sorted(missing))}. Add to ASKED the addresses that an anonymous reader may "
        "open, of the private rule too; to FOR_STAFF what wants an account; or to EXCUSED, with the reason."
    )
    assert not gone, f"{', '.join(sorted(gone))} is no longer in the URL configuration."


def test_what_is_for_staff_is_told_to_nobody_else(client: Client, addresses: dict[str, int]) -> None:
    for name in FOR_STAFF:
        arguments = dict(walk.EVERYTHING[name].arguments)
        if "own_id" in arguments:
            arguments |= {"source": "team", "own_id": SECRET}
        elif "slug" in arguments:
            arguments["slug"] = "team"
        address = reverse(name, kwargs=arguments)
        opened, sent = client.get(address), client.post(address, {"reason": "x"})
        assert opened.status_code == 302 and opened.headers["Location"].startswith(reverse("sign-in")), name
        assert sent.status_code == 401, name
        assert SECRET not in sent.content.decode().replace(f"/rules/team/{SECRET}/", ""), name


def test_an_anonymous_reader_never_meets_it(client: Client, addresses: dict[str, int]) -> None:
    assert Rule.objects.filter(source__slug="team").count() == 6
    for address, status in addresses.items():
        response = client.get(address)
        assert response.status_code == status, address
        said = b"".join(response).decode()
        assert SECRET in address or SECRET not in said, address
        assert "RDS.AMAZONAWS.COM" not in said, address
        assert f"Team {SECRET}" not in said and f"{SECRET}.exe" not in said, address


def test_no_answer_of_the_schema_tells_it_whatever_is_asked(client: Client, addresses: dict[str, int]) -> None:
    """Every path of the schema with every parameter, given what is close to a secret word but none."""
    told_of = asked_addresses(client)
    close = SECRET[:-1]
    asked = 0
    for address, operation in told_of.items():
        told = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        for query in ({}, *({name: close} for name in told), {"subtechniques": "1"}, {"live": "all"}, {"live": "no"}):
            response = client.get(address, query)
            assert response.status_code in (200, 400), (address, query)
            said = b"".join(response).decode()
            assert SECRET not in said and "RDS.AMAZONAWS.COM" not in said, (address, query)
            assert "team" not in said.casefold(), (address, query)
            asked += 1
    assert len(told_of) >= 25 and asked > 250


def test_a_private_address_answers_like_one_that_does_not_exist(client: Client, addresses: dict[str, int]) -> None:
    one = client.get(f"/api/v1/rules/team/{SECRET}/").json()["detail"].replace(SECRET, "").replace("team", "")
    other = client.get("/api/v1/rules/void/nothing/").json()["detail"].replace("nothing", "").replace("void", "")
    assert one == other


def test_a_member_meets_it(client: Client, addresses: dict[str, int]) -> None:
    client.force_login(User.objects.create_user("reader"))
    guide = client.get("/api/v1/techniques/T1578.001/guide/").json()
    assert "team" in [group["vendor"] for group in guide["vendors"]]
    provider = next(row for row in guide["indicators"] if row["field"] == "Provider_Name")
    assert (provider["value"], provider["rules"]) == ("RDS.AMAZONAWS.COM", 5)
    assert client.get(f"/api/v1/rules/team/{SECRET}/").json()["query"]
    assert client.get("/api/v1/rules/?vendor=team").json()["count"] == 5
