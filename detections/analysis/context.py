"""Context: the tokens that choose among an alias's categories, from a rule's document and from its conditions.

`process.executable` is the acting program, except in a process-access event; `file.path` is a file, except in a
library event, where it is the loaded image. What kind of event a condition is about is said by the vendor (a Sigma
log source, a Splunk data model) or by the query itself (an EQL category, a test of event.category).
"""

from __future__ import annotations

from collections.abc import Iterable

from detections.languages.tree import Condition, Node, walk

# Elastic's event categories in the words of the alias table's `category` column.
_CATEGORIES = {
    "process": ("process_creation",),
    "file": ("file", "file_event"),
    "registry": ("registry",),
    "network": ("network_connection",),
    "dns": ("dns",),
    "library": ("image_load",),
    "driver": ("driver_load",),
    "authentication": ("authentication",),
    "web": ("web",),
}
_DATASETS = {
    "aws": "aws",
    "azure": "azure",
    "o365": "m365",
    "gcp": "gcp",
    "google_workspace": "gworkspace",
    "okta": "okta",
    "github": "github",
    "kubernetes": "kubernetes",
    "auditd": "auditd",
    "auditd_manager": "auditd",
    "zeek": "zeek",
}
_CATEGORY_FIELDS = {"event.category"}
_DATASET_FIELDS = {"event.dataset", "data_stream.dataset", "event.module"}
_ID_FIELDS = {"event.code", "winlog.event_id"}
_LOGON_IDS = {"4624", "4625", "4648"}


def of_category(category: str) -> frozenset[str]:
    """The tokens of one event category ("" has none)."""
    return frozenset(_CATEGORIES.get(category.lower(), ()))


def of_conditions(tree: Node | None) -> frozenset[str]:
    """The tokens that the query's own positive tests give: categories, data sets, Windows event ids."""
    tokens: set[str] = set()
    windows = False
    for condition, negated in walk(tree):
        if negated:
            continue
        values = [test.value.lower() for test in condition.tests if test.operator in ("eq", "in", "startswith")]
        if condition.field in _CATEGORY_FIELDS:
            for value in values:
                tokens |= of_category(value)
        elif condition.field in _DATASET_FIELDS:
            tokens |= set(_datasets(values))
        elif condition.field in _ID_FIELDS:
            tokens |= {"5145"} & set(values)
            tokens |= {"windows_logon"} if _LOGON_IDS & set(values) else set()
        elif condition.field == "host.os.type":
            windows = windows or "windows" in values
        if condition.context:
            tokens |= of_category(condition.context) & {"authentication"}
    if windows and "authentication" in tokens:
        tokens.add("windows_logon")
    return frozenset(tokens)


def _datasets(values: Iterable[str]) -> Iterable[str]:
    for value in values:
        token = _DATASETS.get(value.split(".")[0])
        if token:
            yield token


def of_condition(condition: Condition, rule: frozenset[str]) -> frozenset[str]:
    """The tokens for one condition: the rule's, with its own event category in place of any other."""
    own = of_category(condition.context)
    if not own:
        return rule
    others = frozenset(token for tokens in _CATEGORIES.values() for token in tokens) - own
    return (rule - others) | own
