"""Which files of a folder are rules, and that no file's content is an exception."""

import os
import subprocess
from pathlib import Path

import pytest

from detections.documents.decoding import MAX_BYTES
from detections.documents.problem import UnreadableError
from detections.vendors import VENDORS
from detections.vendors.checkout import commit_of, lifecycle_of, read_file, rule_paths
from detections.vendors.vendor import ReadWith


def test_rule_files_are_found_in_the_vendors_folders(tmp_path: Path) -> None:
    for path in ("rules/b.yml", "rules/sub/a.yaml", "rules-more/c.yml", "tests/x.yml", "rules/notes.md", "a.yml"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert rule_paths(VENDORS["sigma"], tmp_path) == ["rules-more/c.yml", "rules/b.yml", "rules/sub/a.yaml"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yml").touch()
    inside = tmp_path / "checkout" / "rules"
    inside.mkdir(parents=True)
    (inside / "a.yml").touch()
    (inside / "link").symlink_to(outside)
    assert rule_paths(VENDORS["sigma"], inside.parent) == ["rules/a.yml"]


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_a_file_behind_a_link_that_leads_out_is_left_alone(tmp_path: Path) -> None:
    touch(tmp_path, "secret.yml", "checkout/rules/a.yml")
    root = tmp_path / "checkout"
    (root / "rules" / "out.yml").symlink_to(tmp_path / "secret.yml")
    (root / "rules" / "in.yml").symlink_to(root / "rules" / "a.yml")
    (root / "rules" / "self.yml").symlink_to(root / "rules" / "self.yml")
    assert rule_paths(VENDORS["sigma"], root) == ["rules/a.yml", "rules/in.yml"]


def test_only_the_folders_of_rules_are_looked_into(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "removed/detections/old.yml",
        "removed/deprecation_mapping.YML",
        "detections/web/a.yml",
        "macros/m.yml",
    )
    assert rule_paths(VENDORS["splunk"], tmp_path) == ["detections/web/a.yml", "removed/detections/old.yml"]


def test_a_file_in_one_of_several_folders_stands_once(tmp_path: Path) -> None:
    touch(tmp_path, "rules/_deprecated/old.toml", "rules/a.toml", "rules_building_block/b.toml", "rules/a.txt")
    assert rule_paths(VENDORS["elastic"], tmp_path) == [
        "rules/_deprecated/old.toml", "rules/a.toml", "rules_building_block/b.toml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "path", "lifecycle"),
    [
        ("elastic", "rules/_deprecated/a.toml", "deprecated"),
        ("elastic", "rules/_deprecated_things/a.toml", "live"),
        ("elastic", "rules_building_block/a.toml", "live"),
        ("splunk", "detections/deprecated/a.yml", "deprecated"),
        ("splunk", "removed/detections/a.yml", "retired"),
        ("splunk", "detections/endpoint/deprecated/a.yml", "live"),
        ("sigma", "unsupported/a.yml", "unsupported"),
        ("sigma", "a.yml", "live"),
    ],
)
def test_the_longest_folder_decides_the_lifecycle(vendor: str, path: str, lifecycle: str) -> None:
    assert lifecycle_of(VENDORS[vendor], path) == lifecycle


def test_a_name_that_is_not_utf8_is_a_problem_that_can_be_stored(tmp_path: Path) -> None:
    touch(tmp_path, "rules/a.yml")
    (tmp_path / "rules" / os.fsdecode(b"\xff.yml")).touch()
    (good, bad) = sorted(rule_paths(VENDORS["sigma"], tmp_path), key=len)
    assert good == "rules/a.yml"
    (problem,) = read_file(VENDORS["sigma"], tmp_path, bad, ReadWith()).problems
    assert "not UTF-8" in problem.message
    assert str(problem).encode()


def test_a_folder_of_an_impossible_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be read"):
        rule_paths(VENDORS["sigma"], tmp_path / ("x" * 5000))


@pytest.mark.parametrize(("name", "said"), [("nowhere", "no such folder"), ("file", "is a file"), ("empty", "rules/")])
def test_what_is_no_checkout_is_refused_with_what_was_looked_for(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableError, match=said):
        rule_paths(VENDORS["sigma"], tmp_path / name)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00", b"\xff\xfe", b"[" * 30_000, b"a: &a [x]\nb: [" + b"*a, " * 5000 + b"]", b"key: value",
        b"- 1\n- 2", b'a = "\\uD800"', b'title: "\\uD800"', b"x" * (MAX_BYTES + 1), b"a: !!python/object:os.system x",
        b"? {a: 1}\n: b", b"2024-13-45", b"a: 2024-13-45", b"[a]\n[a]",
    ],
)  # fmt: skip
def test_no_content_of_a_file_is_an_exception(tmp_path: Path, vendor: str, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    reading = read_file(VENDORS[vendor], tmp_path, "f", ReadWith())
    assert reading.documents == ()
    assert reading.problems and all(problem.message for problem in reading.problems)


def test_a_file_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be opened" in read_file(VENDORS["sigma"], tmp_path, "gone.yml", ReadWith()).problems[0].message


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    (tmp_path / ".git").write_text("nothing of git")
    assert commit_of(tmp_path) == ""


def test_a_checkout_has_the_commit_of_its_head(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit_of(tmp_path) == ""
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First."], check=True)
    assert len(commit_of(tmp_path)) == 40


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_link_names_the_file_at_its_commit(vendor: str) -> None:
    row = VENDORS[vendor]
    assert row.link("rules/a.yml#2", "abc").endswith("/blob/abc/rules/a.yml")
    assert f"/blob/{row.branch}/" in row.link("rules/a.yml")
