"""How the indicators of a technique spread: by corpus reach, and by operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

HERE = "here"
# Band and the highest reach in it; the last has no bound. `here` is where reach is blank.
BANDS = (("2-10", 10), ("11-100", 100), ("over 100", None))


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers of indicators. `reach` holds every band in order, `operators` the most used first."""

    reach: dict[str, int] = field(default_factory=dict)
    operators: dict[str, int] = field(default_factory=dict)


NO_SPREAD = Spread()


def spread_of(indicators: Iterable[tuple[str, int | None]]) -> Spread:
    """The spread of (operator, reach) pairs; reach is None where only the rules of the page use it."""
    operators: Counter[str] = Counter()
    reach = dict.fromkeys([HERE, *(name for name, _ in BANDS)], 0)
    for operator, number in indicators:
        operators[operator] += 1
        reach[band_of(number)] += 1
    return Spread(reach, dict(sorted(operators.items(), key=lambda item: (-item[1], item[0]))))


def band_of(reach: int | None) -> str:
    if reach is None:
        return HERE
    return next(name for name, most in BANDS if most is None or reach <= most)
