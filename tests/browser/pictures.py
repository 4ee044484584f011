"""The README's pictures: `make screenshots` starts the site on the starter corpus and looks at it.

It writes PNG files of 1440 pixels' width into `catalog/static/catalog/pictures/`; data and server are gone afterwards.
"""

from __future__ import annotations

import io
import os
from typing import Any

from PIL import Image

from tests.browser.chromium import launched
from tests.starter.site import ROOT, starter_site

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
    password = os.urandom(12).hex()
    with starter_site() as site, launched() as browser:
        site.manage("shell", "--verbosity", "0", "--command", ACCOUNT.format(password=password))
        look(browser.new_page(viewport=SIZE, color_scheme="light"), site.address, password)


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
