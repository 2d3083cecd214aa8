"""X.509 leaf certificates as they pass in TLS 1.2 and older: whom they name, and when they are valid.

``cryptography`` takes 55 ms to import, so it is imported when the first certificate appears.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Interrupted
from ..text import printable

if TYPE_CHECKING:
    from cryptography import x509

NAMES = 16  # a public CDN's certificate may hold hundreds: these go into what observations are folded by
NAME_LENGTH = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Leaf(NamedTuple):
    """What a certificate says of its holder. Everything but the fingerprint is None (names: empty) in a broken one."""

    fingerprint: str  # "sha256:" + 16 hex digits of the SHA-256 of the DER: one certificate on two servers shows
    names: tuple[str, ...] = ()  # of the SAN: URIs, DNS names, addresses; then the CN where it is new
    subject: str | None = None  # RFC 4514
    not_before: int | None = None  # nanoseconds since the Unix epoch
    not_after: int | None = None
    spiffe: str | None = None  # the first spiffe:// URI
    broken: bool = False


@lru_cache(maxsize=64)  # a server shows the same leaf in every handshake
def leaf(der: bytes) -> Leaf:
    """Read a certificate. Never raises: a broken one keeps its fingerprint and loses the rest."""
    fingerprint = "sha256:" + hashlib.sha256(der).hexdigest()[:16]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # e.g. a serial number of zero: the peers accept it, we only tell
            return _read(der, fingerprint)
    except Exception:  # noqa: BLE001 - ASN.1 errors come in many types, and a lazy field may raise any of them
        return Leaf(fingerprint, broken=True)
    except BaseException as error:
        # a panic in cryptography's Rust part is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit, Interrupted)):
            raise
        return Leaf(fingerprint, broken=True)


def _read(der: bytes, fingerprint: str) -> Leaf:
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(der)
    not_before, not_after = _nanoseconds(certificate.not_valid_before_utc), _nanoseconds(certificate.not_valid_after_utc)
    names: tuple[str, ...] = ()
    common = subject = spiffe = None
    broken = False
    try:
        subject = printable(certificate.subject.rfc4514_string(), NAME_LENGTH)
        common = _common_name(certificate)
    except ValueError:  # a string of the wrong encoding; the validity still counts
        broken = True
    try:
        names = _alternative_names(certificate)
    except ValueError:
        broken = True
    if common and common not in names:
        names = (*names, common)
    spiffe = next((name for name in names if name.startswith("spiffe://")), None)
    return Leaf(fingerprint, names, subject, not_before, not_after, spiffe, broken)


def _common_name(certificate: x509.Certificate) -> str | None:
    from cryptography.x509.oid import NameOID

    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        return printable(attribute.value, NAME_LENGTH)
    return None


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    # URIs first among what is kept: the SPIFFE identity decides whose certificate it is
    shown = []
    for kind in (x509.UniformResourceIdentifier, x509.DNSName, x509.IPAddress):
        shown += [printable(str(name.value), NAME_LENGTH) for name in extension.value if isinstance(name, kind)]
    # names are joined by commas when they are told: one inside a name must not make two of it
    return tuple(dict.fromkeys(name.replace(",", "\\u{2c}") for name in shown))[:NAMES]


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
