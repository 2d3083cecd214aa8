"""A peer: Scapy. ``raw`` only reads the records, else packets are dissected and those to Consul's ports counted."""

from __future__ import annotations

import sys

PORTS = {8300, 8301, 8302, 8500}


def main(path: str, *, raw: bool) -> int:
    """Packets; or packets to or from a port of Consul's."""
    if raw:
        from scapy.utils import RawPcapReader

        with RawPcapReader(path) as records:
            return sum(1 for _ in records)
    from scapy.layers.inet import TCP, UDP
    from scapy.layers.inet6 import IPv6  # noqa: F401 - Ethernet finds IPv6 through it
    from scapy.layers.l2 import Ether  # noqa: F401 - likewise
    from scapy.utils import PcapReader

    count = 0
    with PcapReader(path) as packets:
        for packet in packets:
            for layer in (TCP, UDP):
                if layer in packet:
                    count += packet[layer].sport in PORTS or packet[layer].dport in PORTS
    return count


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], raw=sys.argv[2:] == ['raw'])}\n")
