"""`make bench`: the figures of the product on the corpora that FIELDGUIDE_CORPORA names.

Prints them and writes them as JSON to `var/bench.json`. Times are of this machine and this hour: compare ratios
within one run.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from detections.analysis.dump import dumped
from tests.benchmarks.memory import measured
from tests.benchmarks.reading import CorpusReading, read_corpus
from tests.benchmarks.scorer import labels, score

ROOT = Path(__file__).resolve().parents[2]
LABELS = {
    "sigma": {"sigma": "sigma.jsonl.gz"},
    "elastic": {"eql": "elastic_eql.jsonl.gz", "kql": "elastic_kql.jsonl.gz", "esql": "elastic_esql_sample.jsonl"},
    "splunk": {"spl": "splunk_spl_sample.jsonl"},
}
console = Console()


def main() -> int:
    named = os.environ.get("FIELDGUIDE_CORPORA")
    if not named or not Path(named).is_dir():
        console.print("FIELDGUIDE_CORPORA must name a folder with attack/, corpora/, fields/ and labels/.")
        return 2
    corpora = Path(named).resolve()
    figures: dict[str, Any] = {"reading": {}, "import": {}}
    for vendor, files in LABELS.items():
        reading = read_corpus(vendor, corpora / "corpora" / vendor)
        figures["reading"][vendor] = reading_figures(reading, corpora, files)
    print_reading(figures["reading"])
    figures["import"] = import_figures(corpora)
    console.print_json(data=figures["import"])
    target = ROOT / "var" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=1))
    console.print(f"Written to {target.relative_to(ROOT)}.")
    return 0


def reading_figures(reading: CorpusReading, corpora: Path, files: dict[str, str]) -> dict[str, Any]:
    """Accuracy, share parsed, resolved names and CPU seconds of one corpus."""
    found: dict[str, list[Any]] = {}
    for analysis in reading.analyses:
        found.setdefault(analysis.document.path, []).extend(dumped(analysis)["predicates"])
    known, pairs = reading.resolved_share()
    figures: dict[str, Any] = {
        "rules": len(reading.analyses),
        "loading_s": round(reading.loading, 2),
        "analysing_s": round(reading.analysing, 2),
        "rules_per_s": round(len(reading.analyses) / (reading.analysing or 1)),
        "parsed": {language: dict(counts) for language, counts in sorted(reading.parsed().items())},
        "fields_resolved": [known, pairs, round(known / (pairs or 1), 4)],
        "file_problems": reading.file_problems,
        "accuracy": {},
    }
    for language, file in files.items():
        result = score(labels(corpora / "labels" / file), found)
        figures["accuracy"][language] = {
            "rules": result.rules,
            "exact": result.exact,
            "exact_share": round(result.exact_share, 4),
            "f1": round(result.f1, 5),
            "absent": result.absent,
            "different": {path: [pair[0][:3], pair[1][:3]] for path, pair in result.different.items()},
        }
    return figures


def print_reading(figures: dict[str, Any]) -> None:
    table = Table(title="Reading (live rules parsed; accuracy over all labelled rules)", title_justify="left")
    for name in ("corpus", "language", "full", "part", "none", "labelled", "exactly right", "F1"):
        table.add_column(name, justify="left" if name in ("corpus", "language") else "right")
    for vendor, row in figures.items():
        for language, counts in row["parsed"].items():
            accuracy = row["accuracy"].get(language)
            told = (
                [str(accuracy["rules"]), f"{accuracy['exact_share']:.2%}", f"{accuracy['f1']:.5f}"]
                if accuracy
                else ["", "", ""]
            )
            counted = [str(counts.get(parse, 0)) for parse in ("full", "partial", "none")]
            table.add_row(vendor, language, *counted, *told)
    console.print(table)
    for vendor, row in figures.items():
        console.print(
            f"{vendor}: loading {row['loading_s']} s, analysing {row['analysing_s']} s "
            f"({row['rules_per_s']} rules/s), fields resolved {row['fields_resolved']}"
        )


def import_figures(corpora: Path) -> dict[str, Any]:
    """An import of everything into SQLite, a second one with nothing changed, and the largest guide."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"FIELDGUIDE_DATA_DIR": folder}
        env.pop("DATABASE_URL", None)
        manage = [sys.executable, str(ROOT / "manage.py")]
        measured([*manage, "migrate", "--verbosity", "0"], env, ROOT)
        measured([*manage, "sync_attack", str(corpora / "attack" / "enterprise-attack-19.json")], env, ROOT)
        pairs = [word for vendor in LABELS for word in (vendor, str(corpora / "corpora" / vendor))]
        first = measured([*manage, "sync_rules", *pairs], env, ROOT)
        second = measured([*manage, "sync_rules", *pairs], env, ROOT)
        recompute = measured([*manage, "recompute"], env, ROOT)
        guide = measured_guide(env)
    return {
        "first_s": round(first.seconds, 1),
        "first_cpu_s": round(first.cpu, 1),
        "peak_mb": round(first.peak),
        "second_s": round(second.seconds, 1),
        "recompute_command_s": round(recompute.seconds, 1),
        "guide": guide,
    }


def measured_guide(env: dict[str, str]) -> dict[str, Any]:
    """Queries and median milliseconds of the guide page with the most rules, uncached and cached."""
    os.environ.update(env)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    import django

    django.setup()
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
