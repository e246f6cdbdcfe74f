"""What every request passes: who asks, how much it may send, what every answer carries."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .clients import Clients
from .metrics import Metrics
from .options import MEGA, ServeOptions
from .problems import Refusal, problem

__all__ = ["Guard"]

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
UPLOADS = frozenset({"/v1/photos", "/v1/render"})
OPEN_PATHS = frozenset({"/healthz"})  # to whoever watches over the server
SMALL_BYTES = 1 * MEGA  # of requests that bring no photo
FORM_BYTES = 1 * MEGA  # of a form besides its files
MOST_UPLOADS = 16  # at once
SILENCE_SECONDS = 20.0  # between two pieces of a body
SLOWEST_BYTES_PER_SECOND = 10_000  # of a whole body: nobody holds a place by a byte now and then
DRAIN_SECONDS = 10.0  # for which a refused body is read on: a client that sends does not listen


class Guard:
    """ASGI middleware around the app.

    Parameters
    ----------
    app : ASGI app
    options : ServeOptions
    metrics : Metrics
    busy : callable
        Seconds to wait if no worker takes another job, else None.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        options: ServeOptions,
        metrics: Metrics,
        busy: Callable[[], int | None],
    ) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._busy = busy
        self._clients = Clients(options)
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._limit_of(scope), scope, receive, send)
        scope = _plain(scope)
        refusal: Response | None
        try:
            refusal = self._admission(scope, exchange)
        except Refusal as error:
            refusal = problem(error.status_code, str(error.detail), dict(error.headers or {}))
        upload = refusal is None and scope["method"] == "POST" and scope["path"] in UPLOADS
        self._uploads += upload
        try:
            await (refusal or self._app)(scope, exchange.receive, exchange.send)
        finally:
            self._uploads -= upload
            self._tell(scope, exchange)

    def _limit_of(self, scope: Scope) -> int:
        if scope["path"] in UPLOADS:
            return self._options.upload_bytes + FORM_BYTES
        return SMALL_BYTES

    def _admission(self, scope: Scope, exchange: _Exchange) -> Response | None:
        """Check all that the head of a request tells; an answer where that is enough."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        host = headers.get("host", "")
        if not self._clients.host_is_ours(host):
            raise Refusal(421, "this server does not go by that name: use its own address.")
        if not self._clients.origin_is_ours(
            method, host, headers.get("origin"), headers.get("sec-fetch-site")
        ):
            raise Refusal(403, "pages of other hosts may change nothing here.")
        port = (scope.get("server") or ("", 0))[1] or 0
        client = self._clients.client_of(headers.get("cookie"), port)
        scope.setdefault("state", {})["client"] = client
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [None])[0]
        first_visit = path == "/" and method == "GET" and client is None
        shown = self._clients.shows_token(
            headers.get("authorization"), asked if path == "/" else None
        )
        if not (shown or client is not None or path in OPEN_PATHS):
            raise Refusal(
                401, "a token is wanted: open /?token=T, or send the header Authorization: Bearer T"
            )
        if first_visit:
            exchange.cookie = self._clients.new_cookie(port)
        if path == "/" and asked is not None:
            return RedirectResponse("/", 303)
        self._check_body(scope, headers, exchange)
        return None

    def _check_body(self, scope: Scope, headers: Headers, exchange: _Exchange) -> None:
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > exchange.limit:
            raise _too_large(exchange.limit)
        if scope["method"] == "POST" and scope["path"] in UPLOADS:
            wait = 1 if self._uploads >= MOST_UPLOADS else self._busy()
            if wait is not None:
                raise Refusal(429, f"too busy: try again in {wait} s.", retry_after=wait)

    def _tell(self, scope: Scope, exchange: _Exchange) -> None:
        """Count a request, and log it in one line."""
        seconds = time.monotonic() - exchange.begun
        route = getattr(scope.get("route"), "path", None) or "other"
        status = exchange.status or 499  # the client went before there was an answer
        self._metrics.saw(exchange.method[:7], route, status, seconds)
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": exchange.method,
            "route": route,  # not the path: ids are secrets
            "status": status,
            "ms": round(seconds * 1000, 1),
            "in": exchange.bytes_in,
            "out": exchange.bytes_out,
        }
        print(json.dumps(line), file=sys.stderr, flush=True)


class _Exchange:
    """One request and its answer, counted on the way."""

    def __init__(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        self.limit = limit
        self.method = scope["method"]
        self.begun = time.monotonic()
        self.status = 0
        self.bytes_in = self.bytes_out = 0
        self.cookie: str | None = None
        self._receive, self._send = receive, send
        headers = Headers(scope=scope)
        self._unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._silent = False
        self._expects = "100-continue" in headers.get("expect", "").lower()  # sends when told to
        self._gone = False
        self._page = not scope["path"].startswith("/v1/")

    async def receive(self) -> Message:
        """A piece of the body, as long as there are not too many and they come fast enough."""
        if not self._unread:
            message = await self._receive()
            self._gone |= message["type"] == "http.disconnect" and not self.status
            return message
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            self._silent = True
            raise Refusal(408, "the body came too slowly: send it again.") from None
        self._expects = False
        self._unread = message["type"] == "http.request" and message.get("more_body", False)
        self._gone |= message["type"] == "http.disconnect"
        self.bytes_in += len(message.get("body", b""))
        if self.bytes_in > self.limit:
            raise _too_large(self.limit)
        return message

    def _patience(self) -> float:
        due = self.bytes_in / SLOWEST_BYTES_PER_SECOND - (time.monotonic() - self.begun)
        return min(SILENCE_SECONDS, SILENCE_SECONDS + due)

    async def send(self, message: Message) -> None:
        """A piece of the answer; before its end the rest of the request is read."""
        if message["type"] == "http.response.start":
            self.status = 499 if self._gone else message["status"]  # nobody hears it
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-cache" if self._page else "no-store")
            if "Accept-Ranges" in headers:
                del headers["Accept-Ranges"]
            if self.cookie is not None:
                headers.append("Set-Cookie", self.cookie)
            if self._unread:
                headers["Connection"] = "close"
        if message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
            listens = self._unread and not self._expects and not self._silent
            if listens and not message.get("more_body", False):
                await self._send({**message, "more_body": True})
                await self._drain()
                message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._unread:
                    message = await self._receive()
                    self._unread = message["type"] == "http.request" and message["more_body"]
        except TimeoutError:  # it has had time enough to hear the answer
            self._unread = False


def _plain(scope: Scope) -> Scope:
    """A request as the routes know it: HEAD is a GET whose body the connection leaves out.

    No part of an answer is given: it is made anew each time, so that nobody can ask for the rest.
    """
    headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "method": method, "headers": headers}


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"the request has more than {limit} bytes: send a smaller file.")
