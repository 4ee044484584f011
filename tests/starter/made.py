"""What is made of the schema and committed: `make schema` writes it, a test holds it to what the site says.

`catalog/api/examples.json` has an answer of every operation that anybody may ask, out of the starter corpus;
`tests/starter/schema.yaml` is the contract itself, so that a change of it is seen.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from typing import Any
from urllib.error import HTTPError

import yaml

from catalog.api.examples import FILE as EXAMPLES
from catalog.pages.start import FILE as STARTED
from catalog.pages.start import SITE, STEPS, Step
from tests.starter.contract import PARTS, get, schema_of
from tests.starter.site import ROOT, starter_site

SCHEMA = ROOT / "tests" / "starter" / "schema.yaml"
MOST_ROWS = 2  # of each list in an example
MOST_TEXT = 300  # characters of a text
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z$")
SOME_TIME = "2026-01-02T03:04:05Z"  # in place of when the example was made
SOME_SITE = "https://fieldguide.example.org"


def main() -> None:
    with starter_site() as site:
        EXAMPLES.write_text(examples_text(site.address), encoding="utf-8")
        STARTED.write_text(answers_text(site.address), encoding="utf-8")
        SCHEMA.write_text(schema_text(site.address), encoding="utf-8")


def examples_text(site: str) -> str:
    """An answer of every operation, short, and the same on every day."""
    found = {}
    for path, operations in schema_of(site)["paths"].items():
        operation = operations.get("get", {})
        if "application/json" in operation.get("responses", {}).get("200", {}).get("content", {}):
            listed = any(one["name"] == "page_size" for one in operation["parameters"])
            try:
                answer = get(f"{site}{path.format(**PARTS)}{f'?page_size={MOST_ROWS}' if listed else ''}")
            except HTTPError as error:  # it is for people with an account
                if error.code != 401:
                    raise
            else:
                found[operation["operationId"]] = _short(answer, site)
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def answers_text(site: str) -> str:
    """The answers of the page of first steps."""
    told = json.dumps({step.name: answer_of(step, site) for step in STEPS}, indent=1, ensure_ascii=False)
    return f"{told}\n"


def answer_of(step: Step, site: str) -> str:
    """What the site answers to a step, as the page shows it."""
    if step.code:
        asked = [sys.executable, "-c", step.code.replace(SITE, site)]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.rstrip()
    with urllib.request.urlopen(f"{site}{step.address}", timeout=30) as response:  # noqa: S310  our own server
        text = response.read().decode()
        if response.headers["Content-Type"] == "application/json":
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text.replace(site, SITE).replace("\r\n", "\n").rstrip()


def schema_text(site: str) -> str:
    """The contract without its examples."""
    return yaml.safe_dump(_bare(schema_of(site)), sort_keys=True, allow_unicode=True, width=120)


def _short(value: Any, site: str) -> Any:
    if isinstance(value, dict):
        return {name: _short(one, site) for name, one in value.items()}
    if isinstance(value, list):
        return [_short(one, site) for one in value[:MOST_ROWS]]
    if isinstance(value, str):
        text = SOME_TIME if TIME.match(value) else value.replace(site, SOME_SITE)
        return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"
    return value


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if name != "example"}
    return [_bare(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
