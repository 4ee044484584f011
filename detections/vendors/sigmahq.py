"""SigmaHQ: YAML files of Sigma documents, to rule documents. Teams' own Sigma rules are read the same way."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import yaml

from detections.documents.document import FileReading, Lifecycle, LogSource, RuleDocument
from detections.documents.problem import Problem, Severity, UnreadableError, problem_at
from detections.documents.yaml import load_documents
from detections.languages.sigma.parts import Part, kind_of, parts
from detections.vendors.vendor import ReadWith, Vendor

LICENCE = "DRL-1.1"
FOLDERS: dict[str, Lifecycle] = {
    "deprecated": "deprecated",
    "unsupported": "unsupported",
    "rules": "live",
    "rules-compliance": "live",
    "rules-dfir": "live",
    "rules-emerging-threats": "live",
    "rules-placeholder": "live",
    "rules-threat-hunting": "live",
}
# Outside of SigmaHQ's folders the rule's own word decides.
_LIFECYCLES: dict[str, Lifecycle] = {"deprecated": "deprecated", "unsupported": "unsupported"}
_STATUSES = frozenset({"stable", "test", "experimental", "deprecated", "unsupported"})
_LEVELS = frozenset({"informational", "low", "medium", "high", "critical"})

_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_OTHER_ATTACK_ID = re.compile(r"(ta|ds|[gscm])\d{4}")  # a tactic's number, a group, a campaign, software
_COMMA = re.compile(r",(?![^()]*\))")  # "Jane (Red, Blue), Joe" are two people
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_EXTRA = ("name", "logsource", "related", "fields", "correlation", "filter")
# Families of log source categories that the alias table knows by one name (`fields.md` 3).
_FAMILIES = (
    ("registry", re.compile(r"registry(_.*)?")),
    ("file", re.compile(r"file_.*")),
    ("dns", re.compile(r"dns(_.*)?")),
    ("web", re.compile(r"webserver|proxy")),
)


def read(text: str, path: str, read_with: ReadWith) -> FileReading:
    """The rules of one file. Raises `UnreadableError` when the YAML cannot be loaded."""
    documents: list[RuleDocument] = []
    problems: list[Problem] = []
    try:
        for part in parts(load_documents(text, path)):
            kind = kind_of(part.document.value)
            if kind:
                documents.append(_Metadata(part, path).document(kind))
            else:
                problems.append(Problem(_no_rule(part.document.value), path, part.own.line, 1))
    except UnreadableError as error:
        raise UnreadableError(replace(error.problem, path=path)) from error
    if not documents and not problems:
        problems.append(Problem("The file holds no rule. A Sigma rule has a title, a logsource and a detection.", path))
    return FileReading(path, tuple(documents), tuple(problems))


def _no_rule(value: Any) -> str:
    if not isinstance(value, dict):
        return "This document is no Sigma rule: a rule is a map with a title, a logsource and a detection."
    return "This document is no Sigma rule: it has no `detection` (nor `correlation`, nor `filter`)."


@dataclass(slots=True)
class _Metadata:
    """Reads what one document says about its rule; what has the wrong shape becomes a warning, never an error."""

    part: Part
    path: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def value(self) -> dict[Any, Any]:
        held: dict[Any, Any] = self.part.document.value
        return held

    def document(self, kind: str) -> RuleDocument:
        document, number = self.part.document, self.part.number
        path = self.path if number == 1 else f"{self.path}#{number}"
        status = self._choice("status", _STATUSES)
        tags = self._texts("tags")
        source = _log_source(self.value.get("logsource"))
        return RuleDocument(
            vendor=VENDOR.slug,
            own_id=self._own_id(),
            title=self._title(),
            path=path,
            text=document.own_text,
            language="sigma",
            line=document.line,
            description=self._text("description"),
            authors=self._authors(),
            licence=self._text("license"),
            status=status,
            level=self._choice("level", _LEVELS),
            type="" if kind == "rule" else kind,
            lifecycle=_lifecycle(self.path, status),
            references=self._texts("references"),
            false_positives=self._texts("falsepositives"),
            created=self._date("date"),
            modified=self._date("modified"),
            tags=tags,
            technique_ids=technique_ids(tags),
            tactics=tactics(tags),
            log_sources=(LogSource("logsource", " / ".join(source.values())),) if source else (),
            evidence=evidence(source),
            context=context(source),
            extra={key: _jsonable(self.value[key]) for key in _EXTRA if self.value.get(key)},
            problems=(*self._document_problems(), *self.problems),
            loaded=document,
        )

    def _own_id(self) -> str:
        """The rule's id; one made from its place in the repository when it has none that can be an address."""
        shared = self.part.shared
        own = str(self.part.own.value.get("id") or "").strip()
        common = str(shared.value.get("id") or "").strip() if shared else ""
        if _OWN_ID.fullmatch(own):
            return own
        if own:
            message = "The id has to be 1 to 100 letters, digits, dots, hyphens and underscores; a UUID is best."
            self._complain("id", message)
        elif _OWN_ID.fullmatch(common):
            # Several rules of one file share the id: the first takes it, the others get one made from it.
            number = self.part.follower
            return common if number == 1 else str(uuid.uuid5(uuid.NAMESPACE_URL, f"sigma:{common}#{number}"))
        else:
            self._complain("title", "The rule has no id: one is made from its path. Give it a UUID.")
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sigma:{self.path}#{self.part.number}"))

    def _title(self) -> str:
        title = self._text("title")
        if title:
            return title
        self._complain("title", "The rule has no title: its file's name stands for it.")
        return self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    def _text(self, key: str) -> str:
        held = self.value.get(key)
        if held is None:
            return ""
        if isinstance(held, dict | list):
            self._complain(key, f"`{key}` has to be a text.")
            return ""
        return str(held).strip()

    def _texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list; one text alone is a list of one."""
        held = self.value.get(key)
        if held is None:
            return ()
        if isinstance(held, dict):
            self._complain(key, f"`{key}` has to be a list of texts.")
            return ()
        members = held if isinstance(held, list) else [held]
        if any(isinstance(member, dict | list) for member in members):
            self._complain(key, f"`{key}` has to be a list of texts: what is none is left out.")
        texts = (str(member).strip() for member in members if not isinstance(member, dict | list | None))
        return tuple(text for text in texts if text)

    def _choice(self, key: str, known: frozenset[str]) -> str:
        word = self._text(key).lower()
        if word and word not in known:
            self._complain(key, f"Sigma does not know the {key} {word[:40]!r}: it has {', '.join(sorted(known))}.")
        return word

    def _authors(self) -> tuple[str, ...]:
        names = (name.strip() for text in self._texts("author") for name in _COMMA.split(text))
        return tuple(dict.fromkeys(name for name in names if name))

    def _date(self, key: str) -> str:
        """A date in ISO form, from YAML's own dates and from texts such as 2024/06/22."""
        held = self.value.get(key)
        if isinstance(held, datetime):
            return held.date().isoformat()
        if isinstance(held, date):
            return held.isoformat()
        if held is None or held == "":
            return ""
        found = _DATE.fullmatch(str(held).strip())
        try:
            if found:
                return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
        except ValueError:
            pass
        self._complain(key, f"`{key}` is no date: write it as 2024-06-22.")
        return ""

    def _complain(self, key: str, message: str, severity: Severity = "warning") -> None:
        """A problem at the key, or at the document's beginning when the key is not there."""
        root = self.part.document.node
        place: yaml.Node = root
        if isinstance(root, yaml.MappingNode):
            place = next((name for name, _ in root.value if name.value == key), root)
        offset = place.start_mark.index if place.start_mark else 0
        found = problem_at(self.part.document.text, offset, message, severity=severity)
        self.problems.append(self._in_file(found))

    def _document_problems(self) -> list[Problem]:
        return [self._in_file(problem) for problem in self.part.document.problems]

    def _in_file(self, problem: Problem) -> Problem:
        """A problem of `document.text`: with the file's line, and offsets into the rule's own text."""
        shift = self.part.document.start
        start = problem.start - shift if problem.start is not None else None
        end = problem.end - shift if problem.end is not None else None
        return replace(problem.at(self.path, self.part.first_line), start=start, end=end)


def technique_ids(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The ATT&CK techniques among a rule's tags, as written and in order."""
    names = _attack_tags(tags)
    return tuple(dict.fromkeys(name.upper() for name in names if _TECHNIQUE.fullmatch(name)))


def tactics(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The ATT&CK tactics among a rule's tags as slugs: `attack.credential_access` gives credential-access."""
    names = [name for name in _attack_tags(tags) if not _TECHNIQUE.fullmatch(name)]
    return tuple(dict.fromkeys(name.replace("_", "-") for name in names if not _OTHER_ATTACK_ID.fullmatch(name)))


def _attack_tags(tags: tuple[str, ...]) -> list[str]:
    found = []
    for tag in tags:
        namespace, _, name = tag.lower().partition(".")
        if namespace == "attack" and name:
            found.append(name)
    return found


def evidence(source: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What tells platform and domain, the strongest first (`fields.md` 6)."""
    found = []
    if "product" in source and "service" in source:
        found.append(("product+service", f"{source['product']}/{source['service']}"))
    found += [(kind, source[kind]) for kind in ("product", "category", "service") if kind in source]
    return tuple((kind, text.lower()) for kind, text in found)


def context(source: Mapping[str, str]) -> frozenset[str]:
    """The tokens that choose among an alias's categories."""
    tokens = {text.lower() for text in source.values()}
    families = {family for family, names in _FAMILIES for token in tokens if names.fullmatch(token)}
    return frozenset(tokens | families)


def _log_source(value: Any) -> dict[str, str]:
    """Product, category and service of a log source, in this order, those that it has."""
    if not isinstance(value, dict):
        return {}
    held = {kind: value.get(kind) for kind in ("product", "category", "service")}
    return {kind: text.strip() for kind, text in held.items() if isinstance(text, str) and text.strip()}


def _lifecycle(path: str, status: str) -> Lifecycle:
    """Live or not: by SigmaHQ's folders, every `rules*` folder of theirs being live, elsewhere by the status."""
    folder = path.split("/", 1)[0] if "/" in path else ""
    if folder in FOLDERS:
        return FOLDERS[folder]
    return "live" if folder.startswith("rules-") else _LIFECYCLES.get(status, "live")


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_jsonable(below) for below in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


VENDOR = Vendor(
    slug="sigma",
    name="SigmaHQ",
    repository="https://github.com/SigmaHQ/sigma",
    branch="master",
    licence=LICENCE,
    folders=FOLDERS,
    suffixes=(".yml", ".yaml"),
    structural_parents=False,
    read=read,
)
