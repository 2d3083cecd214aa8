"""``consul-sniff interfaces``: where packets can be captured, and whether this user may."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from . import rights

_SYS: Final = Path("/sys/class/net")
_UP: Final = 0x1  # IFF_UP, include/uapi/linux/if.h

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
    """All interfaces that the kernel has, and ``any``; names and link types as capturing there will find them."""
    addresses = _addresses()
    names = sorted(path.name for path in _SYS.glob("*") if (path / "type").exists())
    return [*(_one(name, addresses.get(name, ())) for name in names), Interface(rights.ANY, "", COOKED, (), rights.refusal())]


def _one(name: str, addresses: tuple[str, ...]) -> Interface:
    from ..text import printable

    kind = _number(name, "type", 10)
    return Interface(printable(name), _state(name), _LINKS.get(kind, COOKED), addresses, rights.refusal(name))


def _state(name: str) -> str:
    if not _number(name, "flags", 16) & _UP:
        return "down"
    said = _read(name, "operstate")  # "unknown" of what has no carrier to report: loopback, tunnels
    return {"unknown": "up", "lowerlayerdown": "no-carrier", "down": "no-carrier"}.get(said, said)


def _number(name: str, what: str, base: int) -> int:
    try:
        return int(_read(name, what), base)
    except ValueError:
        return 0


def _read(name: str, what: str) -> str:
    try:
        return (_SYS / name / what).read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # it went away meanwhile
        return ""


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
