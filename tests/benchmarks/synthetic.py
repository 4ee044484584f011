"""A catalog as large as asked for, in the shape of the public corpora and with no word of theirs.

Rule `number` of a seed is always the same text, so a smaller catalog is the beginning of a larger one, and an edit is
the same rule in another `variant`: some of its values are others. Measured on SigmaHQ and Elastic (September 2026) and
kept here: values a rule, how unevenly fields, values and techniques are used, the share of values that one rule alone
uses, of excluded values, of rules that no longer live and of copies. Of three sources one is private.
"""

from __future__ import annotations

import json
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from uuid import UUID

from detections.analysis.analysis import analyse
from detections.analysis.rows import FileRow, problems_json, rule_row
from detections.vendors import VENDORS
from detections.vendors.vendor import ReadWith

SEED = 1
TECHNIQUES = 528  # that rules are tagged with
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u")]
# Below which number of values so much of the rules are.
_SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
_OWN = 0.47  # of the values of an open field, those that no other rule uses
_UNEVEN = 1 / (1 - 0.65)  # the exponent that gives ranks a frequency of rank ** -0.65


@dataclass(frozen=True, slots=True)
class Tested:
    """A field as the vendor writes it, how often it is tested, and how its values look.

    `words` is how many values rules share; a `closed` field has no others.
    """

    name: str
    weight: int
    words: int
    form: str = "{}"
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """One source of the catalog. `values` are the numbers of values a rule at the `_SHARES`."""

    slug: str
    vendor: str
    public: bool
    values: tuple[int, ...]
    techniques: tuple[int, ...]
    scopes: tuple[Tested, ...]
    fields: tuple[Tested, ...]


_SIGMA = Corpus(
    "sigma", "sigma", True,
    values=(1, 1, 3, 5, 9, 19, 30, 79, 994, 4432),
    techniques=(0, 1, 1, 1, 1, 1, 1, 2, 2, 3),
    scopes=(),
    fields=(
        Tested("Image|endswith", 40, 2600, "\\{}.exe"), Tested("CommandLine|contains", 33, 2600, " -{} "),
        Tested("OriginalFileName", 15, 500, "{}.exe"), Tested("EventID", 12, 120, closed=True),
        Tested("ParentImage|endswith", 9, 500, "\\{}.exe"), Tested("TargetFilename|endswith", 6, 400, "\\{}.tmp"),
        Tested("TargetObject|contains", 6, 400, "\\Software\\{}\\"), Tested("Provider_Name", 5, 60, closed=True),
        Tested("ScriptBlockText|contains", 5, 500), Tested("ImageLoaded|endswith", 4, 400, "\\{}.dll"),
        Tested("Image|startswith", 4, 200, "C:\\{}\\"), Tested("User|contains", 2, 60), Tested("Details", 3, 100),
        Tested("cs-uri-query|contains", 2, 200, "/{}="), Tested("Description", 2, 80), Tested("Product", 1, 60),
    ),
)  # fmt: skip
_ELASTIC = Corpus(
    "elastic", "elastic", True,
    values=(1, 2, 5, 10, 21, 45, 66, 129, 356, 2701),
    techniques=(1, 1, 2, 2, 2, 3, 3, 4, 5, 6),
    scopes=(
        Tested("event.category", 58, 8, closed=True), Tested("host.os.type", 50, 3, closed=True),
        Tested("event.type", 38, 8, closed=True), Tested("event.dataset", 32, 120, closed=True),
    ),
    fields=(
        Tested("process.name", 50, 1500, "{}.exe"), Tested("event.action", 40, 700, "{}-event", closed=True),
        Tested("process.args", 26, 1500, "-{}"), Tested("process.parent.name", 20, 500, "{}.exe"),
        Tested("event.outcome", 17, 2, closed=True), Tested("process.executable", 12, 500, "C:\\\\{}\\\\run.exe"),
        Tested("event.provider", 12, 90, "{}.example.org", closed=True), Tested("file.path", 10, 500, "/opt/{}/*"),
        Tested("file.name", 6, 300, "{}.bin"), Tested("user.id", 4, 30, closed=True), Tested("user.name", 3, 90),
        Tested("dns.question.name", 3, 200, "{}.example.net"), Tested("registry.path", 3, 200, "*\\\\{}\\\\*"),
    ),
)  # fmt: skip
_TEAM = Corpus("team", "sigma", False, _SIGMA.values, _SIGMA.techniques, _SIGMA.scopes, _SIGMA.fields)
CORPORA = (_SIGMA, _ELASTIC, _TEAM)
_COPIED = 19  # how far behind its copy a public rule stands


@dataclass(frozen=True, slots=True)
class SyntheticRule:
    """One rule as a file of its corpus."""

    corpus: Corpus
    own_id: str
    path: str
    text: str


def synthetic_rule(number: int, variant: int = 0, seed: int = SEED) -> SyntheticRule:
    """The rule of a number: ten in twenty are Sigma's, seven Elastic's, three the team's, of which every ninth is a
    copy of one of Sigma's."""
    place = number % 20
    corpus = _SIGMA if place < 10 else _ELASTIC if place < 17 else _TEAM
    copied = number - _COPIED if place == _COPIED and number // 20 % 3 == 0 else number
    random = Random(f"{seed}/{copied}")  # noqa: S311 no secret
    own_id = str(UUID(int=random.getrandbits(128), version=4))
    gone = random.random() < 0.04
    tags = [_technique(random) for _ in range(_at_share(random, corpus.techniques))]
    conditions = _conditions(random, corpus)
    if variant:
        _vary(conditions, Random(f"{seed}/{copied}/{variant}"))  # noqa: S311 no secret
    write, folder, suffix = _WRITERS[corpus.vendor]
    text = write(f"Rule {copied} in variant {variant}", own_id, list(dict.fromkeys(tags)), conditions)
    return SyntheticRule(
        corpus, own_id, f"{'deprecated' if gone and corpus.vendor == 'sigma' else folder}/{number}{suffix}", text
    )


def technique_id(rank: int) -> str:
    """Every third is a sub-technique of the one before it that is none."""
    parent = f"T{8000 + rank - rank % 3}"
    return f"{parent}.{rank % 3:03}" if rank % 3 else parent


def file_row(rule: SyntheticRule) -> FileRow:
    """The rule read and analysed as an import does it."""
    reading = VENDORS[rule.corpus.vendor].read(rule.text, rule.path, ReadWith())
    rows = tuple(rule_row(analyse(document)) for document in reading.documents)
    return FileRow(rule.path, "", problems_json(reading.problems), rows)


# --- values -----------------------------------------------------------------------------------------------------

# A condition: the field, its values, whether it is excluded.
_Condition = tuple[Tested, list[str], bool]


def _conditions(random: Random, corpus: Corpus) -> list[_Condition]:
    left = _at_share(random, corpus.values)
    found: list[_Condition] = []
    for scope in corpus.scopes:
        if left > 1 and random.random() * 100 < scope.weight:
            found.append((scope, [_value(random, scope)], False))
            left -= 1
    excludes = random.random() < 0.38
    weights = list(accumulate(tested.weight for tested in corpus.fields))
    taken = set()
    while left:
        tested = corpus.fields[bisect(weights, random.random() * weights[-1])]
        excluded = excludes and random.random() < 0.5
        number = min(left, max(1, round(left * random.random() * 0.7)))
        left -= number
        if (tested.name, excluded) not in taken:
            taken.add((tested.name, excluded))
            values = [_value(random, tested) for _ in range(number)]
            found.append((tested, list(dict.fromkeys(values)), excluded))
    if all(excluded for *_, excluded in found):
        found = [(tested, values, False) for tested, values, _ in found]
    return found


def _vary(conditions: list[_Condition], random: Random) -> None:
    """Some values become others: about a quarter, one at least."""
    places = [(values, at) for tested, values, _ in conditions for at in range(len(values))]
    fields = [tested for tested, values, _ in conditions for _ in values]
    for chosen in random.sample(range(len(places)), (len(places) + 3) // 4):
        values, at = places[chosen]
        values[at] = _value(random, fields[chosen])


def _value(random: Random, tested: Tested) -> str:
    if not tested.closed and random.random() < _OWN:
        return tested.form.format(_word(random.getrandbits(42)))
    rank = int(tested.words * random.random() ** _UNEVEN)
    return tested.form.format(_word(rank + sum(tested.name.encode()) * 5000))


def _word(number: int) -> str:
    word = ""
    while True:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
        if not number:
            return word


def _technique(random: Random) -> str:
    return technique_id(int(TECHNIQUES * random.random() ** 2))


def _at_share(random: Random, numbers: tuple[int, ...]) -> int:
    """A number drawn so that its shares are those of `numbers`, straight between them."""
    share = random.random()
    above = bisect(_SHARES, share)
    low, high = _SHARES[above - 1], _SHARES[above]
    return round(numbers[above - 1] + (numbers[above] - numbers[above - 1]) * (share - low) / (high - low))


# --- files ------------------------------------------------------------------------------------------------------


def _sigma(title: str, own_id: str, tags: list[str], conditions: list[_Condition]) -> str:
    lines = [
        f"title: {title}", f"id: {own_id}", "status: test", "level: medium", "author: Nobody", "date: 2026-01-02",
        f"tags: [{', '.join(f'attack.{tag.lower()}' for tag in tags)}]",
        "logsource: {product: windows, category: process_creation}", "detection:",
    ]  # fmt: skip
    for name, wanted in (("selection", False), ("filter_main", True)):
        chosen = [(tested, values) for tested, values, excluded in conditions if excluded is wanted]
        if chosen:
            lines.append(f"  {name}:")
        for tested, values in chosen:
            lines.append(f"    {tested.name}:")
            lines += [f"      - '{value}'" for value in values]
    filtered = any(excluded for *_, excluded in conditions)
    lines.append(f"  condition: selection{' and not filter_main' if filtered else ''}")
    return "\n".join(lines) + "\n"


def _elastic(title: str, own_id: str, tags: list[str], conditions: list[_Condition]) -> str:
    parts = [
        f"{'not ' if excluded else ''}{tested.name}:({' or '.join(map(_kql, values))})"
        for tested, values, excluded in conditions
    ]
    query = " and\n  ".join(parts)
    threats = "".join(
        '[[rule.threat]]\nframework = "MITRE ATT&CK"\n'
        '[rule.threat.tactic]\nid = "TA0002"\nname = "Execution"\nreference = "https://example.org/"\n'
        f'[[rule.threat.technique]]\nid = "{tag.split(".")[0]}"\nname = "A"\nreference = "https://example.org/"\n'
        + (
            f'[[rule.threat.technique.subtechnique]]\nid = "{tag}"\nname = "B"\nreference = "https://example.org/"\n'
            if "." in tag
            else ""
        )
        for tag in tags
    )
    return (
        '[metadata]\ncreation_date = "2026/01/02"\nmaturity = "production"\nupdated_date = "2026/01/03"\n\n'
        f'[rule]\nauthor = ["Nobody"]\ndescription = "A rule of the benchmark."\nlanguage = "kuery"\n'
        f'license = "Apache-2.0"\nname = "{title}"\nrisk_score = 21\nrule_id = "{own_id}"\nseverity = "low"\n'
        f"tags = [\"OS: Windows\", \"Domain: Endpoint\"]\ntype = \"query\"\nquery = '''\n{query}\n'''\n{threats}"
    )


def _kql(value: str) -> str:
    return value if "*" in value else json.dumps(value).replace("\\\\\\\\", "\\\\")


_WRITERS = {"sigma": (_sigma, "rules", ".yml"), "elastic": (_elastic, "rules", ".toml")}
