"""The language of the search box: words, and `key:value` terms that ask what rules test and what they are.

    field:Image op:endswith value:*rundll32* excluded:yes   one test that a rule makes: adjacent terms belong together
    vendor:elastic technique:T1218 platform:Windows         what the rule is: any of a key's values, all of the keys
    powershell "encoded command"                            words anywhere in its texts: all of them
    -vendor:splunk -mimikatz -field:User                    none of it

A test is a run of adjacent `field:`, `op:`, `value:` and `excluded:` terms, each at most once: a key that comes again,
a minus, or any other term begins the next. A rule has to make every test. In a value `*` stands for anything and `[*]`
for a star; backslashes are what they are. Quotes keep blanks together, and `""` inside of them is one quote. Other
texts with a colon are words, but for letters, a colon and a word right behind it: that is taken for a mistyped key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args

from detections.documents.problem import Problem
from detections.languages.tree import Operator
from detections.normalization.words import Phrase, phrase_of

LONGEST = 400  # characters of a search
MOST_TERMS = 30

FIELD, OPERATOR, VALUE, EXCLUDED = "field", "op", "value", "excluded"
PREDICATE_KEYS = (FIELD, OPERATOR, VALUE, EXCLUDED)
RULE_KEYS = ("vendor", "technique", "tactic", "platform", "domain", "language", "level", "status", "parse")
KEYS = (*PREDICATE_KEYS, *RULE_KEYS)
OPERATORS: tuple[str, ...] = get_args(Operator)
POLARITIES = {"yes": True, "no": False}

# Letters before a colon; a path, an address or `::` behind it belongs to a text.
_KEY = re.compile(rf"({'|'.join(KEYS)}):|([A-Za-z_]{{2,}}):(?![\\/:\s]|$)", re.IGNORECASE)
_STAR = re.compile(r"\[\*\]|\*")


@dataclass(frozen=True, slots=True)
class Term:
    """One term. `key` is "" for words; `start` and `end` are offsets into what was typed."""

    key: str
    text: str
    start: int
    end: int
    negated: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Predicate:
    """A test that a rule has to make, or must not (`negated`). What is None was not asked for.

    `value` are the parts between the stars: one part is the whole value, ("", "a", "") is `*a*`.
    """

    field: Term | None = None
    operator: str | None = None
    value: tuple[str, ...] | None = None
    excluded: bool | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for. With `problems` it is not to be answered."""

    text: str
    words: tuple[Term, ...] = ()
    facets: tuple[Term, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but words to be found."""
        return not (self.facets or self.predicates or any(term.negated for term in self.words))

    @property
    def sought(self) -> tuple[str, ...]:
        """The words as they were typed, those to be found."""
        return tuple(term.text for term in self.words if not term.negated)

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """What to find in the texts of rules: all of it."""
        return _phrases(term for term in self.words if not term.negated)

    @property
    def unwanted(self) -> tuple[Phrase, ...]:
        """What must not be there: none of it."""
        return _phrases(term for term in self.words if term.negated)


def parse(text: str) -> Search:
    """Read what was typed. Never raises: what cannot be read is a problem with its column."""
    if len(text) > LONGEST:
        told = f"The search has {len(text):,} characters; {LONGEST} are read. Make it shorter."
        return Search(text[:LONGEST], problems=(Problem(told),))
    problems: list[Problem] = []
    terms = list(_terms(text, problems))
    if len(terms) > MOST_TERMS:
        problems.append(problem(text, terms[MOST_TERMS], f"At most {MOST_TERMS} terms are read. Take some away."))
    return Search(
        text,
        words=tuple(term for term in terms if not term.key),
        facets=tuple(term for term in terms if term.key in RULE_KEYS),
        predicates=tuple(_predicates(terms)),
        problems=tuple(problems),
    )


def problem(text: str, term: Term, message: str) -> Problem:
    """What is wrong with a term of `text`."""
    return Problem(
        f"At {term.start + 1}, {text[term.start : term.end][:60]}: {message}",
        column=term.start + 1, start=term.start, end=term.end, snippet=text,
    )  # fmt: skip


def known(word: str, names: Iterable[str]) -> str:
    """The close ones among `names`, else all of them, as the end of a message."""
    listed = list(names)
    close = get_close_matches(word.lower(), listed, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(listed)}."


def _terms(text: str, problems: list[Problem]) -> Iterator[Term]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += negated
        named = _KEY.match(text, at)
        key = (named[1] or named[2]).lower() if named else ""
        at = named.end() if named else at
        quoted = at < len(text) and text[at] == '"'
        value, at, closed = _quoted(text, at) if quoted else _bare(text, at)
        term = Term(key, value, start, at, negated, quoted)
        wrong = _wrong(term, closed)
        if wrong:
            problems.append(problem(text, term, wrong))
        else:
            yield term


def _quoted(text: str, at: int) -> tuple[str, int, bool]:
    """A text in quotes, where it ends, and whether its last quote is there."""
    end = at + 1
    while True:
        end = text.find('"', end)
        if end < 0:
            return text[at + 1 :], len(text), False
        if text[end + 1 : end + 2] != '"':
            return text[at + 1 : end].replace('""', '"'), end + 1, True
        end += 2


def _bare(text: str, at: int) -> tuple[str, int, bool]:
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[at:end], end, True


def _wrong(term: Term, closed: bool) -> str:
    """What is wrong with a term by itself; "" when nothing is."""
    if not closed:
        return "the quote is not closed. Write a second one where the text ends."
    if not term.key:
        return ""
    if term.key not in KEYS:
        hint = known(term.key, KEYS)
        return f"there is no key {term.key!r}. {hint} To look for the text itself, put it into quotes."
    if not term.text and not (term.key == VALUE and term.quoted):
        return f"nothing stands behind {term.key}:. Write the value right behind the colon, or take the term away."
    if term.key == OPERATOR and term.text.lower() not in OPERATORS:
        return f"there is no operator {term.text!r}. {known(term.text, OPERATORS)}"
    if term.key == EXCLUDED and term.text.lower() not in POLARITIES:
        return "write excluded:yes for what rules exclude, excluded:no for what they look for."
    return ""


def _predicates(terms: Iterable[Term]) -> Iterator[Predicate]:
    run: dict[str, Term] = {}
    for term in terms:
        if run and (term.key not in PREDICATE_KEYS or term.key in run or term.negated):
            yield _predicate(run)
            run = {}
        if term.key in PREDICATE_KEYS:
            run[term.key] = term
    if run:
        yield _predicate(run)


def _predicate(run: dict[str, Term]) -> Predicate:
    operator, value, excluded = run.get(OPERATOR), run.get(VALUE), run.get(EXCLUDED)
    return Predicate(
        run.get(FIELD),
        operator.text.lower() if operator else None,
        _parts(value.text) if value else None,
        POLARITIES[excluded.text.lower()] if excluded else None,
        next(iter(run.values())).negated,
    )


def _parts(text: str) -> tuple[str, ...]:
    """The texts between the stars; several stars in a row are one."""
    parts, last = [""], 0
    for star in _STAR.finditer(text):
        parts[-1] += text[last : star.start()]
        last = star.end()
        if star[0] != "*":
            parts[-1] += "*"
        elif len(parts) == 1 or parts[-1]:
            parts.append("")
    parts[-1] += text[last:]
    return tuple(parts)


def _phrases(terms: Iterable[Term]) -> tuple[Phrase, ...]:
    found = (phrase_of(term.text, exact=term.quoted) for term in terms)
    return tuple(dict.fromkeys(phrase for phrase in found if phrase is not None))
