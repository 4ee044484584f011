"""The examples of `fields.md` 5, counted over the labels: what three vendors write in different words is one thing."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from detections.normalization.catalogue import base_catalogue
from detections.normalization.equivalence import equivalence_text
from detections.normalization.names import resolve
from detections.normalization.values import folded
from detections.vendors import elastic, sigmahq

pytestmark = pytest.mark.corpora

LABELS = (("sigma", "sigma.jsonl.gz"), ("elastic", "elastic_eql.jsonl.gz"), ("elastic", "elastic_kql.jsonl.gz"))
# Rules of (Sigma, Elastic). Elastic's ES|QL rules have no such labels: they are what the study counts more there (one
# rundll32, one lsass, two 4624, thirteen 4104, three logon types, one outbound). Sigma has one powershell and, for the
# one label whose rule is not in the checkout, one outbound more than the study.
EQUIVALENT = {
    "Image|base:powershell.exe": (175, 77),
    "Image|base:rundll32.exe": (93, 42),
    "ParentImage|base:winword.exe": (10, 8),
    "TargetImage|base:lsass.exe": (16, 0),
    "EventID|eq:4624": (18, 3),
    "EventID|eq:4104": (0, 1),
    "EventType|eq:consolelogin": (3, 5),
    "EventType|eq:add member to role": (2, 2),
    "TargetFilename|ext:lnk": (7, 3),
    "TargetObject|value:imagepath": (3, 3),
    "LogonType|eq:3": (7, 7),
    "Initiated|eq:true": (52, 8),
}
EXACT = {
    ("Image", ("endswith",), "\\powershell.exe"): (174, 0),
    ("Image", ("eq", "in"), "powershell.exe"): (0, 77),
    ("Image", ("endswith",), "\\rundll32.exe"): (93, 0),
    ("Image", ("eq", "in"), "rundll32.exe"): (0, 42),
    ("TargetFilename", ("endswith",), ".lnk"): (7, 0),
    ("TargetFilename", ("eq", "in"), "lnk"): (0, 3),
    ("TargetObject", ("endswith",), "\\imagepath"): (3, 0),
    ("TargetObject", ("eq", "in"), "imagepath"): (0, 3),
    ("LogonType", ("eq", "in"), "3"): (7, 0),
    ("LogonType", ("eq", "in"), "network"): (0, 7),
}
Rules = set[tuple[str, str]]


def labelled(corpora: Path) -> Iterator[tuple[str, dict, frozenset[str]]]:
    """Vendor, label and context of every labelled rule."""
    for vendor, file in LABELS:
        with gzip.open(corpora / "labels" / file, "rt", encoding="utf-8") as lines:
            for label in map(json.loads, lines):
                own = sigmahq.context(label["logsource"]) if vendor == "sigma" else None
                yield vendor, label, elastic.context(tuple(label["index"] or ()), ()) if own is None else own


@pytest.fixture(scope="module")
def uses(corpora: Path) -> tuple[dict[tuple[str, str, str], Rules], dict[str, Rules]]:
    """The rules that check each exact and each equivalent key."""
    exact: dict[tuple[str, str, str], Rules] = defaultdict(set)
    equivalent: dict[str, Rules] = defaultdict(set)
    for vendor, label, context in labelled(corpora):
        for test in label["predicates"]:
            operator, value, wild = test["op"], test["value"], test.get("wild", False)
            if test["negated"] or operator == "exists":
                continue
            name = resolve(base_catalogue(), vendor, test["field"], context, value=value)
            field = base_catalogue().field(name.canonical)
            rule = vendor, label["path"]
            exact[name.canonical, operator, folded(field, operator, value, wild)].add(rule)
            equivalent[equivalence_text(field, name.form, operator, value, wild, "any")].add(rule)
    return exact, equivalent


def counted(rules: Rules) -> tuple[int, int]:
    return sum(vendor == "sigma" for vendor, _ in rules), sum(vendor == "elastic" for vendor, _ in rules)


@pytest.mark.parametrize("key", EQUIVALENT)
def test_equivalent_reach(key: str, uses) -> None:
    assert counted(uses[1][key]) == EQUIVALENT[key]


@pytest.mark.parametrize("key", EXACT)
def test_exact_reach(key: tuple[str, tuple[str, ...], str], uses) -> None:
    canonical, operators, value = key
    assert counted(set().union(*(uses[0][canonical, operator, value] for operator in operators))) == EXACT[key]


@pytest.mark.parametrize(("vendor", "least"), [("sigma", 0.989), ("elastic", 0.977)])
def test_names_are_resolved(vendor: str, least: float, corpora: Path) -> None:
    """Distinct (rule, field) pairs of the labels that a table knows. For Elastic the context of the query's own tests
    is missing here; with it the share is a little higher (`tests/accuracy`)."""
    known = {
        (label["path"], test["field"]): resolve(base_catalogue(), vendor, test["field"], context).known
        for source, label, context in labelled(corpora)
        if source == vendor
        for test in label["predicates"]
    }
    assert sum(known.values()) / len(known) >= least
