"""The header before every net/rpc body: {Seq ServiceMethod} of a call, {Error Seq ServiceMethod} of an answer."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import DecodeError
from .msgpack_text import text_at, value_at

METHOD_KEY: Final = b"\xadServiceMethod"
_METHOD: Final = re.compile(rb"[A-Z][A-Za-z0-9]{1,31}\.[A-Z][A-Za-z0-9]{1,47}\Z")
_ERROR_BYTES: Final = 4_096
_METHOD_BYTES: Final = 4_096  # longer ones than Go's names are read over


class Header(NamedTuple):
    """``error`` None: a call; else a class of errors, "" for none."""

    method: str
    error: str | None


def header_at(data: bytes, at: int) -> tuple[Header, int]:
    """The header whose map byte stands at ``at``, keys in any order, and where its body begins."""
    found: dict[bytes, bytes] = {}
    items = data[at] & 15
    at += 1
    for _ in range(items):
        key, at = text_at(data, at, 13)
        if key == b"Seq":
            if data[at:at + 1] >= b"\x80" and not b"\xcc" <= data[at:at + 1] <= b"\xd3":
                raise DecodeError("no header")
            _, at = value_at(data, at)
        elif key in (b"ServiceMethod", b"Error"):
            found[key], at = text_at(data, at, _ERROR_BYTES)
        else:
            raise DecodeError("no header")
    if b"ServiceMethod" not in found:
        raise DecodeError("no header")
    error = found.get(b"Error")
    return Header(method_name(found[b"ServiceMethod"]), None if error is None else error_class(error)), at


def header_from_method(data: bytes, at: int) -> tuple[Header, int]:
    """A header whose beginning is lost, from its key ServiceMethod on.

    Error would have stood before it (sorted), so whether it is an answer is not known.
    """
    method, at = text_at(data, at + len(METHOD_KEY), _METHOD_BYTES)
    return Header(method_name(method), None), at


def cut_header(data: bytes, at: int) -> tuple[Header, int] | None:
    """A header that ends too early (a snap length): its service at least ("Status.*", "*"). None: not even that."""
    key = data.find(METHOD_KEY, at, at + 600)
    if key < 0:
        return None
    text = data[key + len(METHOD_KEY):key + 100].lstrip(b"\xd9\xda\x00")[1:]
    service, dot, _ = text.partition(b".")
    method = f"{service.decode()}.*" if dot and _METHOD.match(service + b".Xx") else "*"
    return Header(method, "" if b"\xa5Error" in data[at:key] else None), key + len(METHOD_KEY)


def method_name(raw: bytes) -> str:
    """``Service.Method`` where it is one, else "other": fields are few-valued and printable."""
    return raw.decode("ascii") if _METHOD.match(raw) else "other"


def error_class(text: bytes) -> str:
    """Consul's ACL errors by their text (``acl.IsErrPermissionDenied`` and its sisters look for the same)."""
    if not text:
        return ""
    if b"Permission denied" in text or b"ACL not found" in text:
        return "permission-denied"
    return "acl-disabled" if b"ACL support disabled" in text else "other"
