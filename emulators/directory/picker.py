"""A stand-in for the Directory's own page where an organisation is picked, shown in an iframe."""

import html
from collections.abc import Iterable
from typing import Any

from emulators.messages import HTML, Response

PAGE = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><title>Справочник: выбор организации</title></head>
<body>
<form><input name="text" value="{text}" placeholder="Название или адрес"><button>Найти</button></form>
<ul>
{items}
</ul>
<script>
for (const button of document.querySelectorAll("button[data-permalink]"))
  button.onclick = () => parent.postMessage({{permalink: Number(button.dataset.permalink)}}, "*");
</script>
</body></html>
"""
ITEM = '<li><button type="button" data-permalink="{permalink}">{name}</button> {address}</li>'


def page(text: str, found: Iterable[dict[str, Any]]) -> Response:
    """`found`, each with a button that tells the page around the iframe its permalink."""
    items = [
        ITEM.format(
            permalink=each["id"],
            name=html.escape(each["names"][0]["value"]),
            address=html.escape((each["address"] or {"text": ""})["text"]),
        )
        for each in found
    ]
    body = PAGE.format(text=html.escape(text), items="\n".join(items))
    return Response(200, body.encode(), f"{HTML}; charset=utf-8")
