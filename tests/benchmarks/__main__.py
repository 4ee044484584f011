"""`make bench`: the figures of the product on the corpora that FIELDGUIDE_CORPORA names.

Prints them and writes them as JSON to `var/bench.json`. Times are of this machine and this hour: compare ratios
within one run.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.editing import editing_figures
from tests.benchmarks.growth import LANGUAGES, SHORTEST, growth
from tests.benchmarks.languages import LanguageReading, read_languages
from tests.benchmarks.memory import measured
from tests.benchmarks.reading import CorpusReading, load_corpus, merely_loaded
from tests.benchmarks.scorer import LABELS, Score, labels, score
from tests.benchmarks.searching import postgresql_figures, searching_figures
from tests.benchmarks.serving import print_serving, serving_figures

ROOT = Path(__file__).resolve().parents[2]
VENDORS = ("sigma", "elastic", "splunk")
PASSES = 2
MOST_SECONDS = 8.0  # that reading every query of the three corpora in one process should take
console = Console(width=max(Console().width, 120))  # a pipe is no reason to cut figures


def main() -> int:
    named = os.environ.get("FIELDGUIDE_CORPORA")
    if not named or not Path(named).is_dir():
        console.print("FIELDGUIDE_CORPORA must name a folder with attack/, corpora/, fields/ and labels/.")
        return 2
    corpora = Path(named).resolve()
    # Growth comes first: with every rule in memory each collection of garbage looks through them all.
    figures: dict[str, Any] = {"growth": growth_figures()}
    print_growth(figures["growth"])
    merely = sum(merely_loaded(vendor, corpora / "corpora" / vendor) for vendor in VENDORS)
    readings = {vendor: load_corpus(vendor, corpora / "corpora" / vendor) for vendor in VENDORS}
    documents = [document for reading in readings.values() for document in reading.documents]
    timed = read_languages(documents, PASSES)
    for reading in readings.values():
        reading.analyse()
    figures["languages"] = {
        language: language_figures(row, accuracy(language, readings, corpora)) for language, row in timed.items()
    }
    figures["all_languages"] = together(timed, merely)
    figures["corpora"] = {vendor: corpus_figures(reading) for vendor, reading in readings.items()}
    print_languages(figures)
    del readings, documents, timed
    figures["import"] = import_figures(corpora)
    console.print_json(data=figures["import"])
    figures["editing"] = editing_figures()
    target = ROOT / "var" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=1))
    console.print(f"Written to {target.relative_to(ROOT)}.")
    return 0


def accuracy(language: str, readings: dict[str, CorpusReading], corpora: Path) -> Score | None:
    """The language's score against its labels; None for a language without any."""
    if language not in LABELS:
        return None
    vendor, file = LABELS[language]
    return score(labels(corpora / "labels" / file), readings[vendor].predicates())


def language_figures(row: LanguageReading, found: Score | None) -> dict[str, Any]:
    """Rules, queries by how they are parsed, CPU seconds of each pass, and accuracy where there are labels."""
    figures: dict[str, Any] = {
        "rules": row.rules,
        "queries": len(row.queries),
        "parsed": {parse: row.parsed[parse] for parse in ("full", "partial", "none")},
        "cpu_s": [round(seconds, 3) for seconds in row.seconds],
        "queries_per_s": round(len(row.queries) / (row.least or 1)),
        "accuracy": None,
    }
    if found is not None:
        figures["accuracy"] = {
            "rules": found.rules,
            "exact": found.exact,
            "exact_share": round(found.exact_share, 5),
            "f1": round(found.f1, 5),
            "absent": found.absent,
            "different": {path: [pair[0][:3], pair[1][:3]] for path, pair in found.different.items()},
        }
    return figures


def together(timed: dict[str, LanguageReading], merely: float) -> dict[str, Any]:
    """All languages in one process, beside merely loading the same files."""
    passes = [round(sum(seconds), 2) for seconds in zip(*(row.seconds for row in timed.values()), strict=True)]
    return {
        "queries": sum(len(row.queries) for row in timed.values()),
        "cpu_s": passes,
        "aim_s": MOST_SECONDS,
        "merely_loading_s": round(merely, 2),
        "ratio": round(min(passes) / merely, 2),
    }


def corpus_figures(reading: CorpusReading) -> dict[str, Any]:
    """Share of fields resolved, and CPU seconds of loading and of the whole analysis, of one corpus."""
    known, pairs = reading.resolved_share()
    return {
        "rules": len(reading.analyses),
        "live_parsed": {language: dict(counts) for language, counts in sorted(reading.parsed().items())},
        "loading_s": round(reading.loading, 2),
        "analysing_s": round(reading.analysing, 2),
        "fields_resolved": [known, pairs, round(known / (pairs or 1), 4)],
        "file_problems": reading.file_problems,
    }


def print_languages(figures: dict[str, Any]) -> None:
    table = Table(title="Languages: every rule of the corpora, CPU of the faster of two passes", title_justify="left")
    names = ("language", "rules", "full", "part", "none", "labelled", "exactly right", "F1", "CPU s", "queries/s")
    for name in names:
        table.add_column(name, justify="left" if name == "language" else "right")
    for language, row in figures["languages"].items():
        found = row["accuracy"]
        told = [str(found["rules"]), f"{found['exact_share']:.2%}", f"{found['f1']:.5f}"] if found else ["", "", ""]
        counts = [str(row["parsed"][parse]) for parse in ("full", "partial", "none")]
        cost = [f"{min(row['cpu_s']):.2f}", str(row["queries_per_s"])]
        table.add_row(language, str(row["rules"]), *counts, *told, *cost)
    console.print(table)
    total = figures["all_languages"]
    console.print(
        f"All languages in one process: {total['cpu_s']} s of CPU for {total['queries']} queries "
        f"(aim: at most {total['aim_s']:.0f} s), {total['ratio']} times merely loading the same files "
        f"({total['merely_loading_s']} s)."
    )
    for vendor, row in figures["corpora"].items():
        console.print(
            f"{vendor}: {row['rules']} rules, loading {row['loading_s']} s, whole analysis {row['analysing_s']} s, "
            f"fields resolved {row['fields_resolved']}, live rules {row['live_parsed']}"
        )


def growth_figures() -> dict[str, Any]:
    """By language: microseconds of CPU per byte at each length, and the longest's to the shortest's."""
    found = map(growth, LANGUAGES)
    return {
        row.language: {
            "us_per_byte": {str(length): round(cost, 3) for length, cost in row.per_byte.items()},
            "ratio": round(row.ratio, 2),
        }
        for row in found
    }


def print_growth(figures: dict[str, Any]) -> None:
    table = Table(title="Growth: CPU microseconds per byte of one condition joined by OR", title_justify="left")
    table.add_column("language")
    lengths = [SHORTEST << step for step in range(len(next(iter(figures.values()))["us_per_byte"]))]
    for length in lengths:
        table.add_column(f"{length // 1024} KB", justify="right")
    table.add_column("longest : shortest", justify="right")
    for language, row in figures.items():
        table.add_row(language, *(f"{cost:.2f}" for cost in row["us_per_byte"].values()), f"{row['ratio']:.2f}")
    console.print(table)


def import_figures(corpora: Path) -> dict[str, Any]:
    """An import of everything into SQLite, a second one with nothing changed, and the largest guide."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"FIELDGUIDE_DATA_DIR": folder}
        env.pop("DATABASE_URL", None)
        manage = [sys.executable, str(ROOT / "manage.py")]
        measured([*manage, "migrate", "--verbosity", "0"], env, ROOT)
        measured([*manage, "sync_attack", str(corpora / "attack" / "enterprise-attack-19.json")], env, ROOT)
        pairs = [word for vendor in VENDORS for word in (vendor, str(corpora / "corpora" / vendor))]
        first = measured([*manage, "sync_rules", *pairs], env, ROOT)
        second = measured([*manage, "sync_rules", *pairs], env, ROOT)
        recompute = measured([*manage, "recompute"], env, ROOT)
        guide = measured_guide(env)
        serving = serving_figures(env)
        searching = searching_figures(env)
    print_serving(serving)
    return {
        "first_s": round(first.seconds, 1),
        "first_cpu_s": round(first.cpu, 1),
        "peak_mb": round(first.peak),
        "second_s": round(second.seconds, 1),
        "recompute_command_s": round(recompute.seconds, 1),
        "guide": guide,
        "serving": serving,
        "searching": {"sqlite": searching, "postgresql": postgresql_figures(corpora)},
    }


def measured_guide(env: dict[str, str]) -> dict[str, Any]:
    """Queries and median milliseconds of the guide page with the most rules, uncached and cached."""
    os.environ.update(env)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    import django

    django.setup()
    logging.disable(logging.INFO)  # a line for each request would bury the figures
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost"})
    rows = client.get("/api/v1/techniques/?ordering=-rules&subtechniques=1&page_size=1").json()["results"]
    address = f"/techniques/{rows[0]['attack_id']}/?subtechniques=1"
    client.get(address)
    times = []
    queries = 0
    for _ in range(9):
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            begun = time.perf_counter()
            response = client.get(address)
            times.append((time.perf_counter() - begun) * 1000)
        queries = len(captured)
        assert response.status_code == 200, response.status_code
    cached = []
    for _ in range(9):
        begun = time.perf_counter()
        client.get(address)
        cached.append((time.perf_counter() - begun) * 1000)
    return {
        "address": address,
        "queries": queries,
        "median_ms": round(statistics.median(times), 1),
        "cached_median_ms": round(statistics.median(cached), 1),
        "bytes": len(response.content),
    }


if __name__ == "__main__":
    sys.exit(main())
