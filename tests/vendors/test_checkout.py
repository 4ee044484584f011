"""Which files of a folder are rules, and that no file's content is an exception."""

from pathlib import Path

import pytest

from detections.documents.decoding import MAX_BYTES
from detections.documents.problem import UnreadableError
from detections.vendors import VENDORS
from detections.vendors.checkout import commit_of, read_file, rule_paths
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


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_link_names_the_file_at_its_commit(vendor: str) -> None:
    row = VENDORS[vendor]
    assert row.link("rules/a.yml#2", "abc").endswith("/blob/abc/rules/a.yml")
    assert f"/blob/{row.branch}/" in row.link("rules/a.yml")
