"""The words for what the screen understood by itself (``screen.others``): the messages that the decoders would have told."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..model import Protection
from ..told import opened
from . import tls_words
from .dns import told_fields, told_message
from .http_exchange import request_of_others, response_of_others
from .tls_handshake import protocols

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Message
    from ..rows import Spoken
    from ..told import Told


_names = lru_cache(maxsize=256)(protocols)  # few differ


@lru_cache(maxsize=1024)
def _client_hello(version: int, sni: bytes, alpn: bytes) -> Message:
    return tls_words.client_hello(None, version, sni, _names(alpn))


@lru_cache(maxsize=256)
def _server_hello(version: int, suite: int, resumed: bool) -> Message:  # noqa: FBT001 - as it comes
    return tls_words.server_hello(None, version, suite, resumed=resumed)


@lru_cache(maxsize=64)
def _certificate(der: bytes) -> Message:
    return tls_words.certificate(None, der)


@lru_cache(maxsize=64)
def _handshake(version: int, resumed: bool, requested: bool | None) -> Message:  # noqa: FBT001
    return tls_words.flight(None, version, resumed=resumed, requested=requested)


@lru_cache(maxsize=1)
def _certificate_request() -> Message:
    return tls_words.certificate_request(None)


@lru_cache(maxsize=1)
def _records() -> Message:
    return tls_words.records(None)


_MESSAGES: Final[dict[str, Callable[..., Message]]] = {
    "client-hello": _client_hello,
    "server-hello": _server_hello,
    "certificate": _certificate,
    "certificate-request": _certificate_request,
    "handshake": _handshake,
    "records": _records,
    "request": lru_cache(maxsize=16)(request_of_others),
    "response": lru_cache(maxsize=512)(response_of_others),
    "dns": told_message,
}


def message(told: Told) -> Message:
    """What the screen told, as a decoder would have."""
    kind, *what = opened(told)
    return _MESSAGES[kind](*what)


def said(told: Told) -> tuple[Spoken, str | None]:
    """What it says, and in which words; None: they are not made before somebody asks ``words``, for there are as many as names."""
    kind, *what = opened(told)
    if kind == "dns":
        asked, fields = told_fields(*what)
        return ("dns", asked, Protection.PLAINTEXT, fields, False), None
    if kind == "client-hello":
        _, sni, alpn = what
        return ("tls", kind, Protection.ENCRYPTED, tls_words.hello_fields(None, sni, _names(alpn)), False), None
    one = _MESSAGES[kind](*what)
    return _spoken(one), one.summary


def _spoken(one: Message) -> Spoken:
    return one.protocol, one.kind, one.protection, one.fields, one.decrypted


def words(told: Told) -> str:
    """What was told, in words."""
    return message(told).summary
