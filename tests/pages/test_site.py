"""The frame of every page: header, footer, search, home, sources, errors, policy, and who sees what."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.analysis.overrides import NOTHING
from detections.editing.rules import create_rule
from detections.models import Generation, Rule, Source, SourceFile, Technique
from tests.importing.checkouts import sigma_rule
from tests.pages import rows
from tests.pages.staff import FIRST, B, catalog, signed_in
from tests.pages.test_techniques import GUIDE, page, text

ADDRESSES = ["/", "/techniques/", GUIDE, "/rules/", "/rules/elastic/snapshot/", "/sources/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_has_frame_notice_and_policy(client: Client, snapshot: Technique, address: str) -> None:
    response = client.get(address)
    html = response.content.decode()
    assert "© The MITRE Corporation. This work is reproduced and distributed with the permission of" in html
    assert "v19.0" in html
    assert "not how noisy it is in a network" in html
    assert 'href="#content"' in html and 'id="content"' in html
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy
    assert "<script>" not in html and " style=" not in html and " onclick=" not in html


def test_home_has_the_figures_of_the_catalog(client: Client, snapshot: Technique) -> None:
    Generation.objects.filter(pk=1).update(origin="two folders on this machine")
    said = text(page(client, "/"))
    assert "Rules 3" in said and "Techniques covered 3 of 3" in said
    assert "Parsed in full 66.7 % 2 of 3" in said
    assert "Loaded from: two folders on this machine" in said
    assert "Elastic 1 1 0 0" in said and "Splunk 1 0 0 1" in said
    assert "Defense Impairment 1 / 1" in said


def test_home_and_sources_of_an_empty_catalog(client: Client, db: None) -> None:
    assert "The catalog holds no rules yet" in page(client, "/")
    assert "No source is loaded yet" in page(client, "/sources/")
    assert "The catalog knows no techniques yet" in page(client, "/techniques/")
    assert "The catalog holds no rules yet" in page(client, "/rules/")


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("t1059.001", "/techniques/T1059.001/"),
        (" T1059 ", "/techniques/T1059/"),
        (" SNAPSHOT ", "/rules/elastic/snapshot/"),
    ],
)
def test_an_id_in_the_search_box_leads_straight_there(
    client: Client, snapshot: Technique, words: str, target: str
) -> None:
    response = client.get("/search/", {"q": words})
    assert (response.status_code, response.headers["Location"]) == (302, target)


def test_a_banner_stands_while_counts_are_stale(client: Client, snapshot: Technique) -> None:
    assert "not counted yet" not in page(client, "/techniques/")
    Generation.objects.bump(counts_stale=True)
    assert "not counted yet" in page(client, "/techniques/")


def test_sources_name_what_could_not_be_read(client: Client, snapshot: Technique) -> None:
    source = rows.source("elastic")
    problem = {"message": "This is not valid TOML.", "line": 4, "column": 2, "snippet": "", "severity": "error"}
    SourceFile.objects.create(source=source, path="rules/broken.toml", fingerprint="x", problems=[problem])
    SourceFile.objects.create(source=source, path="rules/fine.toml", fingerprint="x")
    rule = rows.rule("Odd tag", [snapshot])
    rule.techniques.create(written="T9999", position=5)
    said = text(page(client, "/sources/"))
    assert "rules/broken.toml:4:2" in said and "rules/fine.toml" not in said
    assert "T9999 Odd tag" in said
    assert "A search nobody reads Splunk SPL not parsed A part was not understood." in said
    assert "SPL 1 0 0 % 0 1" in said


@pytest.mark.parametrize("address", [*ADDRESSES, f"{GUIDE}indicators/", f"{GUIDE}fields/Secret/rules/"])
def test_a_private_source_is_seen_by_members_only(client: Client, snapshot: Technique, address: str) -> None:
    ours = rows.source("ours", public=False, name="Our hidden team")
    conditions = [("Secret", "eq", ["hidden-value"], False), ("event.outcome", "eq", ["success"], False)]
    rule = rows.rule("A hidden rule", [snapshot], conditions, at=ours, own_id="hidden", platforms=["Hidden OS"])
    rows.counted()
    key = rows.key("Secret", "eq", "hidden-value")
    for hidden in ('Secret"', "hidden-value", "hidden rule", "hidden team", "/ours/"):
        assert hidden not in page(client, address), hidden
    page(client, f"/rules/ours/{rule.own_id}/", 404)
    page(client, f"/indicators/{key}/", 404)
    client.force_login(User.objects.create_user("member"))
    assert "hidden-value" in page(client, GUIDE)
    assert "private" in page(client, f"/rules/ours/{rule.own_id}/")


def test_reach_is_the_readers_own(client: Client, snapshot: Technique) -> None:
    ours = rows.source("ours", public=False)
    for number in range(3):
        rows.rule(f"Ours {number}", [], [("event.outcome", "eq", ["success"], False)], at=ours)
    rows.counted()
    key = rows.key("event.outcome", "eq", "success")
    assert "Checked by 2 rules" in text(page(client, f"/indicators/{key}/"))
    client.force_login(User.objects.create_user("member"))
    assert "Checked by 5 rules" in text(page(client, f"/indicators/{key}/"))


@pytest.mark.parametrize(
    ("address", "most"),
    [("/", 9), ("/techniques/", 12), (GUIDE, 12), ("/rules/", 9), ("/rules/elastic/snapshot/", 14), ("/sources/", 12)],
)
def test_queries_do_not_grow_with_the_rows(
    client: Client, snapshot: Technique, django_assert_max_num_queries, address: str, most: int
) -> None:
    other = Technique.objects.get(attack_id="T1059")
    for number in range(30):
        rows.rule(f"Numbered {number}", [snapshot, other], [("CommandLine", "contains", [f"v{number}"], False)])
    rows.counted()
    with django_assert_max_num_queries(most):
        page(client, address)


def test_errors_are_pages_of_the_site(client: Client, db: None, settings) -> None:
    assert "There is nothing at this address" in page(client, "/nowhere/", 404)
    client.raise_request_exception = False
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_home_tells_what_changed_last_as_its_reader_may_see_it(client: Client, tmp_path: Path, db: None) -> None:
    checkout = catalog(tmp_path)
    assert "What changed last" not in page(client, "/")
    checkout.write("rules/a.yml", FIRST.replace("tool.exe", "new.exe"))
    checkout.sync()
    secret = create_rule(Source.objects.get(slug="team"), sigma_rule(B.replace("2", "3")), NOTHING, "New", None)
    Rule.objects.filter(pk=secret.pk).update(title="Secret rule")
    said = text(page(client, "/"))
    assert "First SigmaHQ ·" in said and "1 predicate came, 1 went" in said and "Secret rule" not in said
    assert "Secret rule Our rules ·" in text(page(signed_in("viewer"), "/"))
