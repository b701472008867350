"""The command that says how many seeds a claim takes."""

from typing import Annotated

import typer

from obverse.core.errors import ObverseError


def power(
    effect: Annotated[
        float | None, typer.Option(help="The smallest true value that would matter; else 0.")
    ] = None,
    spread: Annotated[
        float | None, typer.Option(help="Standard deviation of the seeds' own values, from a pilot.")
    ] = None,
    above: Annotated[
        float | None,
        typer.Option(help="The threshold that is claimed to be exceeded; else 0."),
    ] = None,
    within: Annotated[
        float | None, typer.Option(help="The margin within which a value is claimed to be, instead.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="The share of trainings that is claimed to be exceeded, instead (0.5: most)."),
    ] = None,
    claims: Annotated[
        int, typer.Option(min=1, max=10_000, help="Primary claims that share the level.")
    ] = 1,
    looks: Annotated[int, typer.Option(min=1, max=10_000, help="How often you will look.")] = 1,
    power: Annotated[float, typer.Option(min=0.01, max=0.999, help="How often it is to be shown.")] = 0.9,
) -> None:
    """Say how many seeds a claim will take (docs/power.md)."""
    from math import isfinite

    from obverse.core.claim import Above, Within
    from obverse.core.format import count
    from obverse.stats.power import seeds_for, trainings_for
    from obverse.stats.tests import ALPHA

    of_values = {"effect": effect, "spread": spread, "above": above, "within": within}
    for option, given in (of_values | {"share": share}).items():
        if given is not None and not isfinite(given):
            raise ObverseError(f"--{option} {given}: expected a finite number")
    if within is not None and above is not None:
        raise ObverseError("--within, --above: expected one of the two, a margin or a threshold")
    if within is not None and not within > 0:
        raise ObverseError(f"--within {within}: expected a margin above 0")
    if share is not None:
        if beside := [f"--{option}" for option, given in of_values.items() if given is not None]:
            raise ObverseError(
                f"--share {share:g}: trainings that meet a criterion are counted, whatever their values; "
                f"expected no {', '.join(beside)} beside it"
            )
        if not 0 < share < 1:
            raise ObverseError(f"--share {share}: expected a number between 0 and 1")
        needed = trainings_for(share, power=power, claims=claims, looks=looks)
        what = f"that it is so in more than {100 * share:g} % of all trainings, if it is in every one"
    else:
        if spread is None:
            raise ObverseError(
                "expected --effect and --spread (the smallest value that would matter, and the standard "
                "deviation of the seeds' own values in a pilot; --within for a margin), or --share; a "
                "finished pilot knows its spreads: obverse plan STUDY --power DIR"
            )
        if not spread > 0:
            raise ObverseError(f"--spread {spread}: expected a standard deviation above 0")
        effect = effect or 0.0
        criterion = Above(above or 0.0) if within is None else Within(within)
        needed = seeds_for(criterion, effect, spread, power=power, claims=claims, looks=looks)
        what = f"a value {criterion}, if it is {effect:g} and seeds differ by {spread:g} (SD)"
    level = f"one-sided level {ALPHA / claims / looks:.2g}"
    if needed is None:
        typer.echo(
            f"no number of seeds shows {what}: it does not meet the criterion, or hardly ({level})"
        )
    else:
        shown = f"{count(needed, 'seed')} show{'s' * (needed == 1)} {what}"
        typer.echo(f"{shown}, in {100 * power:g} of 100 studies or more ({level})")
