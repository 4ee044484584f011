"""Analysed rules into their tables: for an import's batches and for one edit alike. Always inside a counted change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detections.analysis.rows import RuleRow
from detections.models import (
    Domain,
    Indicator,
    Platform,
    Rule,
    RuleField,
    RuleIndicator,
    RuleLogSource,
    RuleName,
    RuleTechnique,
    RuleText,
    SearchedText,
    Source,
)
from detections.models.bulk import insert_rows
from detections.normalization.marks import marks_of
from detections.vendors import VENDORS

_BESIDE = (RuleText, RuleTechnique, RuleLogSource, RuleIndicator, RuleField, RuleName)
_THROUGH = (Rule.platforms.through, Rule.domains.through)


class RowWriter:
    """Writes rules of one source. `techniques` maps an id as written to the key of the technique in force."""

    def __init__(self, source: Source, techniques: Mapping[str, int]) -> None:
        self.source = source
        self.vendor = VENDORS[source.vendor]
        self.techniques = techniques

    def write(self, rules: Mapping[str, tuple[str, RuleRow]]) -> dict[str, int]:
        """Store rules by own id, each with the path of its file; their keys. What stood for them before is gone."""
        if not rules:
            return {}
        old = list(self._keys(rules).values())
        for _, rule in rules.values():  # a rule that names no licence is under its source's
            rule.values["licence"] = rule.values["licence"] or self.source.licence[:100]
        columns = list(next(iter(rules.values()))[1].values)
        own = [*columns, "file_path", "link", "live", "copy"]
        insert_rows(
            Rule,
            ["source", "own_id", "version", "edited", "overrides", *own],
            [
                (
                    self.source.pk, rule.own_id, 1, False, "{}", *rule.values.values(), path,
                    self.vendor.link(path, self.source.commit) if path and self.source.repository else "",
                    rule.values["lifecycle"] == "live", False,
                )
                for path, rule in rules.values()
            ],
            unique=["source", "own_id"],
            update=own,
        )  # fmt: skip
        if old:
            for model in _BESIDE:
                model.objects.filter(rule__in=old)._raw_delete("default")
            for through in _THROUGH:
                through.objects.filter(rule__in=old)._raw_delete("default")
        keys = self._keys(rules)
        self._write_beside([(keys[own_id], rule) for own_id, (_, rule) in rules.items()])
        SearchedText.objects.follow(keys.values())
        return keys

    def _keys(self, rules: Mapping[str, Any]) -> dict[str, int]:
        stored = Rule.objects.filter(source=self.source, own_id__in=list(rules))
        return dict(stored.values_list("own_id", "pk"))

    def _write_beside(self, rules: list[tuple[int, RuleRow]]) -> None:
        texts = list(rules[0][1].text)
        insert_rows(RuleText, ["rule", *texts], [(pk, *rule.text.values()) for pk, rule in rules])
        for model, through, names in (
            (Platform, Rule.platforms.through, [(pk, rule.platforms) for pk, rule in rules]),
            (Domain, Rule.domains.through, [(pk, rule.domains) for pk, rule in rules]),
        ):
            insert_rows(model, ["name"], sorted({(name,) for _, of in names for name in of}), unique=["name"])
            insert_rows(
                through, ["rule", model._meta.model_name or ""], [(pk, name) for pk, of in names for name in of]
            )
        insert_rows(
            RuleTechnique,
            ["rule", "written", "technique", "structural", "position"],
            [row for pk, rule in rules for row in self._technique_rows(pk, rule.techniques)],
        )
        insert_rows(
            RuleLogSource,
            ["rule", "kind", "name"],
            [(pk, *source) for pk, rule in rules for source in rule.log_sources],
        )
        indicators = {row.key: row for _, rule in rules for row in rule.indicators}
        insert_rows(
            Indicator,
            ["key", "field", "operator", "value", "wild", "role", "program", "satisfiable",
             "reach", "excluded_reach", "public_reach", "public_excluded_reach"],
            [
                (*row[:6], *marks_of(row.field, row.operator, row.folded, wild=row.wild), 0, 0, 0, 0)
                for _, row in sorted(indicators.items())
            ],
            unique=["key"],
        )  # fmt: skip
        insert_rows(
            RuleIndicator,
            ["rule", "indicator", "excluded", "counted", "value", "equivalence"],
            [
                (pk, row.key, row.excluded, row.counted, row.value, row.equivalence)
                for pk, rule in rules
                for row in rule.indicators
            ],
        )
        insert_rows(
            RuleField,
            ["rule", "field", "operator", "excluded", "role"],
            [(pk, *row) for pk, rule in rules for row in rule.fields],
        )
        insert_rows(
            RuleName, ["rule", "name", "canonical", "known"], [(pk, *row) for pk, rule in rules for row in rule.names]
        )

    def _technique_rows(self, pk: int, written: tuple[str, ...]) -> list[tuple[Any, ...]]:
        parents = {id_.split(".")[0] for id_ in written if "." in id_} if self.vendor.structural_parents else set()
        return [(pk, id_, self.techniques.get(id_), id_ in parents, position) for position, id_ in enumerate(written)]
