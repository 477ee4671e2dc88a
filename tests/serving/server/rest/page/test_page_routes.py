"""Who may see the page, and whom it may hold up."""

import asyncio
import threading
import time

import pytest
from starlette.requests import Request

from serving.server.rest.bodies import Bodies
from serving.server.rest.page.routes import PageRoutes


class Stub:
    """A page that answers at once, or when it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()

    def html(self):
        return "<p>"

    def state(self):
        return {}

    def classify(self, _model, content):
        self.go.wait(10)
        return {"bytes": len(content)}


@pytest.fixture
def page():
    return Stub()


@pytest.fixture
def routes(page):
    routes = PageRoutes(page, Bodies(1000))
    yield routes
    page.go.set()
    routes.close()


def request(method, server="127.0.0.1", **headers):
    sent = []

    async def receive():
        if sent:
            await asyncio.sleep(60)
        sent.append(1)
        return {"type": "http.request", "body": b"abc", "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "headers": raw, "server": (server, 8501), "query_string": b""},
                   receive)


def ask(routes, method, path, **options):
    return asyncio.run(routes.answer(request(method, **options), path))


@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1:8501", "[::1]:8501", "127.9.9.9",
                                  "demo.localhost:1", "localhost."])
@pytest.mark.parametrize("server", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_local_names_lead_to_a_local_page(routes, host, server):
    response = ask(routes, "GET", "/", host=host, server=server)
    assert response.status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8501", "", "127.0.0.1.evil.example", "localhost.evil.example",
                                  "evillocalhost", "10.0.0.1", "[::2]", "[::1x", "2130706433", "2130706433.example"])
@pytest.mark.parametrize("path", ["/", "/page/state"])
def test_a_made_up_name_does_not(routes, host, path):
    response = ask(routes, "GET", path, host=host)
    assert response.status_code == 403
    assert b"http://localhost" in response.body


def test_a_page_for_others_has_any_name(routes):
    assert ask(routes, "GET", "/", server="192.168.1.5", host="videos.example").status_code == 200


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 200), ({"origin": "http://localhost:8501"}, 200), ({"sec_fetch_site": "same-origin"}, 200),
    ({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403), ({"origin": "http://localhost:9999"}, 403),
    ({"sec_fetch_site": "cross-site"}, 403), ({"sec_fetch_site": "same-site"}, 403),
    ({"origin": "http://localhost:8501.evil.example"}, 403)])
def test_posts_come_from_the_page_or_no_page(routes, headers, status):
    response = ask(routes, "POST", "/page/classify", host="localhost:8501", **headers)
    assert response.status_code == status


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/page/state"), ("POST", "/page/classify")])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_forbids_frames_and_guesses(routes, method, path, host):
    headers = ask(routes, method, path, host=host).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"


def test_other_paths_are_not_the_pages(routes):
    assert ask(routes, "GET", "/page/classify", host="localhost") is None
    assert ask(routes, "POST", "/", host="localhost") is None


def test_videos_wait_for_each_other_and_hold_up_nothing_else(routes, page):
    page.go.clear()

    async def crowd():
        held = [asyncio.create_task(routes.answer(request("POST", host="localhost"), "/page/classify"))
                for _ in range(10)]
        await asyncio.sleep(0.2)
        start = time.monotonic()
        late = await routes.answer(request("POST", host="localhost"), "/page/classify")
        state = await routes.answer(request("GET", host="localhost"), "/page/state")
        seconds = time.monotonic() - start
        page.go.set()
        return late.status_code, state.status_code, seconds, [(await task).status_code for task in held]

    late, state, seconds, held = asyncio.run(crowd())
    assert (late, state, held) == (503, 200, [200] * 10)
    assert seconds < 2
