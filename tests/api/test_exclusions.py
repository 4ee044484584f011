"""Exclusions through the API: the figures of their page, with reasons and Sigma's words."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from detections.guide.exclusions import GROUPS
from detections.models import Technique
from tests.api.test_guide import answer
from tests.pages.test_exclusions import PARENT, excluding, told
from tests.pages.test_techniques import page

__all__ = ["excluding"]
QUERIES: list[dict[str, str]] = [
    {}, {"vendor": "sigma"}, {"vendor": "elastic", "satisfiable": "yes"}, {"technique": "T1059"}, {"platform": "AWS"},
    {"ordering": "value"}, {"q": "program"}, {"reason": "chosen_parent"}, {"program": "vendor"}, {"field": "User"},
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=urlencode)
def test_the_same_figures_as_the_page(client: Client, excluding: Technique, query: dict[str, str]) -> None:
    listed = told(page(client, f"/exclusions/?{urlencode(query)}"))
    found = answer(client, f"/api/v1/exclusions/?{urlencode(query)}")
    assert found["count"] == len(listed) > 0
    assert [(row["value"], row["rules"]) for row in found["results"]] == [
        (value, int(number.split(" of ")[0])) for value, number in listed
    ]


def test_one_row_has_all_that_is_known(client: Client, excluding: Technique) -> None:
    found = answer(client, f"/api/v1/exclusions/?key={PARENT}&vendor=sigma")["results"]
    assert len(found) == 1
    assert found[0] == {
        "id": PARENT, "field": "ParentImage", "operator": "endswith", "value": "\\explorer.exe", "role": "filter",
        "program": "explorer.exe", "rules": 1, "excluded_reach": 2, "reach": 0, "vendors": {"sigma": 1},
        "satisfiable": {
            "reason": "chosen_parent", "title": "Parent that is easily chosen",
            "text": found[0]["satisfiable"]["text"],
        },
        "sigma": "    filter_main_parentimage_endswith:\n        ParentImage|endswith: '\\explorer.exe'\n"
        "    condition: selection and not 1 of filter_main_*\n",
        "url": f"/exclusions/{PARENT}/rules/",
    }  # fmt: skip
    others = answer(client, "/api/v1/exclusions/?satisfiable=no")["results"]
    assert [row["satisfiable"] for row in others] == [None, None]


@pytest.mark.parametrize("query", ["", "?vendor=sigma", "?satisfiable=yes", "?technique=T1059&platform=Windows"])
@pytest.mark.parametrize("by", GROUPS)
def test_groups_say_what_their_page_says(client: Client, excluding: Technique, by: str, query: str) -> None:
    shown = client.get(f"/exclusions/by/{by}/{query}").context["page_obj"].object_list
    found = answer(client, f"/api/v1/exclusions/by/{by}/{query}")
    assert found["count"] == len(shown) > 0 or by == "reason"
    assert found["results"] == [
        {"word": row.word, "exclusions": row.exclusions, "satisfiable": row.satisfiable, "rules": row.rules}
        for row in shown
    ]


def test_exclusions_fall_into_groups_by_what_the_error_names(client: Client, excluding: Technique) -> None:
    assert "field, program, reason" in answer(client, "/api/v1/exclusions/by/colour/", 404)["detail"]
    assert list(answer(client, "/api/v1/exclusions/by/field/?colour=red", 400)["errors"]) == ["colour"]


def test_the_whole_list_as_csv(client: Client, excluding: Technique) -> None:
    response = client.get("/api/v1/exclusions/?format=csv")
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0].lstrip("\ufeff").startswith("id,field,operator,value") and PARENT in lines[1]
