"""The API's schema, as views say it and as it is written down."""

from pathlib import Path
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

WRITTEN = Path(__file__).resolve().parents[3] / "docs/contracts/organizations.openapi.yaml"


def schema() -> dict[str, Any]:
    """What the views say."""
    generator = SchemaGenerator(urlconf="organizations.urls")  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def text() -> str:
    """The same as `make schema` writes it."""
    rendered: bytes = OpenApiYamlRenderer().render(schema(), renderer_context={})  # type: ignore[no-untyped-call]
    return rendered.decode()


def operations() -> list[tuple[str, str]]:
    """Method and path of each, below the API's root."""
    found = schema()["paths"]
    return [
        (method.upper(), path.removeprefix("/api/organizations"))
        for path in sorted(found)
        for method in found[path]
    ]
