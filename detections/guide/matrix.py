"""The ATT&CK matrix: techniques under their tactics with the rules that state them, and the gaps among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from detections.guide.counts import rules_by_source
from detections.models import Rule, Tactic, Technique
from detections.normalization.platforms import attack_platforms

COVERED, MISSING, ELSEWHERE = "covered", "missing", "elsewhere"


@dataclass(frozen=True, slots=True)
class Cell:
    """A technique in one column, `subtechniques` below it.

    `own` maps a source's slug to the rules that state this very technique, `every` to those of its sub-techniques
    too, each once; the two are equal for a sub-technique. `fits` says that ATT&CK knows the technique on one of the
    platforms asked for.
    """

    technique: Technique
    own: Mapping[str, int]
    every: Mapping[str, int]
    fits: bool = True
    subtechniques: tuple[Cell, ...] = ()

    @property
    def rules(self) -> int:
        return sum(self.own.values())

    @property
    def rolled_up(self) -> int:
        return sum(self.every.values())

    @property
    def state(self) -> str:
        """`covered` by a rule, its own or a sub-technique's; `missing` where it fits; else `elsewhere`."""
        return COVERED if self.every else MISSING if self.fits else ELSEWHERE

    def family(self) -> Iterator[Cell]:
        yield self
        yield from self.subtechniques


@dataclass(frozen=True, slots=True)
class Column:
    """A tactic with its cells. Of `techniques` (without sub-techniques and those elsewhere) `covered` are covered."""

    tactic: Tactic
    cells: tuple[Cell, ...]
    techniques: int
    covered: int

    def every_cell(self) -> Iterator[Cell]:
        """Each technique, its sub-techniques behind it."""
        for cell in self.cells:
            yield from cell.family()


@dataclass(frozen=True, slots=True)
class Matrix:
    """`covered`, `missing` and `elsewhere` count every technique and sub-technique once, whatever is shown.

    `most` is the largest number in a cell, `rules` how many rules were counted, with a technique or without.
    """

    columns: tuple[Column, ...]
    rules: int
    covered: int
    missing: int
    elsewhere: int
    most: int

    @property
    def techniques(self) -> int:
        """Those that a rule could state here: all but the ones of other platforms."""
        return self.covered + self.missing


def build_matrix(
    techniques: QuerySet[Technique],
    rules: QuerySet[Rule],
    *,
    show: str = "",
    platforms: Collection[str] = (),
    tactics: Collection[str] = (),
) -> Matrix:
    """The techniques of a queryset with the counts of `rules` (live ones that the reader sees). Six queries.

    `show` leaves the cells that are "covered" or "missing", parents also for the sake of what is below them, and the
    columns that hold any.
    `platforms` are those that the rules were filtered by: only techniques that ATT&CK knows there are missing.
    `tactics` are short names of the columns wanted, all of them when there are none.
    """
    cells = _cells(techniques.for_matrix().in_order(), rules, fitting(platforms))
    states = Counter(cell.state for cell in cells)
    return Matrix(
        columns=tuple(_columns(cells, tactics, show)),
        rules=rules.count(),
        covered=states[COVERED],
        missing=states[MISSING],
        elsewhere=states[ELSEWHERE],
        most=max((cell.rolled_up for cell in cells), default=0),
    )


def _cells(techniques: Iterable[Technique], rules: QuerySet[Rule], fits: Callable[[Technique], bool]) -> list[Cell]:
    own, every = rules_by_source(rules), rules_by_source(rules, rollup=True)
    nothing: Mapping[str, int] = {}
    return [
        Cell(
            technique=technique,
            own=(mine := own.get(technique.pk, nothing)),
            every=mine if technique.parent_id else every.get(technique.pk, nothing),
            fits=fits(technique),
        )
        for technique in techniques
    ]


def attack_words(platforms: Collection[str]) -> frozenset[str]:
    """ATT&CK's names for the rules' platforms."""
    return frozenset(name for platform in platforms for name in attack_platforms(platform))


def fitting(platforms: Collection[str]) -> Callable[[Technique], bool]:
    """Whether ATT&CK knows a technique on one of the rules' platforms; every technique where none is asked for."""
    names = attack_words(platforms)
    return lambda technique: not platforms or not names.isdisjoint(technique.platforms)


def _columns(cells: Iterable[Cell], tactics: Collection[str], show: str) -> Iterator[Column]:
    by_tactic: dict[int, list[Cell]] = {}
    for cell in cells:
        for tactic in cell.technique.tactics.all():
            by_tactic.setdefault(tactic.pk, []).append(cell)
    for tactic in Tactic.objects.order_by("position"):
        here = by_tactic.get(tactic.pk, [])
        if here and (not tactics or tactic.shortname in tactics):
            top = Counter(cell.state for cell in here if not cell.technique.parent_id)
            if shown := tuple(_shown(_unfolded(here), show)):
                yield Column(tactic, shown, top[COVERED] + top[MISSING], top[COVERED])


def _unfolded(cells: list[Cell]) -> Iterator[Cell]:
    """Techniques with their sub-techniques below them; a sub-technique whose parent is not here stands by itself."""
    top = {cell.technique.pk for cell in cells}
    below: dict[int | None, list[Cell]] = {}
    for cell in cells:
        below.setdefault(cell.technique.parent_id, []).append(cell)
    for cell in cells:
        if cell.technique.parent_id not in top:
            yield replace(cell, subtechniques=tuple(below.get(cell.technique.pk, ())))


def _shown(cells: Iterable[Cell], show: str) -> Iterator[Cell]:
    for cell in cells:
        below = tuple(sub for sub in cell.subtechniques if not show or sub.state == show)
        if not show or below or cell.state == show:
            yield replace(cell, subtechniques=below)
