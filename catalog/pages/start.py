"""From curl to a notebook in five requests: the page that a newcomer to the API reads first.

Its answers are those of the starter corpus (`start.json`, which `make schema` writes); the addresses are this site's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.views.generic import TemplateView

FILE = Path(__file__).with_name("start.json")
SITE = "{site}"  # in a request and in an answer, the address of the very site


@dataclass(frozen=True, slots=True)
class Step:
    """One request: what it is for, its address (or the Python that asks), and how the answer is shown."""

    name: str
    title: str
    text: str
    address: str = ""
    code: str = ""

    @property
    def request(self) -> str:
        return self.code or f'curl "{SITE}{self.address}"'


STEPS = (
    Step(
        "stats", "Ask what the catalog holds",
        "No account is needed. An answer is one JSON object; fields chooses its keys.",
        "/api/v1/stats/?fields=rules,techniques,covered,attack_version",
    ),
    Step(
        "techniques", "List techniques by their rules",
        "The filters are those of the pages: one that repeats means any of its values, different ones mean all "
        "of them. A list comes by pages; next leads to the next one.",
        "/api/v1/techniques/?vendor=elastic&vendor=splunk&ordering=-rules&page_size=2&fields=attack_id,name,rules",
    ),
    Step(
        "indicators", "See what rules look for",
        "The guide of a technique is one object at guide/, and each of its tables a list. A reach of null means that "
        "only this technique’s rules look for the value; a high one that many rules of any technique do.",
        "/api/v1/techniques/T1578.001/indicators/?page_size=3&fields=field,operator,value,rules,reach",
    ),
    Step(
        "rules", "Take a whole table",
        "With format=csv or format=ndjson every list comes whole, however long it is.",
        "/api/v1/rules/?technique=T1578.001&format=csv&fields=id,title,vendor",
    ),
    Step(
        "notebook", "Read it in a notebook",
        "The same address as a data frame: which fields do rules for this technique filter on?",
        code="import pandas\n\n"
        f'fields = pandas.read_json("{SITE}/api/v1/techniques/T1578.001/fields/?format=ndjson", lines=True)\n'
        'fields = fields.sort_values(["rules", "field"], ascending=[False, True])\n'
        'print(fields[["field", "rules"]].to_string(index=False))',
    ),
)  # fmt: skip


@cache
def answers() -> dict[str, str]:
    """What the site answers on the starter corpus, by the name of the step."""
    found: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


class StartView(TemplateView):
    template_name = "start/start.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        site = self.request.build_absolute_uri("/").rstrip("/")
        steps = [
            {
                "step": step,
                "request": step.request.replace(SITE, site),
                "answer": answers().get(step.name, "").replace(SITE, site),
            }
            for step in STEPS
        ]
        return super().get_context_data(steps=steps, **kwargs)
