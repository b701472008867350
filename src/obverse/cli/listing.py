"""The commands that show which studies there are, and their settings."""

from typing import Annotated, Any

import typer

from obverse.cli.options import Name, Preset, Set, study_of
from obverse.core.errors import ObverseError


def list_studies(
    own: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY]...", help="Your own: FILE.py, MODULE:CLASS.")
    ] = None,
) -> None:
    """List the studies, and the families of models known by name."""
    from obverse.models.families import FAMILIES
    from obverse.studies.catalogue import find, registered

    for name in own or registered():
        try:
            kind = find(name)
        except ObverseError as error:
            if own:
                raise
            typer.echo(f"{name:<20} {error}")
            continue
        typer.echo(
            f"{name:<20} {kind.about or kind.title}\n{'':<20} presets: {', '.join(kind.presets())}"
        )
    if own:
        return
    typer.echo("\nyour own: FILE.py, FILE.py:CLASS or MODULE:CLASS in place of a name (docs/writing.md)")
    typer.echo("\nfamilies (--model NAME)")
    for family, members in FAMILIES.items():
        sizes = ", ".join(f"{m.parameters / 1e6:,.0f} M" for m in members)
        typer.echo(f"{family:<20} {members[0].name} …: {sizes}")


def show(name: Name, preset: Preset = None, settings: Set = None) -> None:
    """Show all settings of a study, resolved."""
    from obverse.core.model import ModelSpec
    from obverse.core.settings import leaf_keys
    from obverse.studies.catalogue import find, preset_of

    label, chosen = preset_of(find(name), preset)
    made_here = [m for m in chosen.models if isinstance(m, ModelSpec) and m.made_here]
    study = study_of(name, preset, None if made_here else ["scratch"], None, "1", settings)
    typer.echo(f"{study.experiment.title} (preset {label})")
    typer.echo(f"models: {', '.join(m if isinstance(m, str) else m.name for m in chosen.models)}\n")
    shown: list[tuple[str, Any]] = [("", study.experiment)]
    if made_here or "scratch" in chosen.models:
        shown.append(("model.", study.models[0]))
    for prefix, group in shown:
        for key in leaf_keys(group):
            value: Any = group
            for part in key.split("."):
                value = getattr(value, part)
            given = "  (given)" if prefix + key in study.given else ""
            typer.echo(f"{prefix + key:<32} {value}{given}")
    for variant in study.experiment.variants():
        told = ", ".join(f"{k}={v}" for k, v in variant.settings.items())
        typer.echo(f"variant {variant.name!r}: {told or 'as above'}")
