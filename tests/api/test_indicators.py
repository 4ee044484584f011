"""Indicators through the API: the same figures as on the pages."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Technique
from tests.api.test_guide import answer
from tests.pages import rows
from tests.pages.test_indicators import SUCCESS, TOOL, listed, section, tools  # noqa: F401 the fixture
from tests.pages.test_lists import titles
from tests.pages.test_techniques import page, text

INDICATORS = "/api/v1/indicators/"


def test_the_list_says_what_the_page_says(client: Client, tools: Technique) -> None:  # noqa: F811
    found = answer(client, INDICATORS)
    shown = [
        [row["field"], row["operator"], row["value"], str(row["reach"] or ""), str(row["excluded_reach"] or "")]
        for row in found["results"]
    ]
    page_rows = [[field.removesuffix(" scope"), *row] for field, *row in listed(page(client, "/indicators/"))]
    assert shown == page_rows and found["count"] == len(shown) == 10
    assert found["results"][2] == {
        "id": TOOL, "field": "Image", "operator": "endswith", "value": "\\tool.exe", "role": "filter", "reach": 2,
        "excluded_reach": 1, "url": f"/indicators/{TOOL}/",
    }  # fmt: skip


def test_one_says_what_its_page_says(client: Client, tools: Technique) -> None:  # noqa: F811
    found, html = answer(client, f"{INDICATORS}{TOOL}/"), page(client, f"/indicators/{TOOL}/")
    said = text(html)
    assert f"Checked by {found['reach']} rules" in said and f"Excluded by {found['excluded_reach']} rule" in said
    assert f"Equivalent reach {found['equivalent_reach']} rules" in said
    assert [(row["vendor"], row["rules"], row["excluded"]) for row in found["vendors"]] == [
        ("elastic", 1, 1), ("sigma", 1, 0),
    ]  # fmt: skip
    assert [(row["attack_id"], row["rules"], row["excluded"]) for row in found["techniques"]] == [
        ("T1578.001", 1, 1), ("T1059", 1, 0),
    ]  # fmt: skip
    for row in found["techniques"]:
        assert row["attack_id"] in section(html, "techniques")
    shown = re.findall(rf"indicator={TOOL}&amp;indicator=(\w+)\"[^>]*>(\d+)<", html)
    assert [(row["id"], str(row["rules"])) for row in found["together"]] == shown
    scope = answer(client, f"{INDICATORS}{rows.key('event.dataset', 'eq', 'aws.cloudtrail')}/")
    assert (scope["role"], scope["equivalent_reach"], scope["reach"]) == ("scope", None, 1)


def test_each_table_of_its_page_is_a_list(client: Client, tools: Technique) -> None:  # noqa: F811
    for key in (TOOL, SUCCESS):
        one = answer(client, f"{INDICATORS}{key}/")
        for part in ("vendors", "techniques", "together"):
            told = answer(client, f"{INDICATORS}{key}/{part}/")
            assert told["results"] == one[part] and told["count"] == len(one[part]), (key, part)
    csv = b"".join(client.get(f"{INDICATORS}{TOOL}/vendors/?format=csv").streaming_content).decode()
    assert csv.splitlines() == ["vendor,name,rules,excluded", "elastic,Elastic,1,1", "sigma,SigmaHQ,1,0"]


def test_its_rules_spellings_and_variants(client: Client, tools: Technique) -> None:  # noqa: F811
    assert [row["title"] for row in answer(client, f"{INDICATORS}{TOOL}/rules/")["results"]] == titles(
        page(client, f"/indicators/{TOOL}/")
    )
    excluded = answer(client, f"{INDICATORS}{TOOL}/rules/?excluded=1&vendor=elastic&technique=T1578.001")
    assert [row["title"] for row in excluded["results"]] == ["Excludes"]
    both = answer(client, f"{INDICATORS}{TOOL}/rules/?indicator={SUCCESS}")
    assert both["results"] == answer(client, f"/api/v1/rules/?indicator={SUCCESS}&indicator={TOOL}")["results"]
    assert [row["title"] for row in both["results"]] == ["A tool starts"]
    spellings = answer(client, f"{INDICATORS}{TOOL}/equivalents/")
    assert [(row["id"], row["value"], row["rules"]) for row in spellings["results"]] == [
        (TOOL, "\\TOOL.exe", 1), (TOOL, "\\tool.exe", 1),
    ]  # fmt: skip
    assert spellings["count"] == 2
    wide = rows.key("Image", "contains", "tool")
    variants = answer(client, f"{INDICATORS}{TOOL}/variants/")
    assert [(row["id"], row["value"], row["reach"]) for row in variants["wider"]] == [(wide, "tool", 1)]
    assert variants["narrower"] == []
    (narrower,) = answer(client, f"{INDICATORS}{wide}/variants/")["narrower"]
    assert (narrower["id"], narrower["value"], narrower["excluded_reach"]) == (TOOL, "\\tool.exe", 1)


def test_what_is_private_is_for_members(client: Client, tools: Technique) -> None:  # noqa: F811
    secret = rows.key("Image", "contains", "secret\\tool.exe")
    for part in ("", "rules/", "equivalents/", "variants/", "vendors/", "techniques/", "together/"):
        assert answer(client, f"{INDICATORS}{secret}/{part}", 404)["detail"].startswith("No live rule uses")
    wide = f"{INDICATORS}{rows.key('Image', 'contains', 'tool')}/variants/"
    assert len(answer(client, wide)["narrower"]) == 1
    client.force_login(User.objects.create_user("member"))
    assert [row["reach"] for row in answer(client, wide)["narrower"]] == [3, 1]
    assert answer(client, f"{INDICATORS}{secret}/")["reach"] == 1
    assert answer(client, f"{INDICATORS}{TOOL}/")["reach"] == 3


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        (f"{INDICATORS}?colour=red", "colour"),
        (f"{INDICATORS}?min_reach=x", "min_reach"),
        (f"{INDICATORS}?min_reach=1&min_reach=2", "min_reach"),
        (f"{INDICATORS}?field=Imag", "field"),
        (f"{INDICATORS}?q=%00", "q"),
        (f"{INDICATORS}?ordering=rules", "ordering"),
        (f"{INDICATORS}{TOOL}/?vendor=sigma", "vendor"),
        (f"{INDICATORS}{TOOL}/rules/?excluded=2", "excluded"),
        (f"{INDICATORS}{TOOL}/rules/?indicator=x", "indicator"),
        (f"{INDICATORS}{TOOL}/equivalents/?page=9", "page"),
        (f"{INDICATORS}{TOOL}/variants/?fields=x", "fields"),
        (f"{INDICATORS}{TOOL}/vendors/?vendor=sigma", "vendor"),
        (f"{INDICATORS}{TOOL}/techniques/?page=9", "page"),
        (f"{INDICATORS}{TOOL}/together/?page_size=0", "page_size"),
    ],
)
def test_bad_parameters_are_told(client: Client, tools: Technique, address: str, parameter: str) -> None:  # noqa: F811
    assert list(answer(client, address, 400)["errors"]) == [parameter]
