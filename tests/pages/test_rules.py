"""Rules and indicators as pages."""

from __future__ import annotations

import pytest
from django.test import Client

from detections.models import RuleText, Technique
from tests.pages import rows
from tests.pages.test_techniques import page, text

RULE = "/rules/elastic/snapshot/"


def test_a_rule_shows_its_text_marked_its_logic_and_where_it_is_from(client: Client, snapshot: Technique) -> None:
    html = page(client, RULE)
    assert '<mark class="check value" data-condition="3">&quot;CreateDBSnapshot&quot;</mark>' in html
    assert 'mark class="excluded"' in html and 'mark class="scope' in html
    assert "By Somebody. Licence: Ours-1.0." in text(html)
    assert 'href="https://example.org/rule"' in html
    assert "parsed in full" in html
    said = text(html)
    assert "What it checks (5 indicators)" in said and "What it excludes (1 indicator)" in said
    assert "beside its sub-technique" in said
    assert 'id="L3"' in html and 'id="L7"' in html


def test_the_reading_opens_in_place(client: Client, snapshot: Technique) -> None:
    fragment = page(client, f"{RULE}reading/", **{"HX-Request": "true"})
    assert "<html" not in fragment
    assert "success 2" in text(fragment) and "backup-robot 1" in text(fragment)
    assert "<html" in page(client, f"{RULE}reading/")


def test_what_stands_beside_the_query_has_its_place(client: Client, snapshot: Technique) -> None:
    other = RuleText.objects.get(rule__own_id="snapshot")
    condition = {
        "kind": "condition", "field": "threat.name", "canonical": "threat.name", "role": "filter", "derived": "",
        "start": 0, "end": 4,
        "tests": [{"operator": "exists", "value": "", "start": 0, "end": 0, "indicator": ""}],
    }  # fmt: skip
    other.beside = [{"place": "threat_query", "tree": condition}]
    other.save()
    assert "Query over the threat index beside the query" in text(page(client, RULE))


def test_a_rule_that_is_not_parsed_says_why_and_where(client: Client, snapshot: Technique) -> None:
    rows.rule("Half read", [snapshot], [("EventType", "eq", ["x"], False)], own_id="half", parse="partial")
    html = page(client, "/rules/elastic/half/")
    assert "A part was not understood. line 3, column 1 ???" in text(html)
    assert 'href="#L3"' in html


def test_retired_rules_keep_their_pages(client: Client, snapshot: Technique) -> None:
    rows.rule("Was here", [snapshot], own_id="old", lifecycle="retired")
    assert "This rule is retired" in text(page(client, "/rules/elastic/old/"))


@pytest.mark.parametrize("address", ["/rules/elastic/none/", "/rules/nobody/snapshot/", "/rules/elastic/a%00b/"])
def test_a_rule_that_is_not_there(client: Client, snapshot: Technique, address: str) -> None:
    assert "nothing at this address" in page(client, address, 404)


def test_the_list_of_rules_searches_filters_and_pages(client: Client, snapshot: Technique) -> None:
    for number in range(60):
        rows.rule(f"Numbered {number:02}", [snapshot])
    assert "63 rules" in text(page(client, "/rules/"))
    assert "Page 2 of 2" in text(page(client, "/rules/?page=2"))
    assert "1 rule" in text(page(client, "/rules/?q=database"))
    assert "No rule matches" in page(client, "/rules/?q=%3Cscript%3E")
    assert "1 rule" in text(page(client, "/rules/?language=sigma"))
    assert "A search nobody reads" in page(client, "/rules/?parse=none&parse=partial")
    for query in ("page=x", "page=0", "page_size=-1", "colour=red", "level=extreme", "q=%00"):
        html = page(client, f"/rules/?{query}", 400)
        assert 'role="alert"' in html and "Numbered" not in html


def test_rules_that_do_not_count_are_listed_when_asked_for(client: Client, snapshot: Technique) -> None:
    rows.rule("Was here", [snapshot], own_id="old", lifecycle="deprecated")
    assert "Was here" not in page(client, "/rules/")
    assert "Was here" in page(client, "/rules/?live=all")
    only = page(client, "/rules/?live=no")
    assert "Was here" in only and "A tool starts" not in only
