"""Least privilege for a process that parses hostile bytes: root is given up, and what is not open yet stays shut.

Linux only, with ctypes alone. The command line calls it, once sockets and outputs are open; no stage knows of it.
"""

from .confine import confine
from .outputs import OutputDir
from .privileges import identity, raise_capture_right
from .status import Confinement, Mechanism, process_status

__all__ = ["Confinement", "Mechanism", "OutputDir", "confine", "identity", "process_status", "raise_capture_right"]
