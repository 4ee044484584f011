"""Fields as pages: names of any kind have an address, aliases lead to their field, unknown ones to suggestions."""

from __future__ import annotations

import re
from html import unescape
from random import Random
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from sigma.processing.pipeline import ProcessingPipeline

from catalog.roles import EDITOR
from detections.models import Rule, RuleField, RuleName, Technique
from tests.guide.random_catalog import write_catalog
from tests.pages import rows
from tests.pages.staff import person
from tests.pages.test_techniques import page, text

NAMES = (
    "a.b/c{}.d", "requestParameters.a[0]", "with space", "a%2Fb", "ends/", "q?x=1#y", "new\nline", "é", "(keywords)",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_kind_has_an_address(client: Client, snapshot: Technique, name: str) -> None:
    rows.rule("Of a strange name", [snapshot], [(name, "eq", ["x"], False)])
    html = page(client, reverse("field-detail", args=[name]))
    assert " ".join(name.split()) in text(html)


def test_an_alias_leads_to_its_field(client: Client, snapshot: Technique) -> None:
    assert client.get("/fields/process.name/").headers["Location"] == "/fields/Image/"
    assert client.get("/fields/PROCESSES.process_name/").headers["Location"] == "/fields/Image/"


def test_a_name_leads_to_what_most_rules_mean_by_it(client: Client, snapshot: Technique) -> None:
    for number in range(3):
        rule = rows.rule(f"Rule {number}", [snapshot], [("Image", "eq", ["x"], False)])
        RuleName.objects.create(rule=rule, name="its_own", canonical="Image" if number else "User")
    assert client.get("/fields/its_own/").headers["Location"] == "/fields/Image/"


@pytest.mark.parametrize("name", ["procss.nme", "x" * 5000, "\x00", "%ED%A0%80", "' OR 1=1 --", "..."])
def test_an_unknown_name_is_answered_with_suggestions(client: Client, snapshot: Technique, name: str) -> None:
    page(client, f"/fields/{quote(name)}/", 404)
    assert "/fields/Image/" in page(client, "/fields/procss.name/", 404)


def test_a_field_of_private_rules_alone_is_unknown(client: Client, snapshot: Technique) -> None:
    team = rows.source("team", public=False)
    rule = rows.rule("Ours", [snapshot], [("our.secret", "eq", ["x"], False)], at=team)
    RuleName.objects.create(rule=rule, name="our_name", canonical="our.secret")
    for name in ("our.secret", "our_name", "our.secre"):
        assert 'href="/fields/our.secret/"' not in page(client, f"/fields/{name}/", 404)


def numbers(client: Client, address: str) -> dict[str, int]:
    """Every address of rules on a page, with the number that leads there."""
    html = page(client, address)
    links = re.findall(r'<a [^>]*href="(/rules/\?[^"]+)"[^>]*>(.*?)</a>', html, re.DOTALL)
    found = {unescape(at): re.findall(r"[\d,]+(?= ?(?:rules?|$))", text(said)) for at, said in links}
    return {at: int(said[-1].replace(",", "")) for at, said in found.items() if said}


@pytest.mark.parametrize(
    "address",
    [
        "/fields/", "/fields/?platform=Windows&operator=eq", "/fields/Image/", "/fields/Image/?vendor=elastic",
        "/fields/Image/?vendor=elastic&vendor=sigma&platform=Linux&platform=AWS",
        "/fields/CommandLine/?technique=T1000", "/fields/%C3%89/",
    ],
)  # fmt: skip
def test_every_number_leads_to_so_many_rules(client: Client, db: None, address: str) -> None:
    write_catalog(8)
    random = Random(8)  # noqa: S311 no secret
    for rule in Rule.objects.filter(fields__field="Image").distinct():
        for name in random.sample(["process.name", "?process.name", "Image", "a{}.b"], 2):
            RuleName.objects.create(rule=rule, name=name, canonical="Image")
    found = numbers(client, address)
    assert len(found) > 8
    for at, number in found.items():
        response = client.get(at)
        assert response.status_code == 200, at
        assert response.context["page_obj"].paginator.count == number, at


def test_the_list_shows_each_field_with_its_figures(client: Client, snapshot: Technique) -> None:
    html = page(client, "/fields/")
    assert "6 fields" in text(html)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html.split("<tbody>")[1].split("</tbody>")[0], re.DOTALL)
    found = [[text(cell) for cell in cells[place : place + 6]] for place in range(0, len(cells), 6)]
    assert found[0] == ["event.outcome", "2", "2", "", "Elastic 1 SigmaHQ 1", "eq 2"]
    assert ["User", "1", "", "1", "Elastic 1", ""] in found
    assert ["event.dataset scope", "1", "1", "", "Elastic 1", "eq 1"] in found


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("vendor=sigma", ["Image", "event.outcome"]),
        ("platform=Windows&operator=eq", ["event.outcome"]),
        ("q=process.name", ["Image"]),
        ("q=eventname", ["EventType"]),
        ("group=process", ["Image"]),
        ("technique=T1059", ["Image", "event.outcome"]),
        ("ordering=name", ["EventType", "Image", "Provider_Name", "User", "event.dataset", "event.outcome"]),
        ("ordering=-excluded&page_size=1", ["User"]),
        ("names=none", []),
    ],
)
def test_the_list_is_filtered_and_sorted(client: Client, snapshot: Technique, query: str, fields: list[str]) -> None:
    html = page(client, f"/fields/?{query}").split('id="fields"')[1]
    assert re.findall(r'<tr><td><a class="field" href="[^"]+">([^<]+)</a>', html) == fields


@pytest.mark.parametrize(
    "query", ["vendor=nobody", "colour=red", "operator=like", "ordering=age", "page=0", "q=%00", "technique=T9999"]
)
def test_what_the_list_does_not_know_is_refused(client: Client, snapshot: Technique, query: str) -> None:
    html = page(client, f"/fields/?{query}", 400)
    assert 'role="alert"' in html and "event.outcome" not in html.split('id="content"')[1]


def test_facets_count_the_fields_of_each_word(client: Client, snapshot: Technique) -> None:
    said = text(page(client, "/fields/?vendor=sigma"))
    assert "Vendor Elastic 5 fields SigmaHQ 2 fields" in said
    assert "Platform Windows 2 fields" in said
    assert "filters in force" in page(client, "/fields/?vendor=sigma").lower()


def test_a_field_shows_names_side_by_side_tests_values_and_techniques(client: Client, snapshot: Technique) -> None:
    for name, own_id in (("process.executable", "snapshot"), ("Image", None)):
        rule = Rule.objects.get(own_id=own_id) if own_id else Rule.objects.get(source__slug="sigma")
        RuleName.objects.create(rule=rule, name=name, canonical="Image")
    rule = Rule.objects.get(own_id="snapshot")
    RuleField.objects.create(rule=rule, field="Image", operator="eq", excluded=True)
    html = page(client, "/fields/Image/")
    said = text(html)
    assert "Checked by 1 rule Excluded by 1 rule In either way 2 rules By vendor Elastic 1 SigmaHQ 1" in said
    assert "Sigma rules Image 1 rule Elastic rules process.executable 1 rule Splunk rules none ECS" in said
    assert "Checks endswith 1 Exclusions eq 1" in said
    assert "\\tool.exe endswith 1" in said
    assert "T1059 Command and Scripting Interpreter 1" in said and "aws.cloudtrail data set, SigmaHQ 1" in said
    assert "Values of" in page(client, "/fields/Image/values/?offset=1")
    assert "Checked by 1 rule Excluded by 0 rules" in text(page(client, "/fields/Image/?vendor=sigma"))
    page(client, "/fields/Image/?vendor=nobody", 400)
    page(client, "/fields/Image/values/?operator=like", 400)


def test_further_values_open_in_place(client: Client, snapshot: Technique) -> None:
    values = [f"value{number:03}" for number in range(60)]
    rows.rule("Of many values", [snapshot], [("Image", "in", values, False)])
    html = page(client, "/fields/Image/")
    more = unescape(re.search(r'hx-get="(/fields/Image/values/[^"]+)"', html)[1])
    fragment = page(client, more, **{"HX-Request": "true"})
    assert "<html" not in fragment
    shown = set(re.findall(r">(value\d{3})<", html)) | set(re.findall(r">(value\d{3})<", fragment))
    assert shown == set(values) and 'class="more-rows"' not in fragment


def test_rules_behind_a_number_open_in_place(client: Client, snapshot: Technique) -> None:
    fragment = page(client, "/rules/?field=Image&operator=endswith&opened=1", **{"HX-Request": "true"})
    assert "<html" not in fragment and "A tool starts" in fragment and "1 rule " in text(fragment)
    assert 'href="/rules/?field=Image&amp;operator=endswith"' in fragment
    assert "<html" in page(client, "/rules/?field=Image&operator=endswith&opened=1")


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("field=Image", ["A tool starts"]),
        ("field=Image&field=User", ["A tool starts", "Snapshot of a database cluster"]),
        ("field=User&excluded=1", ["Snapshot of a database cluster"]),
        ("field=User&excluded=0", []),
        ("field=Image&operator=eq", []),
        ("operator=eq&excluded=1", ["Snapshot of a database cluster"]),
        ("written=PROCESS.name", ["A tool starts"]),
        ("written=process.name&field=User", []),
        ("log_source=dataset:aws.cloudtrail&vendor=sigma", ["A tool starts"]),
        ("log_source=nothing", []),
    ],
)
def test_rules_are_filtered_by_what_they_test(
    client: Client, snapshot: Technique, query: str, titles: list[str]
) -> None:
    RuleName.objects.create(rule=Rule.objects.get(source__slug="sigma"), name="?process.name", canonical="Image")
    html = page(client, f"/rules/?{query}")
    assert re.findall(r'<tr><td><a class="opens"[^>]*>([^<]+)</a>', html) == titles


@pytest.mark.parametrize("query", ["field=Imgae", "operator=like", "excluded=yes", "written=%00", "field=%ED%A0%80"])
def test_tests_that_nothing_knows_are_refused(client: Client, snapshot: Technique, query: str) -> None:
    page(client, f"/rules/?{query}", 400)


def test_the_pipelines_are_files_that_pysigma_loads(client: Client, snapshot: Technique) -> None:
    for namespace, name in (("ecs", "process.executable"), ("cim", "Processes.process_path")):
        assert f'href="/fields/sigma-to-{namespace}.yml"' in page(client, "/fields/")
        response = client.get(f"/fields/sigma-to-{namespace}.yml")
        assert response.headers["Content-Disposition"] == f'attachment; filename="fieldguide-sigma-to-{namespace}.yml"'
        pipeline = ProcessingPipeline.from_yaml(response.content.decode())
        mapped = [item.transformation.mapping.get("Image") for item in pipeline.items]
        assert name in mapped
        snippet = page(client, "/fields/Image/").split(f"From Sigma to {'ECS' if namespace == 'ecs' else 'CIM'}")[1]
        assert f"Image: {name}" in unescape(snippet)
    page(client, "/fields/sigma-to-kusto.yml", 404)
    page(client, "/fields/sigma-to-ecs.yml?vendor=sigma", 400)
    assert "In a pySigma pipeline" not in page(client, "/fields/nobody.knows/", 404)


def test_a_computed_column_is_no_field_that_has_a_page(client: Client, snapshot: Technique) -> None:
    rule = rows.rule("Computes", [snapshot], [("made.up", "eq", ["x"], False)], own_id="computes")
    rule.fields.all().delete()
    text_of = rule.text
    text_of.tree["children"][0] |= {"role": "derived", "derived": "eval"}
    other = {**text_of.tree["children"][0], "canonical": "logsource.product", "role": "scope", "derived": ""}
    text_of.beside = [{"place": "logsource", "tree": other}]
    text_of.save()
    html = page(client, "/rules/elastic/computes/")
    assert "made.up" in html and "logsource.product" in html
    for address in set(re.findall(r'href="(/fields/[^"]+)"', html)):
        page(client, address)


def test_with_nothing_left_the_page_says_which_filter_to_take_off(client: Client, snapshot: Technique) -> None:
    said = text(page(client, "/fields/?q=image&vendor=elastic"))
    assert "No field matches all of these filters" in said
    assert "Take off words in a name image first: 5 fields would be left" in said
    assert "Without vendor Elastic : 1 field" in said


def test_staff_find_the_names_that_no_table_knows(client: Client, snapshot: Technique) -> None:
    assert "Names that no table knows" not in page(client, "/fields/")
    client.force_login(person(EDITOR))
    assert "/editing/names/#unmapped-title" in page(client, "/fields/")
    rows.rule("Of an unknown name", [snapshot], [("unknown.name", "eq", ["x"], False)])
    assert "/editing/names/merge/?canonical=unknown.name" in page(client, "/fields/unknown.name/")
    assert "/editing/names/field/?canonical=Image" in page(client, "/fields/Image/")
