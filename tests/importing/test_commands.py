"""The commands as people type them: what they print, and the exit status when nothing could be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importing.checkouts import Checkout, elastic_rule, sigma_rule
from tests.importing.remotes import Remote

ROOT = Path(__file__).resolve().parents[2]
A = "11111111-1111-4111-8111-111111111111"
FACTS = ROOT / "detections" / "starter" / "attack.json"


@pytest.fixture
def manage(tmp_path: Path):
    """A function that runs a command on a new SQLite database of its own."""
    env = os.environ | {
        "FIELDGUIDE_DATA_DIR": str(tmp_path / "data"),
        "FIELDGUIDE_LOCAL_ROOT": str(tmp_path),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }

    def run(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(command, input=stdin, env=env, cwd=ROOT, capture_output=True, check=False)

    assert run("migrate", "--verbosity", "0").returncode == 0
    return run


def test_a_sync_prints_a_summary_and_the_problems(manage, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(A))
    checkout.write("rules/broken.yml", "title: [")
    done = manage("sync_rules", "sigma", str(checkout.root))
    assert done.returncode == 0
    assert b"added" in done.stdout and b"unreadable" in done.stdout
    assert b"rules/broken.yml:1:" in done.stderr


def test_several_checkouts_are_read_in_turn_though_one_of_them_fails(manage, tmp_path: Path) -> None:
    sigma, elastic = Checkout(tmp_path / "sigma"), Checkout(tmp_path / "elastic", "elastic")
    sigma.write("rules/a.yml", sigma_rule(A))
    elastic.write("rules/windows/a.toml", elastic_rule(A))
    done = manage("sync_rules", "sigma", str(sigma.root), "splunk", "/nowhere", "elastic", str(elastic.root))
    assert done.returncode == 1 and b"no such folder" in done.stderr
    assert b"SigmaHQ from" in done.stdout and b"Elastic from" in done.stdout


def test_every_repository_is_fetched_though_one_of_them_fails(manage, tmp_path: Path) -> None:
    team, gone = Remote(tmp_path / "team"), tmp_path / "gone"
    team.write("rules/a.yml", sigma_rule(A))
    commit = team.commit()
    configured = [
        manage("configure_source", "sigma", str(gone), "--source", "gone"),
        manage("configure_source", "sigma", str(team.root), "--source", "team", "--name", "Our rules", "--private"),
    ]
    assert [done.returncode for done in configured] == [0, 0]
    assert b"Our rules (team, private) is fetched from" in configured[1].stdout
    done = manage("sync_rules", "--all")
    assert done.returncode == 1 and b"gone: " in done.stderr and b"No repository is there" in done.stderr
    assert f"Our rules from {team.root} at {commit[:12]}".encode() in done.stdout
    assert b"Traceback" not in done.stderr and b"team: " not in done.stderr
    team.write("rules/b.yml", sigma_rule(A.replace("1", "2")))
    commit = team.commit()
    done = manage("sync_rules", "team")
    assert done.returncode == 0 and commit[:12].encode() in done.stdout


def test_a_token_that_cannot_be_read_stops_the_start_and_is_not_shown(tmp_path: Path) -> None:
    env = os.environ | {"FIELDGUIDE_DATA_DIR": str(tmp_path)}
    for tokens in ("secret", "github.com=secret-a,secret-b", "https://github.com=secret", "github.com="):
        command = [sys.executable, str(ROOT / "manage.py"), "check"]
        done = subprocess.run(command, env=env | {"FIELDGUIDE_GIT_TOKENS": tokens}, capture_output=True, check=False)
        assert done.returncode == 1
        assert b"FIELDGUIDE_GIT_TOKENS is not host=TOKEN" in done.stderr and b"secret" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sync_rules", "yara", "."), b"sigma, elastic, splunk"),
        (("sync_rules", "sigma", "/nowhere/at/all"), b"no such folder"),
        (("sync_rules", "sigma", str(ROOT / "templates")), b"No SigmaHQ rules are here"),
        (("sync_rules", "sigma"), b"no path"),
        (("sync_rules", "sigma", "a", "splunk", "b", "--source", "team"), b"one checkout alone"),
        (("sync_rules",), b"--all"),
        (("sync_rules", "--all"), b"No source names a repository"),
        (("sync_rules", "--all", "sigma", "."), b"without paths"),
        (("sync_rules", "--all", "--private"), b"go with a path"),
        (("configure_source", "yara"), b"sigma, elastic, splunk"),
        (("configure_source", "sigma", "file:///srv/rules"), b"no address to fetch from"),
        (("configure_source", "sigma", "/etc"), b"must lie below"),
        (("configure_source", "sigma", "--source", "team"), b"Name the address"),
        (("sync_attack", "/nowhere/at/all.json"), b"No such file"),
        (("sync_attack", "ftp://example.org/x"), b"https"),
        (("sync_attack", str(ROOT / "README.md")), b"not valid JSON"),
        (("dump_predicates", "yara", "."), b"sigma, elastic, splunk"),
        (("dump_predicates", "sigma", "/nowhere/at/all"), b"no such folder"),
        (("run", "7"), b"no run 7"),
    ],
)
def test_what_cannot_be_done_ends_with_a_message_and_a_status(manage, words: tuple[str, ...], said: bytes) -> None:
    done = manage(*words)
    assert done.returncode == 1
    assert said in done.stderr and b"Traceback" not in done.stderr


def test_attack_is_synced_and_a_rule_with_a_revoked_id_counts_for_its_successor(manage, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(A, tag="t1562.004"))
    checkout.write("rules/b.yml", sigma_rule(A.replace("1", "2"), tag="t9999"))
    assert manage("sync_rules", "sigma", str(checkout.root)).returncode == 0
    done = manage("sync_attack", str(FACTS))
    assert done.returncode == 0 and b"retagged" in done.stdout
    code = (
        "from detections.models import RuleTechnique;"
        "print(sorted(RuleTechnique.objects.values_list('written', 'technique__attack_id')))"
    )
    told = manage("shell", "--no-imports", "-c", code).stdout.decode().strip()
    assert told == "[('T1562.004', 'T1686'), ('T9999', None)]"


def test_predicates_are_dumped_without_a_database(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "elastic", "elastic")
    checkout.write("rules/windows/a.toml", elastic_rule(A))
    checkout.write("rules/windows/b.toml", "[rule")
    command = [sys.executable, str(ROOT / "manage.py"), "dump_predicates", "elastic", str(checkout.root)]
    env = os.environ | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "FIELDGUIDE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (rule,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (rule["path"], rule["id"], rule["language"], rule["parse"]) == ("rules/windows/a.toml", A, "kql", "full")
    assert rule["techniques"] == ["T1059", "T1059.001"]
    assert (rule["platforms"], rule["domains"]) == (["Windows"], ["endpoint"])
    assert rule["predicates"] == [
        {"field": "process.name", "canonical": "Image", "op": "eq", "value": "tool.exe", "negated": False,
         "role": "filter"}
    ]  # fmt: skip
    assert b"rules/windows/b.toml:1:" in done.stderr


@pytest.mark.parametrize(
    ("language", "query", "said"),
    [
        ("kql", b'process.name: "a.exe" and not user.name: "b"', [b"parse: full", b"Image", b"exclusion"]),
        ("eql", b'process where process.name : "a*"', [b"startswith", b"category"]),
        ("sigma", sigma_rule(A).encode(), [b"endswith", b"logsource"]),
        ("kql", b"a: 1 and (b: 2", [b"parse: partial", b"never closed"]),
    ],
)
def test_a_query_is_explained(manage, language: str, query: bytes, said: list[bytes]) -> None:
    done = manage("explain", "--language", language, stdin=query)
    assert done.returncode == 0, done.stderr
    assert all(part in done.stdout for part in said), done.stdout.decode()


@pytest.mark.parametrize(
    ("words", "query", "said"),
    [
        (("--language", "kusto"), b"x", b"Choose one of"),
        (("--language", "kql"), b"", b"Nothing of it could be read"),
        (("--language", "kql"), b"\xff", b"not UTF-8"),
        (("--language", "kql"), b"a: \x00", b"NUL"),
    ],
)
def test_a_query_that_cannot_be_read_is_said_so(manage, words: tuple[str, ...], query: bytes, said: bytes) -> None:
    done = manage("explain", *words, stdin=query)
    assert done.returncode == 1
    assert said in done.stderr and b"Traceback" not in done.stderr
