"""The API's schema as tools try it: with the starter corpus's words and ids where a catalog decides."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

ONE_OF = ("from", "indicator")  # parameters without a list of their values, of which few are right
# Of each part of an address one that there is, beside anything else that may be tried.
PARTS = {
    "attack_id": "T1059.001",
    "source": "sigma",
    "own_id": "6e5f6499-77fa-4aea-8540-7ae748e9e101",
    "id": 2,
    "name": "CommandLine",
    "key": "c016383b47aad29d",
    "by": "field",
}


def get(address: str, accept: str = "application/json") -> Any:
    """The JSON at an address of our own server."""
    request = urllib.request.Request(address, headers={"Accept": accept})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return json.load(response)


def schema_of(site: str) -> dict[str, Any]:
    found: dict[str, Any] = get(f"{site}/api/schema/?format=json", "application/vnd.oai.openapi+json")
    return found


def tried_schema(site: str) -> dict[str, Any]:
    """The schema in which every filter of words names the words of this catalog, and every address one of its ids.

    An empty value means that a filter is not set. `page` and `fields` are left out: how many pages there are depends on
    the other parameters, and keys that were not chosen are not there; both have tests of their own.
    """
    schema = schema_of(site)
    words = words_of(site)
    for path in schema["paths"].values():
        for operation in path.values():
            told = operation.get("parameters", [])
            operation["parameters"] = [_tried(one, words) for one in told if one["name"] not in ("page", "fields")]
    return schema


def _tried(parameter: dict[str, Any], words: dict[str, list[str]]) -> dict[str, Any]:
    name, shape = parameter["name"], parameter["schema"]
    if parameter["in"] == "path":
        return parameter | {"schema": {"enum": [PARTS[name]]} if name in PARTS else shape}
    if shape.get("type") == "array":
        return parameter | {"schema": shape | {"items": {"enum": ["", *words.get(name, ())]}}}
    if name in ONE_OF:
        return parameter | {"schema": {"enum": words[name]}}
    return parameter | {"schema": {"enum": ["", *shape["enum"]]} if "enum" in shape else shape}


def words_of(site: str) -> dict[str, list[str]]:
    """The words of the rules' filters that the catalog has."""
    rules = get(f"{site}/api/v1/rules/?page_size=500&live=all")["results"]
    techniques = get(f"{site}/api/v1/techniques/?page_size=500")["results"]
    return {
        "vendor": sorted({rule["vendor"] for rule in rules}),
        "source": sorted({rule["vendor"] for rule in rules}),
        **{name: sorted({rule[name] for rule in rules} - {""}) for name in ("language", "status", "level", "parse")},
        "platform": sorted({word for rule in rules for word in rule["platforms"]}),
        "domain": sorted({word for rule in rules for word in rule["domains"]}),
        "technique": sorted({word for rule in rules for word in rule["techniques"]}),
        "tactic": sorted({tactic["shortname"] for tactic in get(f"{site}/api/v1/tactics/")["results"]}),
        "attack_platform": sorted({word for one in techniques for word in one["platforms"]}),
        "parent": ["T1059"],
        "from": ["T1086"],
        "indicator": [get(f"{site}/api/v1/techniques/{PARTS['attack_id']}/indicators/")["results"][0]["id"]],
        "kind": ["sync_source"],
        "state": ["succeeded", "failed"],
    }
