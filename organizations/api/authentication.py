"""Whose token a request carries."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from organizations import api_tokens
from organizations.api_tokens import Caller

SCHEME = "Bearer"


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>` of a token that `manage.py organizations_token` issued."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """None where no token is shown: the permission then refuses."""
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        caller = api_tokens.recognise(token.strip())
        if caller is None:
            raise AuthenticationFailed
        return caller, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Makes 401 of what would be 403 otherwise."""
        return SCHEME


class HasToken(BasePermission):
    """Whoever has no token is told nothing."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's
        """401 where this is False."""
        return isinstance(request.user, Caller)


class BearerTokenInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """How the schema says it."""

    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002
        """A component of the schema."""
        return {"type": "http", "scheme": "bearer"}
