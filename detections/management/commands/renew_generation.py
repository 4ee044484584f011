"""`manage.py renew_generation`: to be run when a backup was restored.

Answers are kept by the catalog's generation, here and in browsers. A restored catalog is at an earlier one, and would
come to numbers that stand for other answers already.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from detections.models import Generation


class Command(BaseCommand):
    help = "Make every answer that was kept old. Run it when a backup was restored."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer

    def handle(self, *args: Any, **options: Any) -> None:
        current = Generation.objects.current()
        # The seconds since 1970 are ahead of any count of changes, and of this command's last use.
        number = max(current.number + 1, int(time.time()))
        Generation.objects.filter(pk=current.pk).update(number=number, changed_at=timezone.now())
        self.stdout.write(f"The catalog is at generation {number} now.")
