"""The command line. Heavy imports wait until a command needs them."""

import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from obverse.cli.asking import ask
from obverse.cli.jobs import jobs
from obverse.cli.listing import list_studies, show
from obverse.cli.reading import compare, report, runs
from obverse.cli.running import plan, run
from obverse.cli.seeds import power
from obverse.cli.workers import work
from obverse.cli.writing import data, export
from obverse.core.errors import ObverseError, Stopped
from obverse.core.format import harmless

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        import platform
        from importlib.metadata import version

        said = f"obverse {version('obverse')}, Python {platform.python_version()}"
        typer.echo(f"{said}, torch {version('torch')}, {platform.platform()}")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Show the versions of obverse, Python, torch and the platform.",
        ),
    ] = False,
) -> None:
    """Controlled experiments on what language models generalise from what they were told."""


class _Command(TyperCommand):
    """A command that tells who types a study's setting as an option how settings are typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # typer keeps the classes of its errors to itself
            unknown: Any = error if getattr(error, "possibilities", None) == [] else None
            if unknown and any("--set" in parameter.opts for parameter in self.params):
                unknown.message += (
                    ". Settings are typed as --set KEY=VALUE; `obverse show STUDY` lists them"
                )
            raise


for command in (run, work, plan, data, runs, export, report, compare, ask, power, jobs):
    app.command(cls=_Command)(command)
app.command(name="list", cls=_Command)(list_studies)
app.command(cls=_Command)(show)


def _stop(number: int, _: object) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop_now)
    raise Stopped(number)


def _stop_now(number: int, _: object) -> NoReturn:
    """End at a second signal, whatever has become of the first; workers end with their parent."""
    os._exit(128 + number)


def main() -> None:
    """Run the command line.

    A problem that the user can mend is one message and status 1. Ctrl-C and SIGTERM stop everything, with
    status 130 and 143.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    try:
        app()
    except ObverseError as error:
        typer.echo(f"obverse: {harmless(str(error))}", err=True)
        sys.exit(1)
    except Stopped as stopped:
        if not stopped.told:
            typer.echo("stopped: what is finished is kept; the same command goes on", err=True)
        sys.exit(128 + stopped.number)
