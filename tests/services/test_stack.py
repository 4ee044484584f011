"""Web, worker and beat by the very commands of the image and of compose, on PostgreSQL and Redis, as in production."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services.processes import ROOT, manage, postgresql_database, redis_address

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

KEY = "u7Zq-3kfV0nTj5yXw9LbR2cHsA8dGmE1pQoKiW4vNzBtYxJhUg6FrD"
PATIENCE = 120  # seconds; a busy machine takes its time to start three processes
POOL = 2
_QUEUE_A_RUN = """
from catalog import logs
from catalog.runs import start
from detections.importing.runs import request_recomputation
logs.request_id.set("asked-over-there-1")
start(request_recomputation())
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """The running product: its address, its environment, its processes' logs, and the health checks of each."""

    address: str
    env: dict[str, str]
    folder: Path
    checks: dict[str, list[str]]

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=30) as answer:  # noqa: S310 our own address
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def log(self, name: str) -> list[dict[str, Any]]:
        lines = (self.folder / f"{name}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def metric(self, name: str) -> float:
        lines = self.get("/metrics")[2].decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def command_of_image() -> tuple[list[str], list[str]]:
    """The image's command and its health check."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    check = re.search(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    command = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert check and command
    return json.loads(command[1]), json.loads(check[1])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as running:
        env = {
            "DATABASE_URL": running.enter_context(postgresql_database()) + "?application_name=stack",
            "REDIS_URL": redis_address(),
            "CELERY_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
            "FIELDGUIDE_ENV": "production",
            "SECRET_KEY": KEY,
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "0",
            "DATABASE_POOL": str(POOL),
            "WEB_CONCURRENCY": "2",
            "WEB_THREADS": "4",
            "FIELDGUIDE_DATA_DIR": str(folder / "data"),
            "STATIC_ROOT": str(folder / "static"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
        }
        manage("collectstatic", "--no-input", "--verbosity", "0", env=env)
        subprocess.run(
            services["migrate"]["command"].split(), cwd=ROOT, env=os.environ | env, check=True, capture_output=True
        )
        web, web_check = command_of_image()
        swaps = {"0.0.0.0:8000": f"127.0.0.1:{port}", "fieldguide": env["CELERY_QUEUE"]}
        commands = {
            "web": web,
            "worker": shlex.split(services["worker"]["command"]),
            "beat": shlex.split(services["beat"]["command"]),
        }
        for name, words in commands.items():
            command = [swaps.get(word, word) for word in words]
            running.enter_context(process(command, env, folder / f"{name}.log"))
        beat_check = [
            word.replace("find /data", f"find {env['FIELDGUIDE_DATA_DIR']}") for word in check_of(services["beat"])
        ]
        checks = {
            "web": [word.replace(":8000", f":{port}") for word in web_check],
            "worker": check_of(services["worker"]),
            "beat": beat_check,
        }
        stack = Stack(f"http://127.0.0.1:{port}", env, folder, checks)
        wait(lambda: is_ready(stack), lambda: "\n".join(file.read_text() for file in folder.glob("*.log")))
        yield stack


def check_of(service: dict[str, Any]) -> list[str]:
    kind, command = service["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    return ["sh", "-c", command.replace("$$", "$")]


@contextmanager
def process(command: list[str], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def wait(done: Any, say: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            pytest.fail(f"It did not come about. {say()}")
        time.sleep(0.5)


def is_ready(stack: Stack) -> bool:
    try:
        return stack.get("/readyz")[0] == 200
    except OSError:
        return False


def test_it_is_ready_and_each_health_check_passes(stack: Stack) -> None:
    checks = json.loads(stack.get("/readyz")[2])["checks"]
    assert all(check["ok"] for check in checks.values())
    assert "seconds ago" in checks["worker"]["said"]
    data = Path(stack.env["FIELDGUIDE_DATA_DIR"])
    wait(lambda: any(data.glob("celerybeat-schedule*")), lambda: (stack.folder / "beat.log").read_text())
    for name, command in stack.checks.items():
        for _ in range(3):  # as often as a container is asked before it counts as ill
            done = subprocess.run(
                command, cwd=ROOT, env=os.environ | stack.env, capture_output=True, text=True, check=False,
                timeout=PATIENCE,
            )  # fmt: skip
            if done.returncode == 0:
                break
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


def test_static_files_have_their_contents_hash_in_their_names(stack: Stack) -> None:
    page = stack.get("/rules/")[2].decode()
    (address,) = re.findall(r'"(/static/catalog/css/base\.[0-9a-f]{12}\.css)"', page)
    status, headers, _ = stack.get(address)
    assert status == 200
    assert "immutable" in headers["Cache-Control"]


def test_counts_of_several_processes_are_one(stack: Stack) -> None:
    name = 'fieldguide_requests_total{method="GET",status="200",view="source-list"}'
    before = stack.metric(name)
    for _ in range(24):
        assert stack.get("/sources/")[0] == 200
    assert stack.metric(name) - before == 24
    assert stack.metric("fieldguide_worker_up") == 1
    assert stack.metric("fieldguide_broker_up") == 1


def test_threads_share_a_pool_of_connections(stack: Stack) -> None:
    import psycopg

    with ThreadPoolExecutor(16) as pool:
        paths = [f"/rules/?q={number}" for number in range(64)]
        assert {status for status, *_ in pool.map(stack.get, paths)} == {200}
    address = stack.env["DATABASE_URL"].replace("application_name=stack", "application_name=asking")
    with psycopg.connect(address) as server:
        held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stack' AND datname = current_database()"
        row = server.execute(held).fetchone()
    assert row
    workers = 2 + 1  # the worker's children and its parent hold one each at most
    assert POOL <= row[0] <= 2 * POOL + workers


def test_a_queued_run_carries_the_requests_id_into_the_workers_log(stack: Stack) -> None:
    manage("shell", "--no-imports", "-c", _QUEUE_A_RUN, env=stack.env)

    def told() -> list[dict[str, Any]]:
        return [line for line in stack.log("worker") if line.get("request_id") == "asked-over-there-1"]

    wait(told, lambda: (stack.folder / "worker.log").read_text())
    assert all(line["task_id"] for line in told())


def test_the_web_log_is_json_and_holds_no_query(stack: Stack) -> None:
    stack.get("/rules/?q=never-to-be-seen")
    lines = (stack.folder / "web.log").read_text().splitlines()
    requests = [line for line in map(json.loads, lines) if line["logger"] == "fieldguide.request"]
    assert {"time", "level", "logger", "message", "request_id", "path", "status", "duration"} <= set(requests[-1])
    assert "never-to-be-seen" not in "\n".join(lines)
