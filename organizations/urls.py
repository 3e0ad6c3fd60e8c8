"""The API's addresses. Numbers are read by the views: one that is none is answered like a stranger's."""

from django.urls import path, re_path

from organizations.api.banners import LinkView, RecommendationsView, RejectionView
from organizations.api.campaigns import CHANGE, CampaignLinkView, ChangeView, ForecastView
from organizations.api.endpoint import Nowhere
from organizations.api.information import InformationView
from organizations.api.phones import PhonesView

ROOT = "api/organizations/"
CLIENT = f"{ROOT}clients/<str:client_id>/"
BANNER = f"{CLIENT}banners/<str:bid>/"
CAMPAIGN = f"{CLIENT}campaigns/<str:cid>/"

urlpatterns = [
    path(f"{ROOT}get_info", InformationView.as_view()),
    path(f"{BANNER}organization", LinkView.as_view()),
    path(f"{BANNER}recommendations", RecommendationsView.as_view()),
    path(f"{BANNER}recommendations/<str:permalink>/rejection", RejectionView.as_view()),
    path(f"{CAMPAIGN}organization", CampaignLinkView.as_view()),
    path(f"{CAMPAIGN}organization/forecast", ForecastView.as_view()),
    path(f"{CLIENT}changes/<str:change_id>", ChangeView.as_view(), name=CHANGE),
    path(f"{CLIENT}organizations/<str:permalink>/phones", PhonesView.as_view()),
    re_path(rf"^{ROOT}", Nowhere.as_view()),
]
