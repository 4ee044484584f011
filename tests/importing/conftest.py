"""A server of git repositories over https, with a certificate that git trusts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.importing.servers import Server, certificate, https_server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    file = certificate(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(file))
    with https_server(tmp_path / "repositories", file) as answering:
        yield answering
