"""A campaign's organization, which its banners get too."""

from dataclasses import asdict
from http import HTTPStatus

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from organizations import campaign_links, connection
from organizations.api.endpoint import ClientEndpoint, body, caller, number
from organizations.api.schema import documented
from organizations.api.serializers import (
    CampaignLinkSerializer,
    ChangeSerializer,
    ForecastSerializer,
    WishSerializer,
)
from organizations.models import CampaignChange
from organizations.wishes import Wish

IDS = ("client_id", "cid")
CHANGE = "organizations-change"  # the name of its address


class CampaignLinkView(ClientEndpoint):
    """The campaign's link. Few banners follow at once; many are left to a worker, and that is 202."""

    @documented(
        "organizations_campaign_link",
        "The campaign's organization",
        ids=IDS,
        answers={200: CampaignLinkSerializer},
    )
    def get(self, request: Request, client_id: str, cid: str) -> Response:  # noqa: ARG002 - the URL's
        """`permalink` is null where nobody has linked one."""
        linked = campaign_links.current(client_id=self.client_id, cid=number(cid))
        return Response(CampaignLinkSerializer(linked).data)

    @documented(
        "organizations_link_campaign",
        "Link this organization to the campaign and its banners",
        ids=IDS,
        request=WishSerializer,
        answers={200: ChangeSerializer, 202: ChangeSerializer},
        refusals=(409, 422),
    )
    def put(self, request: Request, client_id: str, cid: str) -> Response:  # noqa: ARG002 - the URL's
        """The change: done (200), or to be looked at again where Location says (202)."""
        return self._set(request, number(cid), Wish(**body(request, WishSerializer)))

    @documented(
        "organizations_unlink_campaign",
        "Take the campaign's organization away, also from the banners that have it",
        ids=IDS,
        answers={200: ChangeSerializer, 202: ChangeSerializer},
        refusals=(409,),
    )
    def delete(self, request: Request, client_id: str, cid: str) -> Response:  # noqa: ARG002 - the URL's
        """Where there is none, that is fine. Answered as PUT is."""
        return self._set(request, number(cid), Wish(None))

    def _set(self, request: Request, cid: int, wish: Wish) -> Response:
        change = campaign_links.set_organization(
            client_id=self.client_id,
            cid=cid,
            wish=wish,
            actor=caller(request).actor,
            directory=connection.directory(),
        )
        answer = ChangeSerializer(change).data
        if change.state in {CampaignChange.State.DONE, CampaignChange.State.FAILED}:
            return Response(answer)
        place = reverse(CHANGE, kwargs={"client_id": self.client_id, "change_id": change.pk})
        return Response(answer, status=HTTPStatus.ACCEPTED, headers={"Location": place})


class ForecastView(ClientEndpoint):
    """What would happen. A POST for its body; it changes nothing and asks nobody."""

    @documented(
        "organizations_forecast",
        "How many banners of the campaign would change",
        ids=IDS,
        request=WishSerializer,
        answers={200: ForecastSerializer},
    )
    def post(self, request: Request, client_id: str, cid: str) -> Response:  # noqa: ARG002 - the URL's
        """To be shown before it is applied."""
        campaign = number(cid)
        wish = Wish(**body(request, WishSerializer))
        counted = campaign_links.forecast(client_id=self.client_id, cid=campaign, wish=wish)
        answer = {**asdict(counted), "changed": counted.changed}
        return Response(ForecastSerializer(answer).data)


class ChangeView(ClientEndpoint):
    """A change that takes its time."""

    @documented(
        "organizations_change",
        "How far a change of a campaign has come",
        ids=("client_id", "change_id"),
        answers={200: ChangeSerializer},
    )
    def get(self, request: Request, client_id: str, change_id: str) -> Response:  # noqa: ARG002 - the URL's
        """`state` says whether to look again."""
        found = campaign_links.change(client_id=self.client_id, change_id=number(change_id))
        return Response(ChangeSerializer(found).data)
