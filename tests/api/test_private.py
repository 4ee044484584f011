"""A private source stays private: a value that only it has appears at no address that an anonymous reader may ask."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Rule, RuleLogSource, Technique
from tests.pages import rows

SECRET = "zqxjk"
OPEN = [
    "/", "/techniques/", "/techniques/{id}/", "/techniques/{id}/?subtechniques=1", "/rules/", "/rules/?live=all",
    "/rules/?q={secret}&live=all", "/sources/", "/techniques/{id}/indicators/", "/indicators/{shared}/",
    "/techniques/{id}/fields/{secret}/rules/",
    "/api/v1/techniques/", "/api/v1/techniques/{id}/",
    "/api/v1/techniques/{id}/guide/", "/api/v1/techniques/{id}/guide/?subtechniques=1&limit=10000",
    "/api/v1/rules/", "/api/v1/rules/?live=all&page_size=500", "/api/v1/rules/?technique={id}",
    "/api/v1/sources/", "/api/v1/attack/", "/api/schema/", "/api/",
    "/matrix/", "/matrix/?view=vendors", "/matrix/?show=missing", "/matrix/?format=csv", "/matrix/?format=svg",
    "/compare/", "/compare/?show=neither", "/compare/?format=csv",
    "/api/v1/matrix/", "/api/v1/navigator-layer/", "/api/v1/compare/",
]  # fmt: skip
REFUSED = {
    "/techniques/{id}/indicators/{key}/rules/": 404,
    "/indicators/{key}/": 404,
    "/rules/team/{secret}/": 404,
    "/rules/team/{secret}/reading/": 404,
    "/api/v1/rules/team/{secret}/": 404,
    "/api/v1/rules/?vendor=team": 400,
    "/api/v1/rules/?status={secret}s": 400,
    "/rules/?vendor=team": 400,
    "/matrix/?vendor=team": 400,
    "/matrix/?vendor=team&format=svg": 400,
    "/matrix/?platform={secret}p": 400,
    "/compare/?vendor=elastic&vendor=team": 400,
    "/api/v1/matrix/?vendor=team": 400,
    "/api/v1/navigator-layer/?vendor=team": 400,
    "/api/v1/compare/?vendor=team": 400,
    "/api/v1/techniques/?vendor=nobody": 400,
    "/api/v1/techniques/{id}/guide/?vendor=nobody&status=nothing&level=nothing&platform=nothing": 400,
}


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
    known = {
        "id": "T1578.001", "secret": SECRET, "key": rows.key(SECRET, "eq", SECRET),
        "shared": rows.key("Provider_Name", "eq", "rds.amazonaws.com"),
    }  # fmt: skip
    return {path.format(**known): status for path, status in (dict.fromkeys(OPEN, 200) | REFUSED).items()}


def test_an_anonymous_reader_never_meets_it(client: Client, addresses: dict[str, int]) -> None:
    assert Rule.objects.filter(source__slug="team").count() == 6
    for address, status in addresses.items():
        response = client.get(address)
        assert response.status_code == status, address
        said = response.content.decode()
        assert SECRET in address or SECRET not in said, address
        assert "RDS.AMAZONAWS.COM" not in said, address
        assert f"Team {SECRET}" not in said and f"{SECRET}.exe" not in said, address


def test_no_answer_of_the_schema_tells_it_whatever_is_asked(client: Client, addresses: dict[str, int]) -> None:
    """Every path of the schema with every parameter, given what is close to a secret word but none."""
    paths = client.get("/api/schema/?format=json").json()["paths"]
    close = SECRET[:-1]
    asked = 0
    for path, methods in paths.items():
        address = path.format(attack_id="T1578.001", source="elastic", own_id="snapshot")
        told = [one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query"]
        for query in ({}, *({name: close} for name in told), {"subtechniques": "1"}, {"live": "all"}, {"live": "no"}):
            response = client.get(address, query)
            assert response.status_code in (200, 400), (address, query)
            said = response.content.decode()
            assert SECRET not in said and "RDS.AMAZONAWS.COM" not in said, (address, query)
            assert "team" not in said.casefold(), (address, query)
            asked += 1
    assert len(paths) >= 10 and asked > 80


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
