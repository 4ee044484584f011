"""The full-text index over rules: SQLite's FTS5, or a PostgreSQL text vector, behind one QuerySet.

Both hold the same words (`detections.normalization.words`) with the same weights: title before tags and ids, these
before the description, and that before the query. Who may see a rule, and whether it counts, stays the rule's own
business: nothing of that is in the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import DatabaseError, connections, models, transaction
from django.db.models import F, Func, Lookup

from detections.models.bulk import copy_in
from detections.models.rule import Rule, RuleTechnique
from detections.normalization.words import Phrase, words_of

TABLE = "detections_searchedtext"
PARTS = ("title", "tags", "description", "query")
# How much a word counts in each of them.
_WEIGHTS = (10.0, 5.0, 3.0, 1.0)
_LETTERS = "ABCD"  # PostgreSQL's names for weights
_LAST_POSITION, _MOST_POSITIONS = 16_383, 255  # of a word in a text vector
_BATCH = 500  # rules that are read at once

# The parts of a Sigma rule that say what it looks for; the rest repeats its metadata.
_SIGMA_PARTS = frozenset({"logsource", "detection", "correlation", "filter"})


class SearchIndexField(models.TextField):
    """The column that is asked: FTS5's hidden column, which bears the table's own name, or the text vector."""


@SearchIndexField.register_lookup
class Matches(Lookup):
    """`index__matches=phrases`: all of the phrases are in the rule's texts. What people type never is its syntax."""

    lookup_name = "matches"
    prepare_rhs = False
    rhs: Sequence[Phrase]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} MATCH %s", [*params, fts5_query(self.rhs)]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", [*params, ts_query(self.rhs)]


class Distance(Func):
    """How far a rule's texts are from the phrases that its row was found by; the smallest is the closest."""

    output_field = models.FloatField()

    def __init__(self, phrases: Sequence[Phrase], path: str = "searched__") -> None:
        super().__init__(F(f"{path}index"))
        self.phrases = tuple(phrases)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        column, params = compiler.compile(self.source_expressions[0])
        table, _, _ = column.rpartition(".")
        return f"{table}.rank", params  # FTS5's hidden column: the weighted bm25

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        column, params = compiler.compile(self.source_expressions[0])
        weights = ",".join(str(weight / max(_WEIGHTS)) for weight in reversed(_WEIGHTS))
        return f"-ts_rank('{{{weights}}}', {column}, %s::tsquery, 1)", [*params, ts_query(self.phrases)]


class SearchedTextQuerySet(models.QuerySet["SearchedText"]):
    def matching(self, phrases: Sequence[Phrase]) -> SearchedTextQuerySet:
        """The texts that hold all of the phrases; there has to be one."""
        return self.filter(index__matches=tuple(phrases))

    def follow(self, rules: Iterable[int]) -> None:
        """Index what these rules say now. In the transaction that changes them."""
        keys = sorted(set(rules))
        for first in range(0, len(keys), _BATCH):
            self._write(keys[first : first + _BATCH])

    def forget_lost(self) -> int:
        """Drop the texts of rules that are no more; how many."""
        return self.exclude(rule__in=Rule.objects.values("pk"))._raw_delete(self.db)

    def _write(self, keys: list[int]) -> None:
        self.filter(pk__in=keys)._raw_delete(self.db)
        rows = list(_documents(keys, self.db))
        connection = connections[self.db]
        if connection.vendor == "postgresql":
            copy_in(connection, _COPY, ((key, ts_vector(parts)) for key, parts in rows))
            return
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [(key, *map(" ".join, parts)) for key, parts in rows])


class SearchedText(models.Model):
    """The words of one rule. The table is made by a migration, since every database makes it in its own way."""

    rule = models.OneToOneField(
        Rule, on_delete=models.CASCADE, primary_key=True, db_column="rowid", related_name="searched"
    )
    # Not part of a dump: each database holds it in its own form, and makes it anew (`follow`).
    index = SearchIndexField(db_column=TABLE, null=True, serialize=False)

    objects = SearchedTextQuerySet.as_manager()

    class Meta:
        db_table = TABLE

    def __str__(self) -> str:
        return f"words of {self.rule_id}"


def accelerate(connection: Any) -> bool:
    """Make PostgreSQL's index of trigrams over the values of indicators, if it is not there; whether it is.

    Its extension, pg_trgm, is no server's duty: without it the same is found, by looking at every value. SQLite does.
    """
    if connection.vendor != "postgresql":
        return False
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(_TRIGRAMS)
    except DatabaseError:
        return False
    return True


def fts5_query(phrases: Sequence[Phrase]) -> str:
    """All phrases in FTS5's language. Words hold letters and digits alone, so nothing has to be escaped."""
    return " ".join('"' + " ".join(phrase.words) + ('" *' if phrase.begins else '"') for phrase in phrases)


def ts_query(phrases: Sequence[Phrase]) -> str:
    """All phrases as a `tsquery`."""
    quoted = (" <-> ".join(f"'{word}'" for word in phrase.words) + ":*" * phrase.begins for phrase in phrases)
    return " & ".join(f"({phrase})" for phrase in quoted)


def ts_vector(parts: Sequence[Sequence[str]]) -> str:
    """The parts of a document as a `tsvector`, each with its weight; no phrase reaches from one into the next."""
    found: dict[str, list[str]] = {}
    position = 0
    for letter, words in zip(_LETTERS, parts, strict=True):
        for word in words:
            position += 1
            places = found.setdefault(word, [])
            if len(places) < _MOST_POSITIONS:
                places.append(f"{min(position, _LAST_POSITION)}{letter}")
        position += 1
    return " ".join(f"'{word}':{','.join(places)}" for word, places in found.items())


def _documents(keys: list[int], using: str) -> Iterator[tuple[int, tuple[list[str], ...]]]:
    """The words of the parts of these rules, as they stand in the database."""
    rules = Rule.objects.using(using).filter(pk__in=keys, text__isnull=False).order_by("pk")
    ids: dict[int, list[str]] = {}
    stated = RuleTechnique.objects.using(using).filter(rule__in=keys).order_by("rule", "position")
    for key, written in stated.values_list("rule", "written"):
        ids.setdefault(key, []).append(written)
    columns = ("pk", "own_id", "title", "tags", "description", "text__query", "text__text", "source__vendor")
    for key, own_id, title, tags, description, query, text, vendor in rules.values_list(*columns):
        labels = " ".join([own_id, *ids.get(key, ()), *map(str, tags)])
        yield key, tuple(words_of(part) for part in (title, labels, description, searched_query(vendor, query, text)))


def searched_query(vendor: str, query: str, text: str) -> str:
    """What a rule looks for, in its own words: its query, of Sigma the parts of its text that say it."""
    return query or (_sigma_parts(text) if vendor == "sigma" else "")


def _sigma_parts(text: str) -> str:
    kept, lines = False, []
    for line in text.splitlines():
        if line and line[0] not in " \t#-":
            kept = line.split(":", 1)[0] in _SIGMA_PARTS
        if kept:
            lines.append(line)
    return "\n".join(lines)


_TRIGRAMS = (
    "CREATE INDEX IF NOT EXISTS detections_indicator_trigrams "
    "ON detections_indicator USING gin (UPPER(value) gin_trgm_ops)"
)
_COLUMNS = ", ".join(f'"{name}"' for name in ("rowid", *PARTS))
_INSERT = f'INSERT INTO "{TABLE}" ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s)'
_COPY = f'COPY "{TABLE}" ("rowid", "{TABLE}") FROM STDIN'
