"""Who is asking: hosts, origins, the token, and a signed cookie that tells clients apart."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from .options import ServeOptions

__all__ = ["Clients"]

ID_BYTES = 18  # 144 bits
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Clients:
    """Tells clients apart, and friends from strangers."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._key = secrets.token_bytes(32)

    def host_is_ours(self, host: str) -> bool:
        """Whether a Host header names this server; a page elsewhere may have bent its own name.

        With a token no page elsewhere can do harm, and a proxy may use any name.
        """
        if self._options.token is not None:
            return True
        name = _split(f"//{host}").hostname or ""
        if name in LOCAL_NAMES or name == self._options.host:
            return True
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return False

    def origin_is_ours(self, method: str, host: str, origin: str | None, site: str | None) -> bool:
        """Whether a request that changes something comes from our own page, or from no page."""
        if method in SAFE_METHODS:
            return True
        if site == "cross-site":
            return False
        return origin is None or _split(origin).netloc == host

    def shows_token(self, authorization: str | None, token: str | None = None) -> bool:
        """Whether a header `Bearer T`, or a token from the address, is the right one."""
        wanted = self._options.token
        if wanted is None:
            return True
        kind, _, shown = (authorization or "").partition(" ")
        shown = shown.strip() if kind.lower() == "bearer" else (token or "")
        return hmac.compare_digest(shown.encode(), wanted.encode())

    def client_of(self, cookies: str | None, port: int) -> str | None:
        """The client whose cookie this server signed; None for any other."""
        try:
            found = SimpleCookie(cookies or "").get(self.cookie_name(port))
        except CookieError:
            return None
        client, _, signature = (found.value if found else "").partition(".")
        sound = hmac.compare_digest(signature.encode(), self._signature(client).encode())
        return client if client and sound else None

    def new_cookie(self, port: int) -> str:
        """A Set-Cookie header for a new client."""
        client = secrets.token_urlsafe(ID_BYTES)
        value = f"{client}.{self._signature(client)}"
        return f"{self.cookie_name(port)}={value}; Path=/; HttpOnly; SameSite=Strict"

    @staticmethod
    def cookie_name(port: int) -> str:
        """Browsers keep cookies by host, not by port: two servers need two names."""
        return f"d2f_{port}"

    def _signature(self, client: str) -> str:
        return hmac.new(self._key, client.encode(), hashlib.sha256).hexdigest()


def _split(address: str) -> SplitResult:
    """An address in its parts, all empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
