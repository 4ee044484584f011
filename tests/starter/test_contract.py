"""The API's contract, asked of a real server on the starter corpus."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.api.examples import FILE as EXAMPLES
from catalog.pages.start import FILE as STARTED
from catalog.pages.start import SITE, STEPS
from tests.lacking import lacking
from tests.starter.contract import get, schema_of, tried_schema
from tests.starter.made import SCHEMA, answer_of, examples_text, schema_text
from tests.starter.site import ROOT, Site, starter_site

# One server for all of them, whichever process runs them.
pytestmark = pytest.mark.xdist_group("starter-site")
REMADE = "`make schema` writes it again; a change of the contract has to be meant."
ADMINISTRATOR = """from django.contrib.auth.models import User
from catalog.models import ApiToken
print(ApiToken.objects.make(User.objects.create_superuser("ada", password=None), "tests", writes=True)[1])"""
EXAMPLES_EACH = 20  # of an operation, beside those that its parameters call for
SECONDS = 600  # a bound, not an expectation: a busy machine may take its time


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with starter_site(API_RATE_ANONYMOUS="0", API_RATE_TOKEN="0") as found:
        yield found


def test_the_examples_are_what_the_site_answers(site: Site) -> None:
    assert json.loads(EXAMPLES.read_text(encoding="utf-8")) == json.loads(examples_text(site.address)), REMADE


def test_the_contract_did_not_change_unseen(site: Site) -> None:
    assert SCHEMA.read_text(encoding="utf-8").splitlines() == schema_text(site.address).splitlines(), REMADE


def test_the_first_steps_are_answered_as_their_page_says(site: Site) -> None:
    told = json.loads(STARTED.read_text(encoding="utf-8"))
    assert len(STEPS) == 5 and {step.name: answer_of(step, site.address) for step in STEPS} == told, REMADE
    with urllib.request.urlopen(f"{site.address}/api/start/", timeout=30) as response:  # noqa: S310  our own server
        page = html.unescape(response.read().decode())
    for step in STEPS:
        assert step.request.replace(SITE, site.address) in page, step.name
        assert told[step.name].replace(SITE, site.address) in page, step.name


def test_it_is_openapi_3_1(site: Site) -> None:
    if importlib.util.find_spec("openapi_spec_validator") is None:
        lacking("openapi-spec-validator is not installed.")
    from openapi_spec_validator import OpenAPIV31SpecValidator

    schema = schema_of(site.address)
    assert schema["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(schema).iter_errors()] == []


def test_every_example_is_what_the_schema_says_by_its_own_dialect(site: Site) -> None:
    """Null is the case: what OpenAPI 3.0 called nullable means nothing in the JSON Schema of 3.1."""
    if importlib.util.find_spec("jsonschema") is None:
        lacking("jsonschema is not installed.")
    from jsonschema import Draft202012Validator

    schema = schema_of(site.address)
    tried = 0
    for path, operations in schema["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        told = content.get("application/json", {})
        if "example" in told:
            shape = told["schema"] | {"components": schema["components"]}
            assert [error.message for error in Draft202012Validator(shape).iter_errors(told["example"])] == [], path
            tried += 1
    assert tried > 30


def test_every_operation_says_what_it_is_what_it_answers_and_how_it_fails(site: Site) -> None:
    schema = schema_of(site.address)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            at = f"{method} {path}"
            assert len(operation["description"]) > 10, at
            assert all(one.get("description") or one["in"] == "path" for one in operation.get("parameters", ())), at
            answers = operation["responses"]
            assert {"400", "401", "403", "404", "405", "406", "429", "500"} <= set(answers), at
            for status in (status for status in answers if status >= "400"):
                name = answers[status]["$ref"].rpartition("/")[2]
                assert set(schema["components"]["responses"][name]["content"]) == {"application/problem+json"}, at
            shown = answers.get("200", {}).get("content", {}).get("application/json")
            if method == "get" and shown and path != "/api/v1/aliases/":
                assert "example" in shown, at


def test_whatever_may_be_asked_is_answered_as_the_schema_says(site: Site, tmp_path: Path) -> None:
    tried(site, tmp_path)


def test_whatever_may_be_sent_is_answered_as_the_schema_says(site: Site, tmp_path: Path) -> None:
    """By an administrator. What is right for the schema may still be refused: a version that is not in force."""
    token = site.manage("shell", "--verbosity", "0", "--command", ADMINISTRATOR).strip()
    writes = [word for method in ("POST", "PUT", "PATCH", "DELETE") for word in ("--include-method", method)]
    unchecked = "positive_data_acceptance,negative_data_rejection"
    tried(
        site, tmp_path, *writes, "--header", f"Authorization: Bearer {token}",
        "--exclude-checks", unchecked,
    )  # fmt: skip


def tried(site: Site, folder: Path, *options: str) -> None:
    """What the schema allows, and what it does not, of every operation: the same on every machine."""
    if importlib.util.find_spec("schemathesis") is None:
        lacking("schemathesis is not installed: make install-dev.")
    file = folder / "schema.json"
    file.write_text(json.dumps(tried_schema(site.address)), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(file), "--url", site.address, "--checks", "all",
        "--phases", "coverage,fuzzing", "--generation-deterministic", "--max-examples", str(EXAMPLES_EACH),
        "--no-color", "--warnings", "off", *options,
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.starter.bounds"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    print(done.stdout[-600:])


CLIENT = """
import json, sys
from fieldguide_client import Client
from fieldguide_client.api.techniques import technique, techniques
from fieldguide_client.models import PaginatedTechniqueList, TechniqueDetail

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
found, page = [], 1
while True:
    answer = techniques.sync(client=client, page=page, page_size=500)
    assert isinstance(answer, PaginatedTechniqueList), answer
    found += [(row.attack_id, row.rules) for row in answer.results]
    if answer.next_ is None:
        break
    page += 1
one = technique.sync("T1059.001", client=client)
assert isinstance(one, TechniqueDetail), one
print(json.dumps({"count": answer.count, "found": found, "one": one.name}))
"""


def test_a_typed_client_made_of_it_lists_the_techniques(site: Site, tmp_path: Path) -> None:
    if importlib.util.find_spec("openapi_python_client") is None:
        lacking("openapi-python-client is not installed: make install-dev.")
    made = tmp_path / "client"
    command = [
        str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--url",
        f"{site.address}/api/schema/?format=json", "--meta", "none", "--output-path", str(made / "fieldguide_client"),
        "--fail-on-warning",
    ]  # fmt: skip
    made.mkdir()
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # it formats what it writes
    env = os.environ | {"PATH": path}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = [sys.executable, "-c", CLIENT, site.address]
    read = subprocess.run(asked, cwd=made, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert read.returncode == 0, read.stderr
    answer: dict[str, Any] = json.loads(read.stdout)
    assert answer["count"] == len(answer["found"]) > 600 and answer["one"] == "PowerShell"
    listed = get(f"{site.address}/api/v1/techniques/?page_size=500")["results"]
    assert answer["found"][:500] == [[row["attack_id"], row["rules"]] for row in listed]
