"""The site for the benchmark of serving, with one more address: a view that does nothing but what every view does.

`BENCH_CACHE=off` keeps no answers, so that every request is answered anew.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

if os.environ.get("BENCH_CACHE") == "off":
    settings.CACHES = {"default": {"BACKEND": "tests.benchmarks.counting_cache.CountingCache"}}
settings.ROOT_URLCONF = "tests.benchmarks.serving_urls"
application = get_wsgi_application()
