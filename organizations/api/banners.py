"""A banner's organization, and what the import recommends."""

from dataclasses import asdict
from http import HTTPStatus

from rest_framework.request import Request
from rest_framework.response import Response

from organizations import banner_links, connection
from organizations.api.endpoint import ClientEndpoint, body, caller, number, permalink_of
from organizations.api.schema import documented
from organizations.api.serializers import (
    BannerWishSerializer,
    LinkSerializer,
    RecommendationsSerializer,
)
from organizations.refusals import NotYoursError
from organizations.wishes import Linked, Wish

IDS = ("client_id", "bid")
REFUSALS = (409, 422)


class LinkView(ClientEndpoint):
    """The manual link. PUT and DELETE say how it shall be: said twice, nothing changes twice."""

    @documented(
        "organizations_banner_link",
        "The banner's organization",
        ids=IDS,
        answers={200: LinkSerializer},
    )
    def get(self, request: Request, client_id: str, bid: str) -> Response:  # noqa: ARG002 - the URL's
        """`permalink` is null where nobody has linked one."""
        linked = banner_links.current(client_id=self.client_id, bid=number(bid))
        return Response(LinkSerializer(linked).data)

    @documented(
        "organizations_link_banner",
        "Link this organization in place of the one there is",
        ids=IDS,
        request=BannerWishSerializer,
        answers={200: LinkSerializer},
        refusals=REFUSALS,
    )
    def put(self, request: Request, client_id: str, bid: str) -> Response:  # noqa: ARG002 - the URL's
        """Refused where it is not published; the banner then stays as it was."""
        banner = number(bid)
        wish = Wish(**body(request, BannerWishSerializer))
        return Response(LinkSerializer(self._set(request, banner, wish)).data)

    @documented(
        "organizations_unlink_banner",
        "Take the banner's organization away",
        ids=IDS,
        answers={204: None},
        refusals=(409,),
    )
    def delete(self, request: Request, client_id: str, bid: str) -> Response:  # noqa: ARG002 - the URL's
        """Where there is none, that is fine."""
        self._set(request, number(bid), Wish(None))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _set(self, request: Request, bid: int, wish: Wish) -> Linked:
        linked, _ = banner_links.set_organization(
            client_id=self.client_id,
            bid=bid,
            wish=wish,
            actor=caller(request).actor,
            directory=connection.directory(),
        )
        return linked


class RecommendationsView(ClientEndpoint):
    """What the banner's page offers. "Add" fills the form; its "Save" is a link like any other."""

    @documented(
        "organizations_recommendations",
        "Organizations that the Directory has found for the banner",
        ids=IDS,
        answers={200: RecommendationsSerializer},
    )
    def get(self, request: Request, client_id: str, bid: str) -> Response:  # noqa: ARG002 - the URL's
        """Those that nobody has rejected."""
        found = banner_links.recommendations(client_id=self.client_id, bid=number(bid))
        answer = {"recommendations": [asdict(each) for each in found]}
        return Response(RecommendationsSerializer(answer).data)


class RejectionView(ClientEndpoint):
    """ "Hide": the organization goes on as an automatic link, and is not recommended again."""

    @documented(
        "organizations_reject",
        "Do not recommend this organization for the banner again",
        ids=(*IDS, "permalink"),
        answers={204: None},
        refusals=(400,),
    )
    def put(self, request: Request, client_id: str, bid: str, permalink: str) -> Response:  # noqa: ARG002
        """404 where it is no automatic link of the banner."""
        banner = number(bid)
        found = banner_links.reject(
            client_id=self.client_id,
            bid=banner,
            permalink=permalink_of(permalink),
            actor=caller(request).actor,
        )
        if not found:
            raise NotYoursError
        return Response(status=HTTPStatus.NO_CONTENT)
