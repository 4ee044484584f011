"""The README's pictures: `make screenshots` starts the site on the starter corpus and looks at it.

It writes PNG files of 1440 pixels' width into `catalog/static/catalog/pictures/`; data and server are gone afterwards.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.chromium import launched

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "catalog" / "static" / "catalog" / "pictures"
RULE = "/rules/sigma/6e5f6499-77fa-4aea-8540-7ae748e9e101/"
SIZE = {"width": 1440, "height": 900}
COLOURS = 128  # enough for a page, at a third of the weight
# The file's name and the address; what wants an account leads to signing in first.
SHOWN = (
    ("guide", "/techniques/T1578.001/"),
    ("matrix", "/matrix/"),
    ("rule", RULE),
    ("editor", f"{RULE}edit/"),
)
ACCOUNT = """from django.apps import apps
from django.contrib.auth.models import User
User.objects.create_superuser("ada", password="{password}")"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        password = os.urandom(12).hex()
        environment = {
            "PATH": os.environ["PATH"], "FIELDGUIDE_DATA_DIR": folder, "LOG_LEVEL": "ERROR", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        for command in (["migrate", "--verbosity", "0"], ["first_catalog", "--starter"]):
            manage(environment, *command)
        manage(environment, "shell", "--verbosity", "0", "--command", ACCOUNT.format(password=password))
        port = free_port()
        served = [sys.executable, "-m", "gunicorn", "--config", "python:catalog.serving", "--bind", f"127.0.0.1:{port}"]
        server = subprocess.Popen([*served, "catalog.wsgi"], cwd=ROOT, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/healthz")
            with launched() as browser:
                look(browser.new_page(viewport=SIZE, color_scheme="light"), address, password)
        finally:
            server.terminate()
            server.wait(30)


def manage(environment: dict[str, str], *command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(address: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own server
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def look(page: Any, address: str, password: str) -> None:
    for name, path in SHOWN:
        page.goto(address + path)
        if "/sign-in/" in page.url:
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Password").fill(password)
            page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_load_state("networkidle")
        file = PICTURES / f"{name}.png"
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
