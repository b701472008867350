"""What was run from Python is told in lines of Python that do the same."""

import json
from pathlib import Path
from typing import Any

import obverse
from obverse.report.reproduce import reproduce
from tests.left_behind import Leave


def made(lines: str) -> obverse.Study:
    """Return the study that the lines make, without running it."""
    names: dict[str, Any] = {}
    exec(lines.split("\nstudy.run(")[0], names)
    study = names["study"]
    assert isinstance(study, obverse.Study)
    return study


def described(study: obverse.Study) -> dict[str, Any]:
    """Return what study.json has of a study."""
    from pydantic_core import to_jsonable_python

    from obverse.core.loading import reference_of

    return {
        "study": study.name, "command": None, "seeds": list(study.seeds), "looks": study.looks,
        "experiment": {
            "type": reference_of(type(study.experiment)),
            "settings": to_jsonable_python(study.experiment.model_dump()),
        },
        "models": [
            {"type": reference_of(type(one)), **to_jsonable_python(one.model_dump())}
            for one in study.models
        ],
        "grid": {}, "grid_values": {},
    }  # fmt: skip


def test_the_lines_make_the_same_study() -> None:
    study = obverse.study("reversal", seeds=[3, 5], settings={"facts_per_subset": 7}, looks=2)
    again = made(reproduce(described(study)))
    assert again.experiment == study.experiment
    assert again.models == study.models
    assert (again.seeds, again.looks) == (study.seeds, study.looks)


def test_an_experiment_of_a_file_is_loaded_from_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import obverse\n\n\nclass Mine(obverse.Experiment):\n"
        "    name = 'mine'\n    title = 'Mine'\n    facts: int = 4\n\n"
        "    def stages(self, seed):\n        return ()\n\n"
        "    def claims(self):\n        return ()\n",
        encoding="utf-8",
    )
    study = obverse.study(str(path), settings={"facts": 7}, models=[obverse.Scratch()], seeds=[2])
    again = made(reproduce(described(study)))
    assert again.experiment.model_dump() == {"facts": 7}
    assert (again.name, again.models, again.seeds) == ("mine", study.models, (2,))


def test_a_command_is_told_as_it_is(leave: Leave) -> None:
    study = json.loads((leave() / "study.json").read_text(encoding="utf-8"))
    assert reproduce(study) == "obverse run sides.py"
