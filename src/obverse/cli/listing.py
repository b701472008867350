"""The commands that show which studies there are, and their settings."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from obverse.cli.options import Name, Preset, Set
from obverse.cli.showing import width
from obverse.cli.typed import study_of
from obverse.core.errors import ObverseError

NAMES = 27  # letters of the longest of our studies, and two


def list_studies(
    own: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STUDY]...", help="Your own: FILE.py, FILE.py:CLASS, MODULE:CLASS."),
    ] = None,
) -> None:
    """List the studies by their question, and families of models."""
    from obverse.models.families import FAMILIES
    from obverse.studies.catalogue import find, registered

    groups: dict[str, list[str]] = {}
    for name in own or registered():
        try:
            kind = find(name)
            # A question in short, without the place in the paper behind it.
            line = kind.line
            said = _in_line(name, re.sub(r" \([^()]*\)$", "", kind.about or kind.title))
        except ObverseError as error:
            if own:
                raise
            line, said = "Cannot be imported", _in_line(name, str(error))
        if own:
            said += f"\n{_in_line('', 'presets: ' + ', '.join(kind.presets()))}"
        groups.setdefault(line, []).append(said)
    for line, studies in groups.items():
        typer.echo("\n".join([*filter(None, [line]), *studies, ""]))
    if own:
        return
    typer.echo("Families of published models (--model NAME)")
    for family, members in FAMILIES.items():
        sizes = ", ".join(f"{m.parameters / 1e6:,.0f} M" for m in members)
        typer.echo(_in_line(family, f"{members[0].name} …: {sizes}"))
    typer.echo("\nSettings and presets: obverse show STUDY. Your own: FILE.py (docs/writing.md).")


def _in_line(name: str, text: str) -> str:
    """Return a name and what it is in one line, or in as many as the terminal's width needs."""
    beside = f"  {name:<{NAMES}}" if len(name) < NAMES else f"  {name}\n{'':<{NAMES + 2}}"
    filled = textwrap.fill(text, width() - NAMES - 2)
    return beside + textwrap.indent(filled, " " * (NAMES + 2)).lstrip()


def show(
    name: Name,
    preset: Preset = None,
    settings: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show what each setting of a study means, and its values."""
    from obverse.core.model import ModelSpec
    from obverse.studies.catalogue import find, preset_of

    kind = find(name)
    label, chosen = preset_of(kind, preset)
    made_here = [m for m in chosen.models if isinstance(m, ModelSpec) and m.made_here]
    models = None if made_here else ["scratch"]
    study, before = (study_of(name, preset, models, None, "1", given) for given in (settings, None))
    both: list[tuple[str, Any, Any]] = [("", study.experiment, before.experiment)]
    if made_here or "scratch" in chosen.models:
        both.append(("model.", study.models[0], before.models[0]))
    rows = [row for prefix, now, first in both for row in _settings(prefix, now, first, study.given)]
    named = [m if isinstance(m, str) else m.name for m in chosen.models]
    variants = {variant.name: dict(variant.settings) for variant in study.experiment.variants()}
    if as_json:
        about = {"study": kind.name, "title": kind.title, "preset": label, "presets": [*kind.presets()]}
        typer.echo(_json(about | {"models": named, "settings": rows, "variants": variants}))
        return
    typer.echo(_filled(kind.title))
    typer.echo(_filled(f"preset {label} (of {', '.join(kind.presets())}); models: {', '.join(named)}"))
    for row in rows:
        typer.echo("\n" + _told(row))
    for variant, changed in variants.items():
        said = ", ".join(f"{key}={value}" for key, value in changed.items())
        typer.echo(_filled(f"\nvariant {variant!r}: {said or 'as above'}"))


def _settings(prefix: str, now: Any, first: Any, given: Any) -> Iterator[dict[str, Any]]:
    """Yield what there is to say of each setting; `default` is the preset's value."""
    from obverse.core.meanings import meaning_of
    from obverse.core.settings import leaf_keys

    known = set(leaf_keys(first))
    for key in leaf_keys(now):
        meaning = meaning_of(now, key)
        yield {
            "key": prefix + key,
            "value": _value(now, key),
            "default": _value(first, key) if key in known else None,
            "given": prefix + key in given,
            "meaning": meaning.text,
            "allowed": meaning.allowed,
        }


def _value(settings: Any, key: str) -> Any:
    *parents, last = key.split(".")
    for parent in parents:
        settings = getattr(settings, parent)
    return settings.model_dump(mode="json", include={last})[last]


def _told(row: dict[str, Any]) -> str:
    """Return a setting as it would be typed, and beneath it its meaning and values."""
    value, default = (_typed(row[key]) for key in ("value", "default"))
    given = f"  (given; by default {default})" if row["given"] else ""
    first = _filled(f"{row['key']}={value}{given}")
    about = f"{row['meaning']} [{row['allowed']}]".strip()
    return f"{first}\n{_filled(about, '    ')}"


def _typed(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, width(), initial_indent=indent, subsequent_indent=indent or "    ", break_on_hyphens=False
    )
