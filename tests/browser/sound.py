"""What is wrong with the page that is open: for whoever cannot see it well, has a phone, or no mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"}
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# A colour that fades in has no contrast yet, and nothing that moves has its size.
STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"
STOP = "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s] }"
AXE = """only => axe.run({runOnly: only}).then(found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} ${node.any.map(one => one.message)}`)))"""
# Every element that the Tab key reaches and that shows no ring when it has the focus, and tables without head cells.
WITHOUT_RING = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && one.type !== 'hidden')
    .filter(one => {
        one.focus();
        const rings = [one, one.parentElement].map(place => getComputedStyle(place));
        return document.activeElement === one
            && rings.every(style => style.outlineStyle === 'none' && style.boxShadow === 'none');
    }).map(one => one.outerHTML.slice(0, 160))"""
BARE_TABLES = """() => [...document.querySelectorAll('main table')]
    .filter(one => !one.querySelector('th[scope]') && one.getAttribute('role') !== 'presentation')
    .map(one => one.outerHTML.slice(0, 160))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def violations(page: Any, only: Sequence[str] = STANDARD) -> list[str]:
    """What axe finds, as far as `only` (its tags, or its rules) asks; nothing moves from here on."""
    from axe_playwright_python.base import AXE_FILE_PATH

    page.evaluate(STOP, STILL)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_FILE_PATH.read_text())
    return page.evaluate(AXE, list(only))


def unsound(page: Any) -> list[str]:
    """What is wrong with the page that is open, on a phone, in the light and in the dark."""
    found = violations(page)
    wide = page.evaluate(TOO_WIDE)
    if wide > 0:
        found.append(f"{wide} pixels too wide for a phone")
    found += [f"no head cells: {table}" for table in page.evaluate(BARE_TABLES)]
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark, {one}" for one in violations(page, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Tab")  # from here on the focus shows, as for whoever uses the keyboard
    return found + [f"no ring: {one}" for one in page.evaluate(WITHOUT_RING)]
