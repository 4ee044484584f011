"""Counting by differences ends where a full recomputation ends, whatever the edits."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from detections.models import Indicator, RuleIndicator
from detections.statistics.recomputation import recompute
from tests.importing.checkouts import Checkout, sigma_rule

IDS = [f"{digit}0000000-0000-4000-8000-000000000000" for digit in "123"]
IMAGES = ["a.exe", "A.EXE", "b.exe"]

edit = st.tuples(
    st.sampled_from(["sigma", "team", "closed"]),
    st.sampled_from(["rules/1.yml", "rules/2.yml", "deprecated/3.yml"]),
    st.one_of(st.none(), st.tuples(st.sampled_from(IDS), st.sampled_from(IMAGES))),
)


class DifferencesTest(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(edit, min_size=1, max_size=8))
    def test_random_edits_end_where_a_recomputation_ends(self, edits: list) -> None:
        with tempfile.TemporaryDirectory() as folder:
            checkouts = {
                "sigma": Checkout(Path(folder) / "sigma"),
                "team": Checkout(Path(folder) / "team", slug="team", public=True),
                "closed": Checkout(Path(folder) / "closed", slug="closed", public=False),
            }
            for slug, path, content in edits:
                checkout = checkouts[slug]
                file = checkout.root / path
                (checkout.root / "rules").mkdir(exist_ok=True)
                if content is None:
                    file.unlink(missing_ok=True)
                else:
                    checkout.write(path, sigma_rule(content[0], image=content[1]))
                if any(checkout.root.rglob("*.yml")):  # an empty folder is refused, lest a slip retires everything
                    checkout.sync()
        stored = reaches()
        assert stored == counted_slowly()
        recompute()
        assert {key: row for key, row in reaches().items() if any(row)} == {
            key: row for key, row in stored.items() if any(row)
        }


def reaches() -> dict[str, tuple[int, ...]]:
    rows = Indicator.objects.values_list("key", "reach", "excluded_reach", "public_reach", "public_excluded_reach")
    return {key: tuple(counts) for key, *counts in rows}


def counted_slowly() -> dict[str, tuple[int, ...]]:
    """The four reaches, one rule after the other in plain Python."""
    sets: dict[str, list[set[int]]] = {key: [set(), set(), set(), set()] for key in reaches()}
    for use in RuleIndicator.objects.select_related("rule__source"):
        if not use.rule.live:
            continue
        sets[use.indicator_id][1 if use.excluded else 0].add(use.rule_id)
        if use.rule.source.public:
            sets[use.indicator_id][3 if use.excluded else 2].add(use.rule_id)
    return {key: tuple(len(rules) for rules in four) for key, four in sets.items()}
