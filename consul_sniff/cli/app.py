"""The command line. Verbs stand in files of their own; errors become one line and the contract's exit code here."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import ConsulSniffError, UsageError
from . import analyze, decode, doctor, explain, interfaces, live, signatures
from .exits import EXIT_CODES, Exit

app = typer.Typer(
    name="consul-sniff",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find plaintext HashiCorp Consul traffic: per control and per node, with the packets that prove it and the "
         "setting that mends it.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {code:<4}{meaning}" for code, meaning in EXIT_CODES.items()),
)
app.command("analyze", short_help="Report on captures: what is in plaintext, and who sends it.")(analyze.analyze)
app.command("decode", short_help="List what each packet said, a line a message.")(decode.decode)
app.command("live", short_help="Watch interfaces or a stream, and judge as packets come.")(live.live)
app.command("interfaces", short_help="List where packets can be captured, and whether you may.")(interfaces.interfaces)
app.command("doctor", short_help="Check this machine: capture rights, sandbox, libpcap, signatures.")(doctor.doctor)
app.command("explain", short_help="Explain a signature or a control.")(explain.explain)
app.command("schema", short_help="Print the JSON Schema of the JSON report.")(explain.schema)
app.add_typer(signatures.app, name="signatures", short_help="List, show, check and test the signatures.")


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"consul-sniff {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *, version: Annotated[bool, typer.Option("--version", callback=lambda wanted: _version(wanted=wanted), is_eager=True,
                                             help="Print the version and exit.")] = False,
) -> None:
    pass


def run() -> None:
    """Run a verb. Every error that is the user's or the input's is one line on standard error, never a traceback."""
    try:
        app()
    except Exit as end:
        code = end.code
    except UsageError as error:
        code = _complain(error, 2)
    except ConsulSniffError as error:
        code = _complain(error, 3)
    except BrokenPipeError:
        # the reader went away (| head): end quietly, and keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        code = _complain(error, 3)
    except KeyboardInterrupt:
        code = 130
    else:
        return
    sys.exit(code)


def _complain(error: Exception, code: int) -> int:
    for line in str(error).splitlines() or [type(error).__name__]:
        sys.stderr.write(f"consul-sniff: {line}\n")
    return code
