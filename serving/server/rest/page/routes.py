"""The page's paths over HTTP: who may ask, and threads of its own, so that videos keep no prediction waiting."""

import functools
import ipaddress
import urllib.parse

from starlette.responses import HTMLResponse, JSONResponse

from serving.errors import ServingError
from serving.server.rest.bodies import TooLargeError, TooSlowError
from serving.server.rest.turns import Turns

_THREADS, _QUEUED = 2, 8  # videos looked at, and kept waiting
_SAFE = {"x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN",
         "content-security-policy": "frame-ancestors 'self'"}


class PageRoutes:
    """Answers `/` and `/page/...`.

    Args:
        page: page.Page.
        bodies: bodies.Bodies.
    """

    def __init__(self, page, bodies):
        self._page, self._bodies = page, bodies
        self._videos, self._looks = Turns(_THREADS, _QUEUED, "page"), Turns(1, 32, "page-state")

    def close(self):
        self._videos.close()
        self._looks.close()

    async def answer(self, request, path):
        """The response, or None for a path that is not the page's."""
        route = self._route(request.method, path)
        if route is None:
            return None
        stranger = _stranger(request)
        response = JSONResponse({"error": stranger}, 403) if stranger else await route(request)
        response.headers.update(_SAFE)
        return response

    def _route(self, method, path):
        if path == "/" and method in ("GET", "HEAD"):
            return self._html
        if path == "/page/state" and method == "GET":
            return functools.partial(self._json, self._looks, lambda _model, _body: {
                **self._page.state(), "most_bytes": self._bodies.limit})
        if path == "/page/spans" and method == "POST":
            return functools.partial(self._json, self._videos, self._page.spans, more=("video",))
        if path in ("/page/classify", "/page/follow", "/page/look") and method == "POST":
            return functools.partial(self._json, self._videos, getattr(self._page, path.rpartition("/")[2]))
        return None

    async def _html(self, _request):
        return HTMLResponse(self._page.html())

    async def _json(self, turns, ask, request, more=()):
        asked = request.query_params
        model, more = asked.get("model", ""), {name: asked[name] for name in more if name in asked}
        try:
            with turns.place():
                async with self._bodies.of(request) as video:
                    return JSONResponse(await turns.run(request, functools.partial(ask, model, video, **more)))
        except TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413, {"connection": "close"})
        except TooSlowError as error:
            return JSONResponse({"error": str(error)}, 408, {"connection": "close"})
        except ServingError as error:
            return JSONResponse({"error": error.message}, error.http_status)


def _stranger(request):
    """Why a request must not see the page, or "": another site's page asks, or a name that was made to lead here."""
    host = request.headers.get("host", "")
    if _is_local((request.scope.get("server") or ("",))[0]) and not _is_local(_name(host)):
        return (f"This page is for this machine alone: ask for http://localhost. Received: Host {host[:200]!r}. To "
                "show it to others, start the server with --host.")
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    if request.method == "POST" and (site not in ("none", "same-origin") or (
            origin is not None and urllib.parse.urlsplit(origin).netloc.lower() != host.lower())):
        return f"Only this page itself may send videos. Received: a post from {(origin or site)[:200]!r}."
    return ""


def _name(host):
    """A Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_local(name):
    name = name.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
