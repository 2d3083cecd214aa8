"""Keeping the packets of a run: all of them, or those that prove a finding, in pcapng files with comments and names.

Which packet proves something is known only after the fact, so both begin with a window of recent packets as they were
captured (``window``). ``traffic`` writes what leaves it to files (``files``, which turn over in a ring), ``evidence``
picks out what facts name. ``section`` is what every file begins and ends with.
"""
