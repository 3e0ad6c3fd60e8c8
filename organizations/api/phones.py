"""Numbers that may stand beside an organization."""

from dataclasses import asdict

from rest_framework.request import Request
from rest_framework.response import Response

from organizations import connection, phone_choice
from organizations.api.endpoint import ClientEndpoint, caller, permalink_of
from organizations.api.schema import documented
from organizations.api.serializers import PhonesSerializer


class PhonesView(ClientEndpoint):
    """Owners are offered every number of the client's, others what rules allow."""

    @documented(
        "organizations_phones",
        "The client's numbers that this token's person may show beside the organization",
        ids=("client_id", "permalink"),
        answers={200: PhonesSerializer},
        refusals=(400,),
    )
    def get(self, request: Request, client_id: str, permalink: str) -> Response:  # noqa: ARG002
        """Who is not known to own the organization does not."""
        found = phone_choice.offered(
            client_id=self.client_id,
            permalink=permalink_of(permalink),
            actor=caller(request).actor,
            directory=connection.directory(),
        )
        return Response(PhonesSerializer({"phones": [asdict(each) for each in found]}).data)
