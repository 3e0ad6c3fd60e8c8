"""Everything that is served."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from amonition.access import IsMachineReader
from amonition.health import LiveView, ReadyView
from amonition.metrics import metrics

urlpatterns = [
    path("admin/organizations/", include("organizations.admin.urls")),
    path("admin/", admin.site.urls),
    path("health/live", LiveView.as_view()),
    path("health/ready", ReadyView.as_view()),
    path("metrics", metrics),
    path("", include("webhooks.urls")),
    path("", include("organizations.urls")),
    path(
        "api/schema/",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[IsMachineReader]),
    ),
]
