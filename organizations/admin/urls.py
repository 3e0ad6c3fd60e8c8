"""Below /admin/organizations/."""

from django.urls import path

from organizations.admin import looking, status_events

app_name = "organizations-admin"
urlpatterns = [
    path("", looking.look, name="look"),
    path("events/", status_events.events, name="events"),
]
