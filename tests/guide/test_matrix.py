"""The matrix and the comparison are what a slow count says, for every reader and filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest

from detections.guide.compare import compare
from detections.guide.coverage import build_coverage, tactic_figures
from detections.guide.matrix import Cell, Matrix, build_matrix
from detections.models import Reader, Rule, Source, Technique
from detections.normalization.platforms import attack_platforms
from tests.pages import rows

PLATFORMS = ["AWS", "Windows", "Entra ID", "Web server", "Kubernetes"]
ATTACK = ["IaaS", "Windows", "Linux", "Identity Provider", "Containers", "PRE"]


def write_catalog(seed: int, size: int = 8) -> list[Technique]:
    """Parents with sub-techniques under several tactics, and rules of two public sources and a private one."""
    random = Random(seed)  # noqa: S311 no secret
    tactics = [rows.tactic(f"TA000{number}", f"Tactic {number}", 9 - number) for number in range(1, 5)]
    techniques = []
    for number in range(size):
        here = random.sample(tactics, random.randint(1, 3))
        known = {"tactics": here, "platforms": random.sample(ATTACK, random.randint(1, 3))}
        parent = rows.technique(f"T1{number:03}", f"Parent {number}", **known)
        techniques.append(parent)
        for sub in range(random.randint(0, 3)):
            below = {"tactics": random.sample(here, random.randint(1, len(here))), "platforms": [random.choice(ATTACK)]}
            name = f"Child {number} {sub}"
            techniques.append(rows.technique(f"{parent.attack_id}.{sub:03}", name, parent=parent, **below))
    rows.technique("T9998", "Gone", revoked=True)
    rows.technique("T9999", "Forgotten", deprecated=True)
    sources = [rows.source("elastic"), rows.source("sigma"), rows.source("team", public=False)]
    for number in range(5 * size):
        stated = random.sample(techniques, random.randint(0, 4))
        parents = [one for one in stated if any(other.parent == one for other in stated) and random.random() < 0.5]
        rows.rule(
            f"Rule {number}", [one for one in stated if one not in parents], at=random.choice(sources),
            platforms=random.sample(PLATFORMS, random.randint(0, 2)), structural=parents,
            lifecycle=random.choice(["live", "live", "live", "retired"]),
            status=random.choice(["stable", "test"]),
        )  # fmt: skip
    return techniques


class SlowMatrix:
    """Every rule in memory, counted by loops."""

    def __init__(self, reader: Reader, rules: Iterable[Rule], platforms: Iterable[str] = ()) -> None:
        seen = [rule for rule in rules if rule.lifecycle == "live" and (reader.sees_everything or rule.source.public)]
        self.stated = [
            (rule.pk, rule.source.slug, {tag.technique for tag in rule.techniques.all() if not tag.structural})
            for rule in seen
        ]
        self.names = {name for platform in platforms for name in attack_platforms(platform)}
        self.asked = bool(list(platforms))

    def by_source(self, technique: Technique, rollup: bool) -> dict[str, int]:
        found: dict[str, set[int]] = {}
        for pk, slug, stated in self.stated:
            if technique in stated or (rollup and any(one.parent == technique for one in stated)):
                found.setdefault(slug, set()).add(pk)
        return {slug: len(pks) for slug, pks in found.items()}

    def cell(self, technique: Technique) -> tuple[Any, ...]:
        every = self.by_source(technique, rollup=True)
        fits = not self.asked or bool(self.names & set(technique.platforms))
        state = "covered" if every else "missing" if fits else "elsewhere"
        return technique.attack_id, self.by_source(technique, rollup=False), every, state

    def columns(self, show: str = "") -> dict[str, list[tuple[Any, ...]]]:
        """By tactic (technique, its sub-techniques), those that are shown."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for technique in Technique.objects.filter(revoked=False, deprecated=False).order_by("attack_id"):
            for tactic in technique.tactics.all():
                if technique.parent and tactic in technique.parent.tactics.all():
                    continue
                below = [self.cell(sub) for sub in technique.subtechniques.filter(tactics=tactic).order_by("attack_id")]
                kept = [cell for cell in below if not show or cell[3] == show]
                if not show or kept or self.cell(technique)[3] == show:
                    found.setdefault(tactic.name, []).append((self.cell(technique), kept))
        return found


def told(cell: Cell) -> tuple[Any, ...]:
    return cell.technique.attack_id, dict(cell.own), dict(cell.every), cell.state


def columns(matrix: Matrix) -> dict[str, list[tuple[Any, ...]]]:
    return {
        column.tactic.name: [(told(cell), [told(sub) for sub in cell.subtechniques]) for cell in column.cells]
        for column in matrix.columns
    }


def filters() -> Iterator[tuple[Any, list[str]]]:
    yield Rule.objects.all(), []
    yield Rule.objects.filter(source__slug="sigma"), []
    yield Rule.objects.filter(platforms="AWS"), ["AWS"]
    web = Rule.objects.filter(platforms__in=["Web server", "Entra ID"]).distinct()
    yield Rule.objects.filter(pk__in=web.values("pk"), status="test"), ["Web server", "Entra ID"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reader", [Reader.ANONYMOUS, Reader.MEMBER], ids=lambda reader: reader.name)
def test_every_cell_equals_a_slow_count(db: None, reader: Reader, seed: int) -> None:
    write_catalog(seed)
    for rules, platforms in filters():
        slow = SlowMatrix(reader, rules.select_related("source"), platforms)
        counted = rules.visible_to(reader).live()
        cells = [slow.cell(technique) for technique in Technique.objects.in_force()]
        for show in ("", "covered", "missing"):
            matrix = build_matrix(Technique.objects.in_force(), counted, show=show, platforms=platforms)
            assert columns(matrix) == slow.columns(show)
            states = [cell[3] for cell in cells]
            assert (matrix.covered, matrix.missing) == (states.count("covered"), states.count("missing"))
            assert matrix.covered + matrix.missing + matrix.elsewhere == len(cells)
            assert matrix.rules == len(slow.stated)
            assert matrix.most == max(sum(cell[2].values()) for cell in cells)


def test_the_figures_are_those_of_the_home_page_and_the_list(db: None) -> None:
    write_catalog(5)
    rules = Rule.objects.live()
    matrix = build_matrix(Technique.objects.in_force(), rules)
    coverage = build_coverage(Technique.objects.in_force(), rules)
    assert (matrix.techniques, matrix.covered) == (coverage.techniques, coverage.covered)
    figures = {row.tactic.name: (row.techniques, row.covered) for row in tactic_figures(rules)}
    assert {column.tactic.name: (column.techniques, column.covered) for column in matrix.columns} == {
        name: row for name, row in figures.items() if row[0]
    }


def test_columns_stand_in_matrix_order_and_may_be_chosen(db: None) -> None:
    write_catalog(1)
    whole = build_matrix(Technique.objects.in_force(), Rule.objects.live())
    assert [column.tactic.position for column in whole.columns] == sorted(
        column.tactic.position for column in whole.columns
    )
    one = build_matrix(Technique.objects.in_force(), Rule.objects.live(), tactics=["tactic-2"])
    assert [column.tactic.name for column in one.columns] == ["Tactic 2"]
    assert one.columns[0].cells == next(c.cells for c in whole.columns if c.tactic.name == "Tactic 2")


def test_a_subtechnique_without_its_parent_stands_by_itself(db: None) -> None:
    parent = rows.technique("T1000", "Parent")
    rows.technique("T1000.001", "Child", parent=parent)
    matrix = build_matrix(Technique.objects.filter(name="Child"), Rule.objects.live())
    assert [cell.technique.full_name for cell in matrix.columns[0].cells] == ["Parent: Child"]


@pytest.mark.parametrize("seed", range(3))
def test_a_comparison_equals_a_slow_count(db: None, seed: int) -> None:
    write_catalog(seed)
    first, second = Source.objects.get(slug="sigma"), Source.objects.get(slug="elastic")
    for rules, platforms in filters():
        pair = rules.filter(source__in=[first, second])
        slow = SlowMatrix(Reader.MEMBER, pair.select_related("source"), platforms)
        matrix = build_matrix(Technique.objects.in_force(), pair.live(), platforms=platforms)
        found = compare(matrix, first, second)
        expected = {
            technique.attack_id: _expected(*slow.cell(technique)[1:])
            for technique in Technique.objects.in_force()
            if slow.cell(technique)[3] != "elsewhere"
        }
        listed = {
            row.cell.technique.attack_id: (
                row.first, row.second, row.first_rolled_up, row.second_rolled_up, row.state
            )
            for group in found.groups
            for row in group.rows
        }  # fmt: skip
        assert listed == expected
        states = [row[-1] for row in expected.values()]
        assert found.counts == {state: states.count(state) for state in ("both", "first", "second", "neither")}
        for state in found.counts:
            some = compare(matrix, first, second, show=state)
            assert {row.state for group in some.groups for row in group.rows} <= {state}
            assert some.counts == found.counts


def _expected(own: dict[str, int], every: dict[str, int], _: str) -> tuple[Any, ...]:
    one, two = every.get("sigma", 0), every.get("elastic", 0)
    state = "both" if one and two else "first" if one else "second" if two else "neither"
    return own.get("sigma", 0), own.get("elastic", 0), one, two, state


@pytest.mark.parametrize("size", [3, 30])
def test_the_number_of_queries_does_not_grow(db: None, size: int, django_assert_num_queries: Any) -> None:
    write_catalog(2, size)
    with django_assert_num_queries(6):
        build_matrix(Technique.objects.in_force(), Rule.objects.live())
