"""What machines ask about the site itself: whether it lives, whether it is ready, its metrics.

These addresses are answered before sessions, host names and HTTPS are looked at, since probes come by bare addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from catalog.health import readiness
from catalog.metrics import CONTENT_TYPE, exposition

LOOPBACK = ("127.0.0.1", "::1")
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")  # a proxy on this machine stands for others


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part does its work, else 503; each part says how it stands."""
    checks = readiness()
    ready = all(check.ok for check in checks)
    answer = {
        "status": "ready" if ready else "not ready",
        "checks": {check.name: {"ok": check.ok, "said": check.said} for check in checks},
    }
    return JsonResponse(answer, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text format, for whoever has METRICS_TOKEN; without one set, for this machine alone."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            refusal = "Send the header 'Authorization: Bearer ...' with the site's METRICS_TOKEN.\n"
            return HttpResponse(refusal, status=401, headers={"WWW-Authenticate": "Bearer"}, content_type="text/plain")
    elif request.META.get("REMOTE_ADDR") not in LOOPBACK or any(name in request.headers for name in FORWARDED):
        refusal = "Metrics are for this machine alone until METRICS_TOKEN is set.\n"
        return HttpResponse(refusal, status=403, content_type="text/plain")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


ADDRESSES: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}
