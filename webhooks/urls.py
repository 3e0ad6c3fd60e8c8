"""The three doors. Their paths are fixed on the outside (amoCRM's subscriptions hold them)."""

from django.urls import path

from webhooks.models import Door
from webhooks.views import DoorView

urlpatterns = [
    path(f"webhooks/amocrm/<str:secret>/{door.value}/", DoorView.as_view(), {"door": door})
    for door in Door
]
