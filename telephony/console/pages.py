"""The pages as HTML, and the headers that go with them: nothing inline, nothing from elsewhere, no framing."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
STATIC = {
    entry.name: entry.read_bytes()
    for entry in files("telephony.console").joinpath("static").iterdir()
    if entry.name.rpartition(".")[2] in TYPES
}
_TEMPLATES = Environment(
    loader=PackageLoader("telephony.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, the Origin of our own forms would be null
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}


def policy(host: str) -> str:
    """The Content-Security-Policy. `host`: the page's own, because not every browser counts sockets among 'self'."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def page(template: str, host: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template; all values are escaped."""
    html = _TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(html, status, _HEADERS | {"Content-Security-Policy": policy(host)})


def static(name: str) -> Response:
    """A file of the page; 404 if there is none."""
    if (content := STATIC.get(name)) is None:
        return Response("There is no such file.", 404, _HEADERS)
    return Response(content, 200, _HEADERS, f"{TYPES[name.rpartition('.')[2]]}; charset=utf-8")


def guarded(response: Response) -> Response:
    """Any other response with the same headers."""
    response.headers.update(_HEADERS)
    return response
