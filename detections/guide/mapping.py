"""Sigma's field names in the words of ECS or CIM: which name stands for which, and in which log sources.

A name is mapped as rules are normalized: what a Sigma rule means by it in a log source, and the name of the same field
in the other namespace that holds the same part of the value. Nothing is mapped where the values would be spelled
otherwise, and in CIM only where a data model holds the events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count

from detections.guide.naming import WRITERS
from detections.models import Reader, RuleName
from detections.normalization.catalogue import Alias, Catalogue
from detections.normalization.names import SIGMA_NAMESPACES, cleaned_name, resolve
from detections.normalization.synonyms import has_synonyms

Uses = Mapping[tuple[str, str], int]  # (canonical field, name in lower case) -> rules of the namespace's vendor
LogSource = tuple[str, str]  # kind (category, product, service), word

ECS, CIM = "ecs", "cim"
NAMESPACES = (ECS, CIM)
# What a log source of Sigma's says about its events, in the words of the alias table's `category` column.
# Kinds of events come before products: where both say something, the kind does.
LOG_SOURCES: Mapping[str, tuple[LogSource, ...]] = {
    **{
        word: (("category", word),)
        for word in (
            "antivirus", "create_remote_thread", "driver_load", "file_access", "firewall", "image_load",
            "network_connection", "pipe_created", "process_access", "process_creation", "ps_classic_start",
            "ps_script", "wmi_event",
        )
    },
    "application": (("category", "application"), ("service", "application")),
    "dns": (("category", "dns"), ("category", "dns_query")),
    "file": tuple(
        ("category", f"file_{what}")
        for what in ("access", "block_executable", "change", "delete", "event", "executable_detected", "rename")
    ),
    "registry": tuple(("category", f"registry_{what}") for what in ("add", "delete", "event", "rename", "set")),
    "web": (("category", "proxy"), ("category", "webserver")),
    **{
        word: (("service", word),)
        for word in (
            "auditd", "codeintegrity-operational", "google_workspace.admin", "security", "system", "taskscheduler",
            "windefend", "wmi",
        )
    },
    **{
        word: (("product", word),)
        for word in (
            "aws", "azure", "bitbucket", "fortigate", "gcp", "github", "kubernetes", "m365", "okta", "zeek", "windows",
        )
    },
}  # fmt: skip
# Names of ECS that exist in the events of one product only.
OF_PRODUCT: Mapping[str, str] = {
    "aws.": "aws", "azure.": "azure", "o365.": "m365", "gcp.": "gcp", "okta.": "okta", "github.": "github",
    "kubernetes.": "kubernetes", "fortinet.": "fortigate", "google_workspace.": "google_workspace.admin",
    "winlog.": "windows",
}  # fmt: skip
# Kinds of events that are Windows' own: what holds for the product holds for them.
OF_WINDOWS = frozenset(
    {
        "create_remote_thread", "driver_load", "image_load", "pipe_created", "process_access", "ps_classic_start",
        "ps_script", "wmi_event", "registry", "codeintegrity-operational", "security", "system", "taskscheduler",
        "windefend", "wmi",
    }
)  # fmt: skip
# The data sets of CIM's data models that hold the events of such a log source.
DATA_SETS: Mapping[str, str] = {
    "process_creation": "Processes", "registry": "Registry", "file": "Filesystem", "network_connection": "All_Traffic",
    "firewall": "All_Traffic", "dns": "DNS", "web": "Web", "antivirus": "Malware_Attacks",
}  # fmt: skip
WHOLE = frozenset({"", "cmdline"})  # forms that hold a command line as a whole
AS_LOGGED = "winlog.event_data."  # below it ECS keeps what Windows calls it


@dataclass(frozen=True, slots=True)
class MappedNames:
    """`names` maps Sigma's names to the others, in these log sources; with `elsewhere` in all but these. Without any
    it holds everywhere."""

    names: Mapping[str, str]
    log_sources: tuple[LogSource, ...] = ()
    elsewhere: bool = False


def mapped_names(
    namespace: str, catalogue: Catalogue, uses: Uses, fields: Collection[str] | None = None
) -> tuple[MappedNames, ...]:
    """All mappings into a namespace, of the names of some canonical fields only. No rule is mapped twice: their log
    sources exclude each other, and what one writes no later one reads. Pure."""
    found = _Mapper(namespace, catalogue, uses)
    names = sorted(
        {
            alias.name
            for alias in catalogue.aliases
            if alias.vendor in SIGMA_NAMESPACES and (fields is None or alias.canonical in fields)
        }
    )
    items = _in_data_sets(found, names) if namespace == CIM else _by_log_source(found, names)
    return tuple(_unchained(items))


def uses_of_names(namespace: str, reader: Reader) -> Uses:
    """How many live rules of the namespace's vendor write which name of which field. One query."""
    names = RuleName.objects.filter(
        reader.sources("rule__source"), rule__live=True, rule__source__vendor=WRITERS[namespace]
    )
    found: dict[tuple[str, str], int] = defaultdict(int)
    for canonical, name, number in names.order_by().values_list("canonical", "name").annotate(number=Count("pk")):
        found[canonical, cleaned_name(name).lower()] += number
    return found


class _Mapper:
    """What a name of Sigma's is called in a namespace."""

    def __init__(self, namespace: str, catalogue: Catalogue, uses: Uses) -> None:
        self.catalogue, self.uses = catalogue, uses
        self.aliases: dict[str, list[Alias]] = defaultdict(list)
        for alias in catalogue.aliases:
            of_object = catalogue.field(alias.canonical).type == "hash" and namespace == ECS  # a name for each object
            if alias.vendor == namespace and cleaned_name(alias.name) == alias.name and not of_object:
                self.aliases[alias.canonical].append(alias)

    def target(self, name: str, token: str = "", prefix: str = "") -> str:
        """The name, of those that begin with `prefix`, in events of a category; "" where there is none."""
        context = frozenset({token} if token else ())
        meant = resolve(self.catalogue, "sigma", name, context)
        if has_synonyms(meant.canonical, meant.form):
            return ""
        fitting = [
            alias
            for alias in self.aliases[meant.canonical]
            if alias.name.startswith(prefix)
            and alias.category in ("", token)
            and _alike(alias.form, meant.form)
            and _product(alias.name) in ("", token, "windows" if token in OF_WINDOWS else token)
        ]
        found = min(fitting, key=lambda alias: self._rank(alias, token)).name if fitting else ""
        logged = AS_LOGGED + name
        if found.startswith(AS_LOGGED) and "_" not in name:
            same = resolve(self.catalogue, "elastic", logged, context)
            return logged if same[:2] == meant[:2] else found
        return found

    def _rank(self, alias: Alias, token: str) -> tuple[object, ...]:
        """What most rules write, then what is published as a schema's own, needs no wrapper, and by most."""
        published = alias.source.split(";")
        return (
            -self.uses.get((alias.canonical, alias.name.lower()), 0),
            "ecs-schema" not in published,
            alias.name.startswith("winlog."),
            alias.category != token,
            -len(set(published) - {"curated"}),
            alias.name,
        )


def _by_log_source(mapper: _Mapper, names: Iterable[str]) -> list[MappedNames]:
    everywhere: dict[str, str] = {}
    there: dict[str, dict[str, str]] = defaultdict(dict)
    elsewhere: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in names:
        usual = mapper.target(name)
        found = {token: mapper.target(name, token) for token in LOG_SOURCES}
        other = {
            token: target
            for token, target in found.items()
            if target != usual and not (token in OF_WINDOWS and target == found["windows"])
        }
        for token, target in other.items():
            if target:
                there[token][name] = target
        if usual:
            (elsewhere[tuple(other)] if other else everywhere)[name] = usual
    return [
        MappedNames(everywhere),
        *_merged(there),
        *(MappedNames(held, _log_sources(tokens), elsewhere=True) for tokens, held in sorted(elsewhere.items())),
    ]


def _in_data_sets(mapper: _Mapper, names: Collection[str]) -> list[MappedNames]:
    there: dict[str, dict[str, str]] = {}
    for token, data_set in DATA_SETS.items():
        found = {name: mapper.target(name, token, f"{data_set}.") for name in names}
        there[token] = {name: target for name, target in found.items() if target}
    return _merged(there)


def _merged(there: Mapping[str, Mapping[str, str]]) -> list[MappedNames]:
    """One row for the categories that map alike."""
    tokens: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for token in sorted(there, key=list(LOG_SOURCES).index):
        tokens[tuple(there[token].items())].append(token)
    return [MappedNames(dict(names), _log_sources(found)) for names, found in tokens.items()]


def _log_sources(tokens: Iterable[str]) -> tuple[LogSource, ...]:
    return tuple(dict.fromkeys(source for token in tokens for source in LOG_SOURCES[token]))


def _unchained(items: Iterable[MappedNames]) -> Iterable[MappedNames]:
    """Without names that are the same in both, and without those whose new name a later row would map again."""
    rows = list(items)
    for place, row in enumerate(rows):
        later = {name for other in rows[place + 1 :] for name in other.names}
        names = {name: target for name, target in row.names.items() if name != target and target not in later - {name}}
        if names:
            yield MappedNames(names, row.log_sources, row.elsewhere)


def _product(name: str) -> str:
    """The log source that alone has a name of ECS; "" for one that stands everywhere."""
    return next((token for prefix, token in OF_PRODUCT.items() if name.startswith(prefix)), "")


def _alike(form: str, other: str) -> bool:
    return form == other or {form, other} <= WHOLE
