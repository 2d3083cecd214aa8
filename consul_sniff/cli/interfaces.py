"""``consul-sniff interfaces``: where packets can be captured, and whether this user may."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final, NamedTuple

import typer

from . import rights

_UP: Final = 0x1  # IFF_UP, IFF_RUNNING: include/uapi/linux/if.h
_RUNNING: Final = 0x40
_GET_FLAGS: Final = 0x8913  # SIOCGIFFLAGS, SIOCGIFHWADDR: include/uapi/linux/sockios.h
_GET_HARDWARE: Final = 0x8927

# ARPHRD_*, include/uapi/linux/if_arp.h -> how libpcap captures there (pcap-linux.c, map_arphrd_to_dlt)
_LINKS: Final = {1: "Ethernet", 772: "Ethernet", 65534: "raw IP", 512: "PPP", 768: "raw IP", 776: "raw IP", 778: "raw IP",
                 823: "raw IP", 519: "raw IP", 32: "InfiniBand", 801: "802.11", 803: "802.11 radiotap", 824: "netlink", 280: "CAN"}
COOKED: Final = "Linux cooked"


class Interface(NamedTuple):
    """One place to capture. ``state``: up, down or no-carrier, empty where it has none; ``refusal``: empty where this user may."""

    name: str
    state: str
    link_type: str
    addresses: tuple[str, ...]
    refusal: str


def interfaces(
    *, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List interfaces: addresses, state, link type, and whether this user may capture there."""
    found = listed()
    if json:
        from json import dumps

        rows = [one._asdict() | {"may_capture": not one.refusal} for one in found]
        sys.stdout.write(dumps({"interfaces": rows}, indent=1) + "\n")
        return
    from ..reporters.pages import table
    from .screens import look

    said = [(one.name, one.state or "-", one.link_type, "no" if one.refusal else "yes", " ".join(one.addresses)) for one in found]
    sys.stdout.write(table(("interface", "state", "link type", "capture", "addresses"), said, look()))
    refused = sorted({one.refusal for one in found if one.refusal})
    if refused:
        sys.stdout.write("\n" + "\n".join(f"no: {why}" for why in refused) + "\n")
        if len(refused) == 1 and all(one.refusal for one in found):
            sys.stdout.write("".join(f"\n{command}\n    {what}\n" for command, what in rights.remedies(found[0].name)))


def listed() -> list[Interface]:
    """All interfaces of this network namespace, and ``any``; link types as capturing there will find them.

    The kernel is asked, not /sys: in a namespace that was entered (nsenter -n) that is still the one outside.
    """
    import socket

    addresses = _addresses()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        names = sorted(name for _, name in socket.if_nameindex())
        found = [_one(asked.fileno(), name, addresses.get(name, ())) for name in names]
    return [*found, Interface(rights.ANY, "", COOKED, (), rights.refusal())]


def _one(asked: int, name: str, addresses: tuple[str, ...]) -> Interface:
    from ..text import printable

    kind = _ask(asked, _GET_HARDWARE, name)
    return Interface(printable(name), _state(_ask(asked, _GET_FLAGS, name)), _LINKS.get(kind, COOKED), addresses, rights.refusal(name))


def _state(flags: int) -> str:
    if not flags & _UP:
        return "down"
    return "up" if flags & _RUNNING else "no-carrier"


def _ask(asked: int, question: int, name: str) -> int:
    """The 16 bits after the name in the kernel's ``struct ifreq``; 0 where the interface went away meanwhile."""
    import fcntl
    from struct import pack, unpack_from

    try:
        answer = fcntl.ioctl(asked, question, pack("16s24x", os.fsencode(name)))
    except OSError:
        return 0
    return int(unpack_from("=H", answer, 16)[0])


def _addresses() -> dict[str, tuple[str, ...]]:
    """Interface -> its IP addresses, with the prefix length. Empty where libpcap cannot tell."""
    import socket
    from ipaddress import ip_address

    try:
        import cypcap
    except ImportError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for one in cypcap.findalldevs():
        some = []
        for entry in one.addresses:
            if entry.addr is None or entry.addr[0] not in (socket.AF_INET, socket.AF_INET6):
                continue
            text = str(entry.addr[1][0])
            mask = entry.netmask[1][0] if entry.netmask else ""
            some.append(f"{text}/{int(ip_address(mask)).bit_count()}" if mask else text)
        found[one.name] = tuple(some)
    return found
