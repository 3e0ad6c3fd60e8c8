"""The API's addresses. Numbers are read by the views: one that is none is answered like a stranger's."""

from django.urls import path, re_path

from organizations.api.endpoint import Nowhere
from organizations.api.information import InformationView

ROOT = "api/organizations/"

urlpatterns = [
    path(f"{ROOT}get_info", InformationView.as_view()),
    re_path(rf"^{ROOT}", Nowhere.as_view()),
]
