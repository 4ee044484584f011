"""A small catalog with one public repository and a team's own source, and two people who edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from detections.editing.sources import create_source
from detections.models import Rule, Source
from tests.importing.checkouts import Checkout, sigma_rule

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def sigma(tmp_path: Path, db: None) -> Checkout:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(A, title="First"))
    checkout.write("rules/b.yml", sigma_rule(B, title="Second"))
    checkout.sync()
    return checkout


@pytest.fixture
def rule(sigma: Checkout) -> Rule:
    return Rule.objects.get(own_id=A)


@pytest.fixture
def team(db: None) -> Source:
    return create_source("team", "sigma", "Our rules")


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", password="x", is_staff=True)


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create_user("ben", password="x", is_staff=True)
