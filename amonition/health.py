"""Probes. `live` is for restarting and for routing, `ready` for alarms: a stuck run takes no hooks away."""

from dataclasses import asdict

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from amonition.readiness import check_all


class LivenessSerializer(serializers.Serializer[dict[str, str]]):
    """The answer of a process that answers."""

    status = serializers.ChoiceField(choices=["ok"])


class CheckSerializer(serializers.Serializer[dict[str, object]]):
    """One thing that was looked at."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class ReadinessSerializer(serializers.Serializer[dict[str, object]]):
    """`status` is `ok` where every check is."""

    status = serializers.ChoiceField(choices=["ok", "failing"])
    checks = CheckSerializer(many=True)


@method_decorator(never_cache, name="dispatch")
class Probe(APIView):
    """What asks needs no account, and is told nothing worth one."""

    authentication_classes = ()
    permission_classes = ()


class LiveView(Probe):
    """Whether this process answers; touches no store."""

    @extend_schema(operation_id="health_live", responses=LivenessSerializer)
    def get(self, _request: Request) -> Response:
        """200, or nothing."""
        return Response({"status": "ok"})


class ReadyView(Probe):
    """Whether the service makes progress."""

    @extend_schema(
        operation_id="health_ready", responses={200: ReadinessSerializer, 503: ReadinessSerializer}
    )
    def get(self, _request: Request) -> Response:
        """200 where every check holds, else 503; each check says what it saw."""
        checks = check_all()
        ok = all(check.ok for check in checks)
        return Response(
            {"status": "ok" if ok else "failing", "checks": [asdict(check) for check in checks]},
            status=status.HTTP_200_OK if ok else status.HTTP_503_SERVICE_UNAVAILABLE,
        )
