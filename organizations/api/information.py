"""Organizations as they are before anybody links them."""

from rest_framework.request import Request
from rest_framework.response import Response

from organizations import connection, previews
from organizations.api import problems
from organizations.api.endpoint import Endpoint, body
from organizations.api.schema import documented
from organizations.api.serializers import AskedSerializer, PreviewsSerializer
from organizations.previews import Extra, Preview


class InformationView(Endpoint):
    """`get_info`: a POST, since a counter that is asked for and missing is created."""

    @documented(
        "organizations_get_info",
        "Previews of organizations, in the order asked for",
        request=AskedSerializer,
        answers={200: PreviewsSerializer},
    )
    def post(self, request: Request) -> Response:
        """Those that the Directory does not know are named apart."""
        asked = body(request, AskedSerializer)
        found = previews.get_info(
            permalinks=asked["permalinks"],
            directory=connection.directory(),
            fields={Extra(each) for each in asked["fields"]},
        )
        missing = set(asked["permalinks"]) - {each.permalink for each in found}
        answer = {
            "organizations": [_shown(each) for each in found],
            "not_found": sorted(missing),
        }
        return Response(PreviewsSerializer(answer).data)


def _shown(preview: Preview) -> dict[str, object]:
    refusal = None if preview.refusal is None else problems.refusal(preview.refusal)
    return {
        "permalink": preview.permalink,
        "name": preview.name,
        "status": preview.status,
        "severity": preview.severity,
        "phone": preview.phone,
        "address": preview.address,
        "counter_id": preview.counter_id,
        "refusal": refusal,
    }
