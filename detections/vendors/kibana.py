"""Kibana's export of detection rules (NDJSON) to texts in the form of Elastic's repository: one TOML for each rule.

What is written down is all that the export says of a rule but empty values; fields that Kibana keeps for itself
(revisions, user names, times of execution) stay out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w

from detections.documents.decoding import check_text, check_value
from detections.documents.problem import Problem, UnreadableError, problem_at
from detections.vendors.metadata import jsonable

# Kibana's own bookkeeping about a rule.
_OWN = frozenset(
    {
        "id", "created_at", "created_by", "updated_at", "updated_by", "revision", "immutable", "rule_source",
        "execution_summary", "outcome", "alias_target_id", "alias_purpose", "related_integrations", "required_fields",
        "output_index", "meta", "namespace", "enabled",
    }
)  # fmt: skip
_SUMMARY = frozenset({"exported_count", "exported_rules_count", "exported_exception_list_count"})


def texts(text: str, path: str) -> tuple[list[str], tuple[Problem, ...]]:
    """The TOML text of each rule of an export, and what is wrong with the rest. Raises `UnreadableError`."""
    check_text(text, path)
    found: list[str] = []
    problems: list[Problem] = []
    for offset, value in _objects(text, path):
        if not isinstance(value, dict):
            problems.append(problem_at(text, offset, "This is no rule: a rule is a JSON object.", path=path))
        elif _SUMMARY & value.keys():
            continue
        elif "list_id" in value and "rule_id" not in value:
            name = str(value.get("name") or value["list_id"])[:80]
            message = (
                f"The exception {name!r} is not read: exceptions that stand outside of a rule are not counted. "
                "Write it into the rule's query or filters."
            )
            problems.append(problem_at(text, offset, message, path=path, severity="warning"))
        elif "name" not in value or "type" not in value:
            message = "This object is no detection rule: it has no `name` or no `type`."
            problems.append(problem_at(text, offset, message, path=path))
        else:
            found.append(_toml(value))
    if not found and not problems:
        problems.append(Problem("The export holds no rule.", path))
    return found, tuple(problems)


def _objects(text: str, path: str) -> Iterator[tuple[int, Any]]:
    """Each JSON value of the text with its offset; lines of NDJSON and printed objects alike."""
    decoder = json.JSONDecoder()
    offset = 0
    while True:
        while offset < len(text) and text[offset].isspace():
            offset += 1
        if offset == len(text):
            return
        try:
            value, end = decoder.raw_decode(text, offset)
            check_value(value, path)
        except json.JSONDecodeError as error:
            raise UnreadableError(problem_at(text, error.pos, f"This is no JSON: {error.msg}.", path=path)) from error
        except RecursionError as error:
            message = "The JSON is nested too deep. Rules are not; flatten it."
            raise UnreadableError(problem_at(text, offset, message, path=path)) from error
        except ValueError as error:  # a number longer than Python reads
            raise UnreadableError(problem_at(text, offset, f"A value cannot be read: {error}.", path=path)) from error
        yield offset, value
        offset = end


def _toml(rule: Mapping[str, Any]) -> str:
    about: dict[str, Any] = {}
    for key, name in (("created_at", "creation_date"), ("updated_at", "updated_date")):
        day = str(rule.get(key) or "")[:10].replace("-", "/")
        if day:
            about[name] = day
    about["maturity"] = "production" if rule.get("enabled", True) else "disabled"
    said = {key: _present(jsonable(value)) for key, value in rule.items() if key not in _OWN}
    kept = {key: value for key, value in said.items() if value not in (None, "", [], {})}
    return tomli_w.dumps({"metadata": about, "rule": kept}, multiline_strings=True)


def _present(value: Any) -> Any:
    """A value without the nulls inside it, which TOML does not have."""
    if isinstance(value, dict):
        return {key: _present(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_present(below) for below in value if below is not None]
    return value
