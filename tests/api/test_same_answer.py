"""The same question has the same answer on a page, in the API, and in the table that the page leads to."""

from __future__ import annotations

import csv
import html
import io
import re
from pathlib import Path

import pytest
from django.test import Client

from tests.api.test_guide import answer
from tests.pages import walk
from tests.pages.walked import write_catalog

OF_RULES = (
    "", "vendor=elastic", "vendor=elastic&vendor=splunk", "platform=AWS", "platform=AWS&platform=Linux&domain=cloud",
    "language=kql", "level=medium", "parse=none", "parse=full&vendor=sigma", "status=production",
)  # fmt: skip
# A list's page, what follows its number, its endpoint, and queries that both take.
LISTS = {
    "/rules/": ("rule", "/api/v1/rules/", (
        *OF_RULES, "live=all", "live=no", "q=Fur", "technique=T1578.001", "tactic=execution", "ordering=-modified",
        "q=nothing+has+this",
    )),
    "/techniques/": ("technique", "/api/v1/techniques/", (
        *OF_RULES, "tactic=execution", "show=covered", "show=missing", "q=snapshot", "show=missing&vendor=elastic",
    )),
    "/fields/": ("field", "/api/v1/fields/", ("", "vendor=elastic", "q=Image")),
}  # fmt: skip
GUIDES = ("", "subtechniques=1", *OF_RULES[1:], "vendor=splunk&subtechniques=1")


@pytest.fixture(autouse=True)
def catalog(db: None, tmp_path: Path) -> None:
    write_catalog(tmp_path, 3)


def told(page: str, pattern: str) -> int:
    found = re.search(pattern, html.unescape(page))
    assert found, pattern
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("page", LISTS)
def test_a_list_holds_as_many_rows_as_its_endpoint(client: Client, page: str) -> None:
    noun, endpoint, queries = LISTS[page]
    counts = set()
    for query in queries:
        shown = client.get(f"{page}?{query}").content.decode()
        count = answer(client, f"{endpoint}?{query}")["count"]
        assert told(shown, rf'data-told="([\d,]+) {noun}s?"') == count, query
        counts.add(count)
    assert len(counts) > 2  # the queries do ask for different things


def test_a_guide_tells_what_its_endpoints_tell(client: Client) -> None:
    counts = set()
    for technique in ("T1578.001", "T1578"):
        at = f"/techniques/{technique}/"
        for query in GUIDES:
            page = client.get(f"{at}?{query}").content.decode()
            guide = answer(client, f"/api/v1{at}guide/?{query}")
            tables = {
                part: answer(client, f"/api/v1{at}{part}/?{query}&page_size=500")
                for part in ("fields", "indicators", "log-sources", "false-positives", "rules")
            }
            counts.add(guide["rules"])
            assert tables["rules"]["count"] == guide["rules"], (technique, query)
            assert tables["fields"]["results"] == guide["fields"], (technique, query)
            assert tables["indicators"]["results"] == guide["indicators"][:500], (technique, query)
            assert tables["indicators"]["count"] == guide["indicators_count"], (technique, query)
            assert tables["log-sources"]["results"] == guide["log_sources"], (technique, query)
            assert tables["false-positives"]["results"] == guide["false_positives"], (technique, query)
            for part in ("fields", "indicators"):
                excluded = answer(client, f"/api/v1{at}{part}/?{query}&excluded=1&page_size=500")
                assert excluded["results"] == guide["exclusions"][part][:500], (technique, query)
            if guide["rules"]:
                assert told(page, r"<strong>([\d,]+) rules?</strong>") == guide["rules"], (technique, query)
                assert told(page, r'id="fields">[^(]*\(([\d,]+) distinct') == len(guide["fields"])
                assert told(page, r'id="indicators">[^(]*\(([\d,]+) distinct') == guide["indicators_count"]
    assert len(counts) > 3


def test_the_figures_of_the_catalog_are_the_same_everywhere(client: Client) -> None:
    stats = answer(client, "/api/v1/stats/")
    home = client.get("/").content.decode()
    assert (
        told(home, r"<dt>Rules</dt><dd>(?:<a[^>]*>)?([\d,]+)")
        == stats["rules"]
        == answer(client, "/api/v1/rules/")["count"]
    )
    assert told(home, r"<dt>Techniques covered</dt><dd>(?:<a[^>]*>)?([\d,]+)") == stats["covered"]
    sources = answer(client, "/api/v1/sources/?page_size=500")["results"]
    assert sources == stats["sources"] and sum(source["rules"] for source in sources) == stats["rules"]
    matrix = answer(client, "/api/v1/matrix/")
    assert (matrix["rules"], matrix["covered"]) == (stats["rules"], stats["covered"])
    for tactic, column in zip(answer(client, "/api/v1/tactics/")["results"], matrix["tactics"], strict=True):
        assert {key: tactic[key] for key in ("attack_id", "techniques", "covered")} == {
            key: column[key] for key in ("attack_id", "techniques", "covered")
        }


def whole(client: Client, link: str) -> str:
    response = client.get(link)
    assert response.status_code == 200, (link, response.content[:300])
    return b"".join(response.streaming_content).decode()


def test_every_table_leads_to_its_rows(client: Client) -> None:
    """Both links of every table of every page lead to the same rows, with the filters of the page."""
    asked, formed = set(), 0
    for address in walk.pages(walk.ANONYMOUS):
        page = client.get(address).content.decode()
        for part in re.findall(r'<p class="export">(.*?)</p>', page):
            links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', part)]
            if len(links) == 1:
                answer(client, links[0])
                formed += 1
                continue
            table, lines = (whole(client, link) for link in links)
            number = len(list(csv.DictReader(io.StringIO(table))))
            assert number == len(lines.splitlines()) == answer(client, links[0].replace("format=csv", ""))["count"]
            asked.add(links[0].partition("?")[0])
    assert len(asked) >= 15 and formed
