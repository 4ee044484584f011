"""Every setting is described, and the containers are as closed as they are said to be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"environment\.\w+\(\s*\"([A-Z_]+)\"")
GITS_OWN = {"GIT_SSH_COMMAND", "GIT_SSL_CAINFO"}
OURS = ("migrate", "first-catalog", "web", "worker", "beat")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def test_every_setting_stands_in_the_readme_and_every_one_there_is_read() -> None:
    read = {name for file in (ROOT / "catalog").rglob("*.py") for name in READ.findall(file.read_text())}
    section = (ROOT / "README.md").read_text().split("## Settings")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    described = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert len(read) > 20
    assert described == read | GITS_OWN


@pytest.mark.parametrize("name", OURS)
def test_our_containers_write_nothing_but_data_and_have_no_rights(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 a mount of its own
    assert service["volumes"] == ["data:/data"]
    assert service["cap_drop"] == ["ALL"]
    assert service["environment"]["FIELDGUIDE_ENV"] == "production"


def test_what_runs_on_has_a_health_check_and_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    once = {"migrate", "first-catalog"}
    image = (ROOT / "Dockerfile").read_text()
    for name, service in services.items():
        if name not in once and name != "web":
            assert service["healthcheck"]["test"], name
    assert "HEALTHCHECK" in image and "/healthz" in image
    for name in ("web", "worker", "beat", "first-catalog"):
        conditions = {needed: how["condition"] for needed, how in services[name]["depends_on"].items()}
        assert conditions == {
            "database": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }


def test_no_secret_stands_in_the_containers_files(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search("KEY|PASSWORD|TOKEN", name):
                assert str(value).startswith("${"), name
    assert services["web"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert services["web"]["environment"]["DATABASE_URL"].count("${POSTGRES_PASSWORD:?") == 1


def test_the_image_is_slim_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert all("-slim" in line for line in lines if line.startswith("FROM"))
    last_user = [line for line in lines if line.startswith("USER")][-1]
    assert last_user == "USER fieldguide"
    assert not [line for line in lines if line.startswith(("COPY", "ADD")) and line.rstrip().endswith(" . .")]
