"""The site's addresses, and the empty view that the others are measured against."""

from __future__ import annotations

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.urls import urlpatterns as addresses


class EmptyView(APIView):
    """The same authentication, permissions, throttle, renderers and middleware as every endpoint, and nothing else."""

    def get(self, request: Request) -> Response:
        return Response({})


# Below an address that no answer is kept for, so that it is asked anew each time.
urlpatterns = [path("api/empty/", EmptyView.as_view()), *addresses]
