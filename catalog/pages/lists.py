"""What stands around the rows of a list: its facets with counts, the filters in force, the order of its columns.

Every state is an address: a facet is a form of checkboxes, what is in force a link that takes it off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zlib import crc32

from catalog.facets import Counts, counts_without
from catalog.filters.strict import StrictFilterSet
from catalog.ordering import LEVELS, Order, parted
from catalog.pages.filtering import Asked
from catalog.templatetags.wording import LANGUAGE_NAMES, PARSE_WORDS
from detections.models import Reader, Source, Tactic

FIRST = 6  # values of a facet that stand before the folded ones; two more are not worth folding
Words = Mapping[str, Mapping[str, str]]  # facet -> value -> the word shown

SINGLE = {
    "live": {"yes": "live rules", "no": "retired, deprecated, copied", "all": "all"},
    "show": {"": "all", "covered": "with rules", "missing": "without rules"},
    "public": {"": "all", "yes": "everybody", "no": "members"},
    "satisfiable": {"": "all", "yes": "yes", "no": "no known way"},
}
DEFAULTS = {"live": "yes", "show": "", "public": "", "satisfiable": ""}
EVERY = ("all", "")
ALL_OF = {"indicator", "excluded_indicator"}  # filters of which a row has to answer every value
IN_ORDER = {"vendor", "tactic", "parse", "level"}  # facets whose words have an order of their own
FIXED_WORDS: Words = {
    "language": LANGUAGE_NAMES,
    "parse": PARSE_WORDS,
    "level": dict.fromkeys(reversed(LEVELS), ""),
    "excluded": {"0": "checked", "1": "excluded"},
    **SINGLE,
}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: `rows` it would give, `sent` what the form sends for it."""

    name: str
    word: str
    shown: str
    rows: int
    chosen: bool

    @property
    def sent(self) -> str:
        """The default of a single choice is not sent, so that addresses stay short."""
        return "" if DEFAULTS.get(self.name) == self.word else self.word

    @property
    def place(self) -> str:
        """The id of its control, the same from state to state: the focus stays where it was."""
        return f"facet-{self.name}-{crc32(self.word.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Facet:
    """`values` have rows or are chosen; `single` allows one of them at a time."""

    name: str
    title: str
    values: tuple[FacetValue, ...]
    single: bool = False

    @property
    def first(self) -> tuple[FacetValue, ...]:
        return self.values if len(self.values) <= FIRST + 2 else self.values[:FIRST]

    @property
    def further(self) -> tuple[FacetValue, ...]:
        return self.values[len(self.first) :]

    @property
    def opened(self) -> bool:
        return any(value.chosen for value in self.further)


@dataclass(frozen=True, slots=True)
class InForce:
    """One filter in force: its values in words, each with the query of the address without it.

    `joined` says how several combine. `without` is the query without the whole filter, `left` the rows that there
    would be then, when counted.
    """

    name: str
    title: str
    values: tuple[tuple[str, str], ...]
    without: str
    joined: str = "or"
    left: int | None = None

    @property
    def said(self) -> str:
        """The title inside of a sentence."""
        return self.title[:1].lower() + self.title[1:]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading that sorts: the address's next `ordering`, and how the rows are sorted by it now, if they are."""

    title: str
    next: str
    sorted: str  # ascending, descending or ""


def words_shown(reader: Reader) -> Words:
    """The words for people of values that have others. Two queries."""
    return {
        "vendor": dict(Source.objects.visible_to(reader).in_order().values_list("slug", "name")),
        "tactic": dict(Tactic.objects.order_by("position").values_list("shortname", "name")),
        **FIXED_WORDS,
    }


def facets(asked: Asked, counts: Counts, titles: Mapping[str, str], words: Words) -> list[Facet]:
    """The facets named by `titles`, in its order; one that offers no choice is left out."""
    found = []
    for name, title in titles.items():
        values = _single(asked, name, counts, words) if name in SINGLE else _several(asked, name, counts, words)
        if values:
            found.append(Facet(name, title, values, single=name in SINGLE))
    return found


def _several(asked: Asked, name: str, counts: Counts, words: Words) -> tuple[FacetValue, ...]:
    chosen = asked.filterset.form.cleaned_data[name]
    rows, shown = counts.get(name, {}), words.get(name, {})
    places = {word: place for place, word in enumerate(shown)} if name in IN_ORDER else {}
    values = [
        FacetValue(name, word, shown.get(word) or word, rows.get(word, 0), word in chosen)
        for word in dict.fromkeys([*rows, *chosen])
        if rows.get(word) or word in chosen
    ]
    return tuple(sorted(values, key=lambda value: (places.get(value.word, len(places)), -value.rows, value.word)))


def _single(asked: Asked, name: str, counts: Counts, words: Words) -> tuple[FacetValue, ...]:
    chosen = asked.filterset.form.cleaned_data[name] or DEFAULTS[name]
    rows = counts.get(name, {})
    every = rows.get("all", sum(rows.values()))
    values = [
        FacetValue(name, word, shown, every if word in EVERY else rows.get(word, 0), word == chosen)
        for word, shown in words[name].items()
    ]
    told = tuple(value for value in values if value.rows or value.chosen)
    return told if len({value.rows for value in told}) > 1 or chosen != DEFAULTS[name] else ()


def in_force(
    asked: Asked, words: Words, titles: Mapping[str, str], own: Sequence[tuple[str, str]] = ()
) -> list[InForce]:
    """The filters of the address in the words shown; the order of the list and the size of its pages stay.

    `own` are parameters of the page itself, which stay too.
    """
    found = []
    for name, cleaned in asked.filterset.form.cleaned_data.items():
        values = cleaned if isinstance(cleaned, list) else [] if cleaned in (None, "") else [cleaned]
        others = [*asked.besides(name, "page", "format"), *own]
        links = tuple(
            (
                words.get(name, {}).get(value) or value,
                _query([*others, *((name, one) for one in values if one != value)]),
            )
            for value in values
        )
        if links:
            joined = "and" if name in ALL_OF else "or"
            found.append(InForce(name, titles.get(name, name.capitalize()), links, _query(others), joined))
    return found


def cleared(asked: Asked, own: Sequence[tuple[str, str]] = ()) -> str:
    """The query of the address without its filters; what a page shows besides stays."""
    kept = [pair for pair in asked.besides("page", "format") if pair[0] not in asked.filterset.filters]
    return _query([*kept, *own])


def with_rows_left(filterset: StrictFilterSet, filters: Iterable[InForce]) -> list[InForce]:
    """The filters with the rows that each leaves when it is taken off, the most first. One query."""
    by_name = {one.name: one for one in filters}
    return [replace(by_name[name], left=left) for name, left in counts_without(filterset, by_name).items()]


def columns(
    written: str, orders: Mapping[str, Order], titles: Mapping[str, str], default: str = ""
) -> dict[str, Column]:
    """The headings that sort, by the name of their order. A second click turns the order around."""
    name, falls = parted(written or default)
    found = {}
    for column, title in titles.items():
        order = orders[column]
        down = not falls if column == name else order.falls
        way = ("descending" if falls else "ascending") if column == name else ""
        found[column] = Column(title, f"-{column}" if down else column, way)
    return found


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}" if pairs else ""
