"""The program on a pseudo-terminal, as a user sees it."""

import os
import pty
import subprocess
import sys


def on_a_terminal(*words, folder, before=(), meanwhile=lambda process: None):
    """(exit code, the page, the report after it) of a run that ends by itself. ``before``: words before the program's own;
    ``meanwhile`` is called with the process once it runs; its standard error can be read."""
    leader, follower = pty.openpty()
    program = [*before, sys.executable, "-m", "consul_sniff", *map(str, words)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(program, stdout=follower, stderr=subprocess.PIPE, cwd=folder, env=environment) as process:
        os.close(follower)
        meanwhile(process)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65_536)
            except OSError:
                break
        code = process.wait(20)
    os.close(leader)
    page, _clear, report = shown.rpartition(b"Ctrl-C ends and prints the report")
    return code, page, report
