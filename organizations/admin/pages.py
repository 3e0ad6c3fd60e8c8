"""What all pages have in common: who may see them, and the admin's frame around them."""

from collections.abc import Callable, Mapping
from functools import wraps

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

Context = Mapping[str, object]
View = Callable[[HttpRequest], HttpResponse]


def page(
    *, title: str, template: str, permission: str
) -> Callable[[Callable[[HttpRequest], Context]], View]:
    """A view made of a function that gives the template's context. Staff with `permission` only."""

    def decorate(look: Callable[[HttpRequest], Context]) -> View:
        @require_safe
        @wraps(look)
        def view(request: HttpRequest) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            frame = admin.site.each_context(request)
            return TemplateResponse(request, template, {**frame, "title": title, **look(request)})

        decorated: View = admin.site.admin_view(view)
        return decorated

    return decorate
