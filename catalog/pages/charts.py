"""Small bar charts, drawn on the server as SVG: what a template needs to place their bars and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.templatetags.wording import counted, share
from detections.guide.spread import HERE, Spread

ROW = 22  # height of a bar with its words, in the chart's own units
LABEL = 96
LENGTH = 172
MOST_BARS = 6
LEAST_VALUES = 10  # fewer are seen faster in the table itself
BAND_WORDS = {HERE: "only here", "2-10": "2–10 rules", "11-100": "11–100 rules", "over 100": "over 100"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar at `y`; `length` is its part of `LENGTH`, never nothing for a number above 0. `kind` names its colour."""

    label: str
    number: int
    y: int
    length: float
    kind: str

    @property
    def baseline(self) -> int:
        return self.y + 15

    @property
    def end(self) -> float:
        """Where its number stands."""
        return LABEL + self.length + 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one sort of numbers. `told` says them in words, for who does not see it; `note` is its conclusion."""

    name: str
    title: str
    told: str
    note: str
    bars: tuple[Bar, ...]
    width: int = LABEL + LENGTH + 52
    start: int = LABEL

    @property
    def height(self) -> int:
        return ROW * len(self.bars)


def spread_charts(spread: Spread) -> tuple[Chart, ...]:
    """How the values of a technique spread; nothing for a few of them."""
    total = sum(spread.reach.values())
    if total < LEAST_VALUES:
        return ()
    here = spread.reach[HERE]
    reach = {BAND_WORDS[band]: number for band, number in spread.reach.items()}
    note = f"{counted(here, 'value')} of {total:,} ({share(here, total)}) that no other technique’s rules look for."
    charts = [_chart("reach", "Values by corpus reach", reach, note)]
    if len(spread.operators) > 1:
        first = next(iter(spread.operators))
        note = f"The most used is {first}, in {share(spread.operators[first], total)} of the values."
        charts.append(_chart("operators", "Values by operator", _most(spread.operators), note))
    return tuple(charts)


def _most(numbers: Mapping[str, int]) -> dict[str, int]:
    """The largest numbers, the rest joined."""
    if len(numbers) <= MOST_BARS:
        return dict(numbers)
    kept = dict(list(numbers.items())[: MOST_BARS - 1])
    return kept | {"others": sum(numbers.values()) - sum(kept.values())}


def _chart(name: str, title: str, numbers: Mapping[str, int], note: str) -> Chart:
    largest = max(numbers.values())
    bars = tuple(
        Bar(label, number, ROW * place, max(round(LENGTH * number / largest, 1), 1.5 if number else 0), f"b{place}")
        for place, (label, number) in enumerate(numbers.items())
    )
    told = ", ".join(f"{label}: {number:,}" for label, number in numbers.items())
    return Chart(name, title, f"{told}.", note, bars)
