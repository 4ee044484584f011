"""A rule's page: its text in colours and marks, its tree, large rules, similar rules."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from catalog.pages.highlighting import LEXERS, LONGEST, coloured
from catalog.pages.marking import Mark, marked_lines
from catalog.pages.rule_text import SHOWN_CHARACTERS, SHOWN_LINES, first_part
from catalog.pages.tree import OPEN_DEPTH, tree_list
from detections.models import Rule, RuleText, Technique
from tests.pages import rows
from tests.pages.test_marking import branch, condition, read
from tests.pages.test_techniques import page, text

RULE = "/rules/elastic/snapshot/"
QUERIES = {
    "sigma": ('detection:\n  sel: "x" # why\n', {"t-name", "t-text", "t-comment"}),
    "kql": ('event.code: 4104 and not user: "x"', {"t-word", "t-text", "t-number"}),
    "eql": (
        'sequence by host.id // why\n [process where name : "x" and length(a) > 2]',
        {"t-word", "t-call", "t-text"},
    ),
    "lucene": ('a:"x" AND b:[1 TO 5]', {"t-word", "t-text", "t-number"}),
    "esql": ('FROM logs* | WHERE x == "y" AND z RLIKE "a.*"', {"t-word", "t-text"}),
    "spl": ('| tstats count where a="b" by c | `macro` | where isnull(d)', {"t-word", "t-call", "t-text"}),
}


@pytest.mark.parametrize("language", QUERIES)
def test_every_language_has_its_colours(language: str) -> None:
    said, kinds = QUERIES[language]
    assert {name for _, _, name in coloured(said, language)} >= kinds
    assert set(QUERIES) == set(LEXERS) and coloured(said, "none") == []


def test_a_word_in_a_name_or_a_value_is_no_word_of_the_language() -> None:
    said = 'process.in: "and" and or_else: not.so'
    assert [said[start:end] for start, end, name in coloured(said, "eql") if name == "t-word"] == ["and"]


@given(
    st.sampled_from(sorted(LEXERS)),
    st.text(alphabet="ab<>&\"'`/*# \n\t\\|:=()[]0\U0001f980é", max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80), st.booleans()), max_size=6),
)
def test_colours_and_marks_together_keep_the_text(language: str, said: str, spans: list[tuple[int, int, bool]]) -> None:
    marks = [Mark(start, end, "check", number + 1, value) for number, (start, end, value) in enumerate(spans)]
    colours = coloured(said, language)
    assert all(0 <= a < b <= len(said) and "\n" not in said[a:b] for a, b, _ in colours)
    assert colours == sorted(colours) and all(one[1] <= two[0] for one, two in pairwise(colours))
    lines = [read(line) for _, line in marked_lines(said, marks, 1, colours)]
    assert "\n".join(line.text for line in lines) == said
    plain = [re.findall(r"<mark.*?</mark>", line) for _, line in marked_lines(said, marks, 1)]
    both = [re.findall(r"<mark.*?</mark>", line) for _, line in marked_lines(said, marks, 1, colours)]
    assert [[read(mark).text for mark in line] for line in plain] == [
        [read(mark).text for mark in line] for line in both
    ]


def test_a_marked_value_keeps_its_marks_colour_and_offsets_are_code_points() -> None:
    said = '\U0001f980: "\U0001f980" and b: "y"'
    marks = [Mark(0, 6, "check", 1), Mark(3, 6, "check", 1, value=True)]
    ((_, line),) = marked_lines(said, marks, 1, coloured(said, "kql"))
    assert '<mark class="check value" data-condition="1">&quot;\U0001f980&quot;</mark>' in line
    assert '<span class="t-word">and</span>' in line and '<span class="t-text">&quot;y&quot;</span>' in line


def test_a_colour_is_cut_where_a_mark_ends_and_at_the_end_of_a_line() -> None:
    said = 'a: "x y" and """b\nc"""'
    marks = [Mark(0, 6, "check", 1), Mark(14, 20, "check", 2)]
    lines = [line for _, line in marked_lines(said, marks, 1, coloured(said, "kql"))]
    assert lines == [
        '<mark class="check" data-condition="1" id="c1">a: <span class="t-text">&quot;x </span></mark>'
        '<span class="t-text">y&quot;</span> <span class="t-word">and</span> <span class="t-text">&quot;</span>'
        '<mark class="check" data-condition="2" id="c2"><span class="t-text">&quot;&quot;b</span></mark>',
        '<mark class="check" data-condition="2"><span class="t-text">c&quot;</span></mark>'
        '<span class="t-text">&quot;&quot;</span>',
    ]


def test_a_very_long_text_is_coloured_in_its_beginning_alone() -> None:
    said = '"x" and ' * LONGEST
    assert max(end for _, end, _ in coloured(said, "kql")) <= LONGEST


def test_the_page_has_text_tree_and_metadata(client: Client, snapshot: Technique) -> None:
    html = page(client, RULE)
    assert '<span class="t-word">and</span>' in html
    assert 'mark class="check value" data-condition="3"' in html
    assert '<details open><summary><span class="connective">all of</span></summary>' in html
    for said in ("parsed in full", "Ours-1.0", "Somebody", "rules/elastic/one.toml", "What it excludes (1 indicator)"):
        assert said in text(html)


def test_a_sequence_tells_its_order_and_what_joins_it() -> None:
    steps = [branch("step", condition(field, 0, 1), label=label) for field, label in (("a", ""), ("b", "by user.id"))]
    said = text(tree_list(branch("sequence", *steps, label="by host.id with maxspan=1m")))
    assert said.index("sequence, in this order by host.id with maxspan=1m") < said.index("step 1") < said.index(" a ")
    assert said.index(" a ") < said.index("step 2 by user.id") < said.rindex("b")


def test_deep_branches_stand_folded() -> None:
    tree = condition("deep", 0, 1)
    for _ in range(OPEN_DEPTH + 3):
        tree = branch("and", tree)
    assert tree_list(tree).count("<details open>") == OPEN_DEPTH
    assert tree_list(tree).count("<details>") == 3


def test_a_condition_that_stands_nowhere_in_the_text_leads_nowhere() -> None:
    assert "<a " not in tree_list(condition("implied", 0, 0))


@pytest.mark.parametrize(
    "said",
    ["", "one", "a\nb\n", "x\n" * 2000, "y" * 90_000, "y" * 15_000 + "\n" + "z" * 90_000, "s\n" + "z" * 90_000],
)
def test_the_beginning_of_a_text_is_a_beginning(said: str) -> None:
    end = first_part(said)
    assert 0 <= end <= min(len(said), 2 * SHOWN_CHARACTERS)
    assert said[:end].count("\n") < SHOWN_LINES
    assert (end == len(said)) or end > 0


def large(snapshot: Technique) -> tuple[Rule, list[str]]:
    values = [f"driver-{number:04}.sys" for number in range(3000)]
    conditions = [("ImageLoaded", "endswith", values, False), ("User", "eq", ["robot"], True)]
    rule = rows.rule("Very many drivers", [snapshot], conditions, own_id="drivers")
    rows.counted()
    return rule, values


def test_a_large_rule_is_short_and_whole_on_demand(client: Client, snapshot: Technique) -> None:
    _, values = large(snapshot)
    address = "/rules/elastic/drivers/"
    html = page(client, address)
    assert len(html.encode()) < 150_000
    assert "What it checks (3,000 indicators)" in text(html) and "2,976 further values" in text(html)
    assert f'href="{address}text/#c2"' in html and 'href="#c1"' in html
    whole = page(client, f"{address}text/", **{"HX-Request": "true"})
    assert "<html" not in whole and whole.count('class="check value"') == 3000
    assert "By Somebody. Licence: Ours-1.0." in text(page(client, f"{address}text/"))
    assert f'href="{address}text/?document=1"' in html
    assert "driver-2999.sys" in page(client, f"{address}text/?document=1")
    found, more = set(re.findall(r"driver-\d{4}\.sys", html.split('id="text"')[0])), f"{address}values/1/"
    assert f'href="{more}"' in html
    while more:
        fragment = unescape(page(client, more, **{"HX-Request": "true"}))
        found |= set(re.findall(r"driver-\d{4}\.sys", fragment))
        following = re.search(r'href="([^"]+offset=[^"]+)"', fragment)
        more = following[1] if following else ""
    assert found == set(values)
    assert "Values 25 to 524 of 3,000." in page(client, f"{address}values/1/")


@pytest.mark.parametrize("address", ["values/9/", "values/0/", "values/1/?offset=x", "values/1/?offset=0"])
def test_values_that_are_not_there(client: Client, snapshot: Technique, address: str) -> None:
    page(client, f"{RULE}{address}", 404)


def test_values_beside_the_query_have_places_of_their_own(client: Client, snapshot: Technique) -> None:
    stored = RuleText.objects.get(rule__own_id="snapshot")
    beside = condition("threat.name", 0, 0, *[(f"actor{number}", 0, 0) for number in range(200)])
    stored.beside = [{"place": "threat_query", "tree": beside}]
    stored.save()
    assert f'href="{RULE}values/6/"' in page(client, RULE)
    assert "actor24" in page(client, f"{RULE}values/6/", **{"HX-Request": "true"})


def test_similar_rules_of_other_vendors_stand_with_what_they_share(client: Client, snapshot: Technique) -> None:
    assert "Similar rules" not in page(client, "/rules/splunk/x/", 404)
    shell = [("Image", "endswith", ["\\tool.exe"], False)]
    rows.rule("A tool starts, told elsewhere", [snapshot], shell, own_id="twin")
    rows.counted()
    said = text(page(client, "/rules/elastic/twin/").split('id="similar"')[1])
    assert "A tool starts SigmaHQ 1 shared test Image endswith \\tool.exe 2" in said
    found = client.get("/api/v1/rules/elastic/twin/similar/").json()
    assert found["live_rules"] == 4
    (row,) = found["rules"]
    assert row["rule"]["url"] == "/rules/sigma/" + row["rule"]["id"] + "/" and row["shared_count"] == 1
    assert row["shared"] == [
        {
            "id": rows.key("Image", "endswith", "\\tool.exe"), "field": "Image", "operator": "endswith",
            "value": "\\tool.exe", "reach": 2,
        }
    ]  # fmt: skip
    assert client.get("/api/v1/rules/elastic/nobody/similar/").status_code == 404
    assert client.get("/api/v1/rules/elastic/twin/similar/?fields=live_rules").json() == {"live_rules": 4}


@pytest.mark.parametrize("part", ["", "text/", "values/1/", "reading/"])
def test_what_a_private_rule_says_is_for_members(client: Client, snapshot: Technique, part: str) -> None:
    team = rows.source("team", public=False)
    rows.rule("A hidden rule", [snapshot], [("Image", "endswith", ["\\tool.exe"], False)], at=team, own_id="ours")
    rows.counted()
    page(client, f"/rules/team/ours/{part}", 404)
    assert "hidden rule" not in page(client, "/rules/sigma/" + Rule.objects.get(title="A tool starts").own_id + "/")
    assert client.get("/api/v1/rules/team/ours/similar/").status_code == 404


def test_a_rules_page_takes_few_queries(client: Client, snapshot: Technique, django_assert_max_num_queries) -> None:
    large(snapshot)
    rows.rule("Twin", [], [("ImageLoaded", "endswith", ["driver-0001.sys"], False)], at=rows.source("sigma"))
    with django_assert_max_num_queries(15):
        page(client, "/rules/elastic/drivers/")
