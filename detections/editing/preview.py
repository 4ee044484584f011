"""What a text would say as a rule, with the reach of each predicate, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from detections.analysis.analysis import Analysis, analyse
from detections.analysis.overrides import NOTHING, Overrides
from detections.analysis.predicate import Predicate
from detections.attack.technique import TECHNIQUE_ID
from detections.documents.decoding import decode
from detections.documents.document import RuleDocument
from detections.documents.problem import Problem, UnreadableError
from detections.importing.names import current_catalogue
from detections.importing.stored import document_of, read_with_of, stored_document
from detections.models import Indicator, Reader, Rule, Source
from detections.models.indicator import NOT_STORED
from detections.vendors.vendor import ReadWith


@dataclass(frozen=True, slots=True)
class PredicateReach:
    """One predicate and how common its indicator is; `reach` is None where it is no indicator or nobody else's.

    The figures leave out the rule itself: they say how many others check the same.
    """

    field: str
    operator: str
    value: str
    excluded: bool
    role: str
    counted: bool
    start: int
    end: int
    key: str = ""
    reach: int | None = None
    excluded_reach: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """`analysis` is None when the text holds no rule at all. `refused` says why it cannot be saved, "" when it can."""

    analysis: Analysis | None
    problems: tuple[Problem, ...]
    predicates: tuple[PredicateReach, ...] = ()
    refused: str = ""

    @property
    def savable(self) -> bool:
        return not self.refused


def preview(
    source: Source,
    text: str,
    overrides: Overrides = NOTHING,
    reader: Reader = Reader.STAFF,
    rule: Rule | None = None,
    path: str = "",
) -> Preview:
    """Read `text` as a rule of `source`, in place of `rule` when one is given. Never raises for what is typed."""
    try:
        document = read_document(source, text, rule, path)
    except UnreadableError as error:
        return Preview(None, (error.problem,), refused=f"The text holds no rule: {error.problem.message}")
    analysis = analyse(document, current_catalogue(), overrides)
    # What the rule says already stands, whatever is wrong in it: its words may still be laid over.
    stands = rule is not None and rule.text.text == document.text
    refused = ("" if stands else refusal(analysis, rule)) or _wrong_overrides(overrides)
    return Preview(analysis, analysis.problems, tuple(_with_reach(analysis, reader, rule)), refused)


def read_document(source: Source, text: str, rule: Rule | None, path: str = "") -> RuleDocument:
    """The document that a typed text holds: at the rule's address, or of a new rule at `path`.

    A text with another id than the rule's gives a document with that id. Raises `UnreadableError`.
    """
    text = decode(text.encode("utf-8", "surrogatepass"))
    read_with = read_with_of(source)
    if rule is None:
        return document_of(source, text, path, read_with)
    typed = document_of(source, text, rule.path, read_with)
    document = stored_document(rule, read_with, text)
    if typed.own_id == rule.own_id or typed.own_id == _made_id(rule, read_with):
        return replace(document, line=typed.line)
    return replace(document, own_id=typed.own_id, line=typed.line)


def _made_id(rule: Rule, read_with: ReadWith) -> str:
    """The id that the rule's own text gives when it is read alone: made from its path where it names none."""
    try:
        return document_of(rule.source, rule.text.text, rule.path, read_with).own_id
    except UnreadableError:
        return rule.own_id


def refusal(analysis: Analysis, rule: Rule | None) -> str:
    """Why an analysed text cannot stand as the rule (or as a new one); "" when it can."""
    if rule is not None and analysis.document.own_id != rule.own_id:
        return f"The id is the rule's address and stays {rule.own_id}. For another id make a new rule."
    errors = [problem for problem in analysis.problems if problem.severity == "error"]
    if errors:
        first = errors[0]
        where = f"Line {first.line}: " if first.line else ""
        return f"{where}{first.message} A text that does not parse can be kept as a draft."
    if analysis.parse == "none" and not any(problem.severity == "note" for problem in analysis.problems):
        return "Nothing of the query could be read. It can be kept as a draft."
    return ""


def _wrong_overrides(overrides: Overrides) -> str:
    wrong = [id_ for id_ in overrides.techniques or () if not TECHNIQUE_ID.fullmatch(id_)]
    if wrong:
        return f"{wrong[0]!r} is no technique id. Write T1059 or T1059.001."
    if overrides.title is not None and not overrides.title.strip():
        return "The title is empty. Leave the field blank to take the text's own title."
    return ""


def _with_reach(analysis: Analysis, reader: Reader, rule: Rule | None) -> Iterator[PredicateReach]:
    reaches = Indicator.objects.reach_by_key(reader, {row.key for row in analysis.predicates if row.key})
    own: set[tuple[str, bool]] = set()
    if rule is not None and rule.live and (reader.sees_everything or rule.source.public):
        own = set(rule.indicators.filter(counted=True).values_list("indicator_id", "excluded"))
    for row in analysis.predicates:
        reach, excluded, _ = reaches.get(row.key, NOT_STORED)
        reach, excluded = reach - ((row.key, False) in own), excluded - ((row.key, True) in own)
        yield _row(row, reach or None, excluded or None)


def _row(predicate: Predicate, reach: int | None, excluded_reach: int | None) -> PredicateReach:
    return PredicateReach(
        predicate.canonical, predicate.operator, predicate.value, predicate.negated, predicate.role,
        predicate.counted, predicate.test.start, predicate.test.end, predicate.key, reach, excluded_reach,
    )  # fmt: skip
