"""ATT&CK's descriptions as HTML: what is linked, what is numbered, and what never gets through."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils.safestring import SafeString

from catalog.descriptions import render_description
from detections.attack.bundle import read_bundle

CITATIONS = {
    "First 2020": ("First, A. (2020). Tom & Jerry.", "https://example.org/a?b=1&c=2"),
    "Second (2021)": ("Second, B. (2021).", "http://example.org/second"),
    "No address": ("Only printed.", ""),
    "Script": ("A trap.", "javascript:alert(1)"),
    "Quotes": ('" onmouseover="alert(1)', 'https://example.org/"><script>alert(1)</script>'),
}
TAGS = {"p", "a", "code", "pre", "em", "strong", "ul", "ol", "li", "br", "blockquote", "sup", "h4", "h5", "h6"}


class Seen(HTMLParser):
    """The tags and attributes of a fragment as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def rendered(markdown: str) -> str:
    return render_description(markdown, CITATIONS)


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("https://attack.mitre.org/techniques/T1059/001", "/techniques/T1059.001/"),
        ("https://attack.mitre.org/techniques/T1059/001/", "/techniques/T1059.001/"),
        ("http://attack.mitre.org/techniques/T1059", "/techniques/T1059/"),
        ("https://attack.mitre.org/techniques/t1059.001#detection", "/techniques/T1059.001/"),
        ("https://attack.mitre.org/software/S0111", "https://attack.mitre.org/software/S0111"),
        ("https://attack.mitre.org/techniques/T10591", "https://attack.mitre.org/techniques/T10591"),
        ("https://attack.mitre.org.example/techniques/T1059", "https://attack.mitre.org.example/techniques/T1059"),
    ],
)
def test_links_to_techniques_stay_on_this_site(address: str, leads_to: str) -> None:
    assert ("href", leads_to) in Seen(rendered(f"See [this]({address}) for more.")).attributes


def test_an_address_that_is_no_link_stays_as_it_is_written() -> None:
    text = "Write https://attack.mitre.org/techniques/T1059/ or `https://attack.mitre.org/techniques/T1059/`."
    assert rendered(text).count("https://attack.mitre.org/techniques/T1059/") == 2


def test_citations_are_numbered_in_the_order_of_their_first_use() -> None:
    html = rendered("One.(Citation: Second (2021)) Two.(Citation: First 2020)(Citation: Second (2021))")
    assert re.findall(r"\[(\d)\]", html) == ["1", "2", "1"]
    assert 'href="https://example.org/a?b=1&amp;c=2" title="First, A. (2020). Tom &amp; Jerry."' in html
    assert 'href="http://example.org/second"' in html


def test_a_citation_without_a_web_address_is_no_link_and_an_unknown_one_is_plain_text() -> None:
    html = rendered("(Citation: No address) (Citation: Script) (Citation: Nobody <b>)")
    assert "<a" not in html
    assert re.findall(r"<sup>\[(\d)\]</sup>", html) == ["1", "2"]
    assert "[Nobody &lt;b&gt;]" in html


def test_code_is_kept_and_nothing_inside_of_it_is_markdown() -> None:
    html = rendered("Run <code>cmd /c *.bat <pid> (Citation: First 2020) _x_</code> and `net use`.")
    assert "<code>cmd /c *.bat &lt;pid&gt; (Citation: First 2020) _x_</code>" in html
    assert "<code>net use</code>" in html


def test_markdown_of_a_description_is_rendered() -> None:
    html = rendered("### Windows\n\n* one\n* **two**\n\n<b>not</b> a tag of ours")
    assert "<h4>Windows</h4>" in html
    assert "<li><strong>two</strong></li>" in html
    assert "&lt;b&gt;not&lt;/b&gt;" in html


@pytest.mark.parametrize(
    "trap",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<IMG SRC=javascript:alert(1)>",
        "<svg/onload=alert(1)>",
        "<a href='javascript:alert(1)' onclick='alert(1)'>x</a>",
        "<iframe src='https://example.org'></iframe>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](vbscript:x) [y](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        "![x](https://example.org/x.png)",
        '[x](https://attack.mitre.org/techniques/T1059/001" onclick="alert(1))',
        '[x](https://example.org "t\\" onclick=\\"alert(1)")',
        '[x](https://example.org "(Citation: Quotes)")',
        "(Citation: Quotes)",
        "(Citation: <img src=x onerror=alert(1)>)",
        "<code><img src=x onerror=alert(1)></code>",
        "<code>left open <img src=x onerror=alert(1)>",
        "<code></code><script>alert(1)</script><code></code>",
        "\ue0000\ue001<script>\ue0011\ue000</script>",
        "> <style>@import 'https://example.org'</style>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_that_acts_gets_through(trap: str) -> None:
    html = rendered(f"Before {trap} after.\n\n{trap}")
    seen = Seen(html)
    assert isinstance(html, SafeString)
    assert seen.tags <= TAGS
    assert {name for name, _ in seen.attributes} <= {"href", "title", "rel"}
    assert all(value.startswith(("http://", "https://", "/")) for name, value in seen.attributes if name == "href")


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["18.1", "19"])
def test_every_description_of_mitre_is_rendered(corpora: Path, name: str) -> None:
    path = corpora / "attack" / f"enterprise-attack-{name}.json"
    for technique in read_bundle(path.read_text(), str(path)).techniques:
        seen = Seen(html := render_description(technique.description, technique.citations))
        assert seen.tags <= TAGS, technique.attack_id
        assert "(Citation:" not in re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL), technique.attack_id
        assert not [link for _, link in seen.attributes if "attack.mitre.org/techniques/T" in link], technique.attack_id
