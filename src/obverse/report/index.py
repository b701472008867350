"""One page that leads to the reports of several studies: a matrix of verdicts, and what differs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.format import MISSING, count, ranges
from obverse.report.build import build, fitting
from obverse.report.claims_words import became, in_order
from obverse.report.glossary import Terms
from obverse.report.provenance import leaves, text
from obverse.report.read import study_and_claims
from obverse.report.render import anchor, fill
from obverse.report.reproduce import reproduce
from obverse.report.said import said
from obverse.report.words import moment, shortened
from obverse.store import files

HIDDEN, SHOWN = '<p class="up" hidden>', '<p class="up">'  # the link to the index (page.html.j2)
Study = dict[str, Any]


def build_index(out: str | Path) -> Path:
    """Write index.html under `out`, whose subdirectories are studies with reports; return its path.

    Studies of one name stand together. Their pages are given a link to the index.

    Raises:
        ObverseError: if there is none, or one of them cannot be read.
    """
    out = Path(out)
    folders = sorted(page.parent for page in out.glob("*/study.json"))
    for folder in folders:
        if not (folder / "report.html").is_file():
            build(folder)  # it was run from Python
    studies = [_read(folder) for folder in folders]
    if not studies:
        raise ObverseError(f"{out}: no study; expected study.json in it or in its folders")
    studies.sort(key=lambda study: study["time"])
    path = out / "index.html"
    with fitting(out):
        names = dict.fromkeys(study["name"] for study in studies)
        groups = [_group([s for s in studies if s["name"] == name]) for name in names]
        scripts = ("page.js",)  # which shows what terms mean
        html = fill("index.html.j2", scripts=scripts, groups=groups, number=len(studies))
        files.write_text(path, html)
    for folder in folders:
        _link_back(folder / "report.html")
    return path


def _link_back(page: Path) -> None:
    """Show on a page, which may have been made before there was an index, the link to it."""
    html = files.read_text(page)
    if HIDDEN in html:
        files.write_text(page, html.replace(HIDDEN, SHOWN, 1))


def _read(folder: Path) -> Study:
    study, claims = study_and_claims(folder)
    found, glossary = said(folder, claims)
    what = [
        f"preset {study['preset']}" if study["preset"] else "", count(len(study["models"]), "model"),
        f"seeds {ranges(study['seeds'])}", moment(study["provenance"]["time"]),
    ]  # fmt: skip
    return {
        "name": study["study"],
        "folder": folder.name,
        "title": study["title"],
        "about": study["about"],
        "paper": study["paper"],
        "what": " · ".join(filter(None, what)),
        "found": shortened(found),
        "glossary": glossary,
        "reproduce": reproduce(study),
        "time": study["provenance"]["time"],
        "settings": _settings(study),
        "claims": [claim | {"folder": folder.name} for claim in in_order(claims)],
        "verdicts": Counter(map(became, claims)),
    }


def _settings(study: Mapping[str, Any]) -> dict[str, str]:
    """Return all that was set, each as a text."""
    models = {
        f"{model['name']}.{key}": value for model in study["models"] for key, value in leaves(model)
    }
    found = {
        "preset": study["preset"], "seeds": ranges(study["seeds"]),
        "models": ", ".join(model["name"] for model in study["models"]), "looks": study["looks"],
        **dict(leaves(study["experiment"]["settings"])), **models,
        **{f"variant {name}": value for name, value in study["variants"].items()},
        **{f"grid {name}": value for name, value in study["grid"].items()},
    }  # fmt: skip
    return {key: text(value) for key, value in found.items()}


def _group(studies: Sequence[Study]) -> dict[str, Any]:
    """Return studies of one name, the verdicts on each claim, and the settings that are not alike."""
    claims = [claim for study in studies for claim in study["claims"]]
    columns = list(dict.fromkeys((claim["folder"], claim["model"]) for claim in claims))
    found = {(claim["text"], claim["folder"], claim["model"]): claim for claim in reversed(claims)}
    roles = {claim["text"]: claim["role"] for claim in reversed(claims)}
    texts = dict.fromkeys(claim["text"] for claim in in_order(claims))
    meanings: dict[str, set[str]] = {}
    for study in studies:
        for term, meaning in study["glossary"].items():
            meanings.setdefault(term, set()).add(meaning)
    # What is another thing in another study, such as a model of another size, its own page explains.
    glossary = {term: some.pop() for term, some in meanings.items() if len(some) == 1}
    alike = len({study["title"] for study in studies}) == 1
    studies = [study | {"called": study["folder" if alike else "title"]} for study in studies]
    return {
        **{key: studies[0][key] for key in ("title", "about", "paper")},
        "id": f"s-{anchor(studies[0]['name'])}",
        "terms": Terms(glossary, f"{anchor(studies[0]['name'])}-"),
        "studies": studies,
        "columns": columns,
        "rows": [(one, roles[one], [found.get((one, *column)) for column in columns]) for one in texts],
        "differences": _differences([study["settings"] for study in studies]),
    }


def _differences(settings: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Return each setting that is not the same in all of some studies, and its values."""
    keys = dict.fromkeys(key for one in settings for key in one)
    values = {key: [one.get(key, MISSING) for one in settings] for key in keys}
    return [(key, found) for key, found in values.items() if len(set(found)) > 1]
