"""The filter that the kernel applies to a live capture: all that content could decide about, on any port.

It asks for ethertypes, not for libpcap's ``vlan`` and ``mpls``: those move the offsets of all that follows in an
expression, a user's ``--filter`` too (pcap-filter(7)). No term looks at ports or at fragment offsets, so fragments and
whatever is tunnelled in IP come along.
"""

from __future__ import annotations

from typing import Final

from .bpf import ETHERNET
from .bpf import compile as compile_bpf

#: ethertype -> what for; the screen opens each of them
ETHERTYPES: Final = {
    0x0800: "IPv4", 0x86DD: "IPv6", 0x8100: "VLAN", 0x88A8: "provider VLAN", 0x9100: "older provider VLAN",
    0x8847: "MPLS", 0x8848: "MPLS multicast", 0x8864: "PPPoE",
}
#: 802.3 frames with LLC and SNAP can hold IP; spanning tree and the like are no SNAP.
_SNAP: Final = "(ether[12:2] < 0x600 and ether[14:4] = 0xaaaa0300)"


def expression(bpf: str | None = None, link_type: int = ETHERNET) -> str:
    """Our filter for a link type, and the user's behind it."""
    terms = [f"ether proto {number:#06x}" for number in ETHERTYPES]
    if link_type == ETHERNET:
        terms.append(_SNAP)
    ours = " or ".join(terms)
    return f"({ours}) and ({bpf})" if bpf and bpf.strip() else ours


def checked(bpf: str | None) -> str | None:
    """The user's filter, if it is one. Errors: `UsageError` with libpcap's words."""
    if bpf and bpf.strip():
        compile_bpf(bpf, ETHERNET)
    return bpf
