"""Sigma's field names in those of ECS or CIM as a processing pipeline of pySigma's, in YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from detections.guide.mapping import MappedNames

CONTENT_TYPE = "application/yaml; charset=utf-8"
PRIORITY = 20  # after what a backend needs first, before what it adds last


def pipeline_yaml(name: str, mappings: Iterable[MappedNames], said: Iterable[str] = ()) -> str:
    """The pipeline as a file that pySigma loads; `said` are lines of comment at its head."""
    pipeline = {"name": name, "priority": PRIORITY, "transformations": items(mappings)}
    head = "".join(f"# {line}\n" for line in said)
    return head + _dumped(pipeline)


def items_yaml(mappings: Iterable[MappedNames]) -> str:
    """The pipeline's items alone."""
    return _dumped(items(mappings))


def items(mappings: Iterable[MappedNames]) -> list[dict[str, Any]]:
    return [_item(place, mapping) for place, mapping in enumerate(mappings, 1)]


def _item(place: int, mapping: MappedNames) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": f"fieldguide_{place}", "type": "field_name_mapping", "mapping": dict(mapping.names),
    }  # fmt: skip
    if mapping.log_sources:
        item["rule_conditions"] = [{"type": "logsource", kind: word} for kind, word in mapping.log_sources]
        item["rule_cond_op"] = "or"
    if mapping.elsewhere:
        item["rule_cond_not"] = True
    return item


def _dumped(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
