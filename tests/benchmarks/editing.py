"""How long one edit takes in a catalog of 8 thousand rules and in one of 200 thousand, on SQLite and PostgreSQL.

`python -m tests.benchmarks.editing` loads both catalogs (the smaller is the beginning of the larger), then edits the
same rules to the same new texts in both by turns, so that the ratio is of one machine and one hour. PostgreSQL takes
part where TEST_POSTGRESQL_URL names a server.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.synthetic import SyntheticRule, synthetic_rule

ROOT = Path(__file__).resolve().parents[2]
MOST = 1.5  # times as long as in the small catalog an edit may take in the large one
_WARM_UP = 20
console = Console(width=max(Console().width, 120))  # a pipe is no reason to cut figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=8_000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--edits", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--load", type=int, nargs=2, metavar=("FIRST", "LAST"), help="add rules to DATABASE_URL, only")
    parser.add_argument("--catalogs", nargs=2, metavar=("SMALL", "LARGE"), help="measure on these databases, only")
    asked = parser.parse_args()
    if asked.load:
        _load(*asked.load)
        return 0
    if asked.catalogs:
        print(json.dumps(_measure(asked.catalogs, asked.rounds, asked.edits, asked.small)))
        return 0
    figures = editing_figures(asked.small, asked.large, asked.edits, asked.rounds)
    console.print_json(data=figures)
    return int(any(turn["ratio"] > MOST for row in figures.values() for turn in row["rounds"]))


def editing_figures(small: int = 8_000, large: int = 200_000, edits: int = 300, rounds: int = 2) -> dict[str, Any]:
    """For each database the seconds of loading and, for each round, an edit's milliseconds at both sizes."""
    found: dict[str, Any] = {}
    for name, catalogs in (("sqlite", _on_sqlite), ("postgresql", _on_postgresql)):
        with catalogs() as (first, second, copy):
            if not first:
                continue
            begun = time.perf_counter()
            _run("--load", "0", str(small), address=first)
            copy()
            _run("--load", str(small), str(large), address=second)
            loading = round(time.perf_counter() - begun)
            words = ("--edits", str(edits), "--small", str(small), "--rounds", str(rounds))
            turns = json.loads(_run("--catalogs", first, second, *words, address=first))
            found[name] = {"rules": [small, large], "loading_s": loading, "rounds": turns}
    print_editing(found)
    return found


def print_editing(figures: dict[str, Any]) -> None:
    table = Table(title=f"One edit in a small and in a large catalog (ratio at most {MOST})", title_justify="left")
    names = ("median_ms", "p99_ms", "statements_ms", "recompute_s")
    for name in ("database", "rules", *names, "ratio", "of statements"):
        table.add_column(name.replace("_", " "), justify="left" if name == "database" else "right")
    for database, row in figures.items():
        for turn in row["rounds"]:
            pairs = [f"{turn['small'][name]:,} → {turn['large'][name]:,}" for name in names]
            rules = " → ".join(f"{number:,}" for number in row["rules"])
            table.add_row(database, rules, *pairs, f"{turn['ratio']}", f"{turn['statements_ratio']}")
    console.print(table)


# --- in a process of its own ------------------------------------------------------------------------------------


def _load(first: int, last: int) -> None:
    from django.core.management import call_command

    _set_up()
    from tests.benchmarks.synthetic_catalog import write_catalog

    call_command("migrate", verbosity=0)
    write_catalog(first, last)


def _measure(addresses: tuple[str, str], rounds: int, edits: int, small: int) -> list[dict[str, Any]]:
    """Edit rules that stand in both catalogs, edit by edit in the one and in the other, each to a text that is new.

    Both are one connection of this process, by turns the default one: so they share whatever else the machine does.
    """
    _set_up()
    databases = dict(zip(("small", "large"), map(_connection, addresses), strict=True))
    edit = _editor()
    turns = []
    for turn in range(1, rounds + 1):
        times: dict[str, list[tuple[float, float]]] = {"small": [], "large": []}
        for number in Random(turn).sample(range(small), edits + _WARM_UP):  # noqa: S311 no secret
            rule = synthetic_rule(number, variant=turn)
            for name in sorted(databases, reverse=bool(number % 2)):
                times[name].append(_timed(databases[name], edit, rule))
        row: dict[str, Any] = {name: _figures(databases[name], times[name][_WARM_UP:]) for name in databases}
        for name, figure in (("ratio", "median_ms"), ("statements_ratio", "statements_ms")):
            row[name] = round(row["large"][figure] / row["small"][figure], 2)
        turns.append(row)
    return turns


def _figures(database: Any, times: list[tuple[float, float]]) -> dict[str, float]:
    """Of edits and of the recomputation after them, which must find no drift."""
    milliseconds, _ = _timed(database, _recompute)
    whole, inside = (sorted(column) for column in zip(*times, strict=True))
    return {
        "median_ms": round(whole[len(whole) // 2], 1),
        "p99_ms": round(whole[int(len(whole) * 0.99)], 1),
        "statements_ms": round(inside[len(inside) // 2], 1),
        "recompute_s": round(milliseconds / 1000, 2),
    }


def _editor() -> Callable[[SyntheticRule], object]:
    """One edit of a rule's text as the rule's page has it done: read, analysed, stored, counted, kept as a version."""
    from detections.analysis.overrides import NOTHING
    from detections.editing.rules import Edit, save_rule
    from detections.models import Rule

    def edit(rule: SyntheticRule) -> None:
        row = Rule.objects.select_related("source").get(source__slug=rule.corpus.slug, own_id=rule.own_id)
        save_rule(row, Edit(rule.text, NOTHING, "Another variant.", row.version), None)

    return edit


def _recompute() -> None:
    from detections.statistics.recomputation import recompute

    found = recompute()
    if found.drift:
        raise SystemExit(f"The edits left a drift of {found.drift}: {found.wrong}")


def _timed(connection: Any, work: Callable[..., Any], *words: Any) -> tuple[float, float]:
    """Milliseconds of some work on a database, and those of its statements alone, without begin and commit."""
    from django.db import connections

    inside = 0.0

    def watch(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal inside
        begun = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            inside += time.perf_counter() - begun

    connections["default"] = connection
    with connection.execute_wrapper(watch):
        begun = time.perf_counter()
        work(*words)
        return (time.perf_counter() - begun) * 1000, inside * 1000


def _connection(address: str) -> Any:
    """A connection with the settings that the site gives the database of this address."""
    from django.db import connections

    os.environ["DATABASE_URL"] = address
    from catalog.settings import _database

    connections.settings.update(connections.configure_settings({"default": _database()}))
    return connections.create_connection("default")


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    import django

    django.setup()


# --- databases --------------------------------------------------------------------------------------------------

_Catalogs = tuple[str, str, Callable[[], None]]  # two addresses, and what makes the second a copy of the first


@contextmanager
def _on_sqlite() -> Iterator[_Catalogs]:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "small.sqlite3", Path(folder) / "large.sqlite3"
        yield f"sqlite:///{first}", f"sqlite:///{second}", lambda: shutil.copyfile(first, second) and None


@contextmanager
def _on_postgresql() -> Iterator[_Catalogs]:
    if not os.environ.get("TEST_POSTGRESQL_URL"):
        console.print("TEST_POSTGRESQL_URL names no server: PostgreSQL is left out.")
        yield "", "", lambda: None
        return
    import psycopg

    from tests.services.processes import postgresql_database

    with ExitStack() as stack:
        first, second = (stack.enter_context(postgresql_database()) for _ in range(2))
        old, new = (address.rsplit("/", 1)[1] for address in (first, second))

        def copy() -> None:
            with psycopg.connect(os.environ["TEST_POSTGRESQL_URL"], autocommit=True) as server:
                server.execute(f'DROP DATABASE "{new}"')
                server.execute(f'CREATE DATABASE "{new}" TEMPLATE "{old}"')

        yield first, second, copy


def _run(*words: str, address: str) -> str:
    """This module in a process of its own; the last line that it prints."""
    env = os.environ | {"DATABASE_URL": address, "REDIS_URL": ""}
    command = [sys.executable, "-m", "tests.benchmarks.editing", *words]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return (done.stdout.splitlines() or [""])[-1]


if __name__ == "__main__":
    sys.exit(main())
