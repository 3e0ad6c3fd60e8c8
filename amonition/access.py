"""Who may read what is meant for machines: the metrics and the API's schema."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

# A reverse proxy on this machine makes everybody's requests come from loopback. It leaves traces.
PROXY_TRACES = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")


def may_read(request: HttpRequest) -> bool:
    """With METRICS_TOKEN: who sends it as a bearer token. Without: who is on this machine."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        return constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}")
    is_proxied = any(trace in request.headers for trace in PROXY_TRACES)
    return not is_proxied and _is_loopback(request.META.get("REMOTE_ADDR", ""))


class IsMachineReader(BasePermission):
    """The same rule for views of Django REST framework."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """403 where this is False: there is nothing to log in with."""
        return may_read(request)


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False  # empty behind a Unix socket: nobody knows who asks
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback
