"""Whether this process may capture, and the commands that would let it."""

from __future__ import annotations

import os
import sys

ANY = "any"  # libpcap's name for all interfaces at once


def refusal(interface: str = ANY) -> str:
    """Why packets cannot be captured there; empty: they can. Asks the kernel for a socket that receives nothing."""
    import socket

    from ..hardening import raise_capture_right

    raise_capture_right()
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as asked:
            if interface != ANY:
                asked.bind((interface, 0))
    except PermissionError:
        return "the right to capture (CAP_NET_RAW) is missing"
    except OSError as error:
        return error.strerror or str(error)
    except AttributeError:
        return "this system has no packet sockets (AF_PACKET)"
    return ""


def remedies(interface: str = "IFACE") -> list[tuple[str, str]]:
    """(command, what it does), the narrowest first. The commands can be pasted."""
    import shlex
    import shutil
    from pathlib import Path

    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        program = f"{shlex.quote(sys.executable)} -m consul_sniff"
    else:  # with its whole path: sudo does not look where a virtual environment is
        program = shlex.quote(str(Path(shutil.which(str(called)) or called).absolute()))
    live = f"{program} live -i {interface}"
    return [
        (f"sudo setpriv --reuid={os.getuid()} --regid={os.getgid()} --init-groups --inh-caps=+net_raw --ambient-caps=+net_raw -- {live}",
         "runs as you, with this one right and only in this process"),
        (f"sudo {live}", "opens its sockets as root, then becomes nobody and shuts itself in"),
    ]
