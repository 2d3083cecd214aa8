"""A peer: what a program on dpkt does at least. Layers are parsed, and packets to Consul's ports counted."""

from __future__ import annotations

import sys
from pathlib import Path

import dpkt

PORTS = {8300, 8301, 8302, 8500}


def main(path: str) -> int:
    """Packets to or from a port of Consul's."""
    count = 0
    with Path(path).open("rb") as file:
        for _time, data in dpkt.pcap.Reader(file):
            packet = dpkt.ethernet.Ethernet(data).data
            if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6) and isinstance(packet.data, dpkt.tcp.TCP | dpkt.udp.UDP):
                count += packet.data.sport in PORTS or packet.data.dport in PORTS
    return count


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1])}\n")
