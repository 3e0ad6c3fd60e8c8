"""Below /admin/organizations/."""

from django.urls import path

from organizations.admin import changes, looking, status_events

app_name = "organizations-admin"
urlpatterns = [
    path("", looking.look, name="look"),
    path("changes/", changes.changes, name="changes"),
    path("events/", status_events.events, name="events"),
]
