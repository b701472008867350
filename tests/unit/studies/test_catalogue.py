"""From what a user names to the experiment."""

import re
import shutil
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import obverse
from obverse.cli.listing import list_studies
from obverse.core.errors import ObverseError
from obverse.core.loading import load, reference_of
from obverse.studies import catalogue
from obverse.studies.catalogue import GROUP, find, registered
from tests.outside import counting

FILE = Path(counting.__file__)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(FILE, tmp_path / "counting.py"))


def test_our_own_are_registered_like_any_other() -> None:
    assert {"reversal", "repetition", "reliability"} <= set(registered())
    for name in registered():
        assert find(name).name == name


def test_file_with_the_class_named(file: Path) -> None:
    kind = find(f"{file}:Capitals")
    assert kind.name == "capitals"
    assert kind is not counting.Capitals, "another file, another module"
    assert find(f"{file}:Capitals") is kind, "imported once"
    assert reference_of(kind) == f"{file}:Capitals"


def test_file_with_one_class_need_not_name_it(file: Path) -> None:
    with pytest.raises(
        ObverseError, match="expected one subclass of Experiment, found Capitals, Compared"
    ):
        find(file)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("class Compared")], encoding="utf-8")
    assert find(str(file)).name == "capitals"


def test_edited_file_is_imported_anew(file: Path) -> None:
    before = find(f"{file}:Capitals")
    file.write_text(
        file.read_text(encoding="utf-8").replace("Capitals: is", "Cities: is"), encoding="utf-8"
    )
    assert find(f"{file}:Capitals").title.startswith("Cities")
    assert before.title.startswith("Capitals")


def test_two_files_called_alike_are_two(file: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = Path(shutil.copy(file, tmp_path / "b" / "counting.py"))
    assert find(f"{file}:Capitals") is not find(f"{other}:Capitals")


def test_module_and_class() -> None:
    assert find("tests.outside.counting:Capitals") is counting.Capitals
    assert reference_of(counting.Capitals) == "tests.outside.counting:Capitals"


def test_class_and_experiment_stand_for_themselves() -> None:
    assert find(counting.Capitals) is counting.Capitals
    assert find(counting.Capitals(facts=4)) is counting.Capitals
    study = obverse.study(counting.Capitals(facts=4))
    assert isinstance(study.experiment, counting.Capitals)
    assert study.experiment.facts == 4
    assert (study.seeds, study.models) == ((0, 1), (counting.TableSpec(),))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("revesal", "unknown study 'revesal'; did you mean reversal"),
        ("nowhere.py", "nowhere.py: no such file"),
        ("no.such.module:Class", "no.such.module: cannot be imported: No module named 'no'"),
        ("tests.outside.counting:Capital", "unknown experiment 'Capital'; did you mean Capitals"),
    ],
)
def test_what_is_not_there(what: str, said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        find(what)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_thing\n", r"line 1: cannot be imported: ModuleNotFoundError"),
        ("x = 1\n\ny = (\n", r"line 3: cannot be imported: SyntaxError"),
        ("x = 1\ny = 1 / 0\n", r"line 2: cannot be imported: ZeroDivisionError"),
        (
            "import obverse\nclass Own(obverse.Experiment):\n    recipe = obverse.Recipe()\n",
            r"line 2: cannot be imported: recipe: has no type; expected recipe: TYPE = VALUE",
        ),
    ],
)
def test_error_in_a_file_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=said):
        find(path)


def test_class_inside_a_function_cannot_be_found_elsewhere() -> None:
    class Inner(counting.Capitals):
        pass

    assert reference_of(Inner) is None


def test_what_lies_beside_a_file_does_not_stand_in_for_pythons_own(tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("raise RuntimeError('mine')\n", encoding="utf-8")
    (tmp_path / "beside_it.py").write_text("NAME = 'found'\n", encoding="utf-8")
    own = tmp_path / "own.py"
    own.write_text(
        "import colorsys\nfrom beside_it import NAME\nfrom tests.outside.counting import Capitals\n"
        "class Own(Capitals):\n    name = NAME + str(callable(colorsys.rgb_to_hls))\n",
        encoding="utf-8",
    )
    assert load(str(own), obverse.Experiment).name == "foundTrue"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no.such:Thing", "theirs (no.such:Thing): cannot be imported"),
        ("tests.outside.counting:TableSpec", "theirs (tests.outside.counting:TableSpec): not a subclass"),
    ],
)
def test_entry_point_of_another_package_that_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str, said: str
) -> None:
    point = EntryPoint("theirs", value, GROUP)
    monkeypatch.setattr(catalogue, "registered", lambda: {"theirs": point})
    with pytest.raises(ObverseError, match=re.escape(said)):
        find("theirs")
    list_studies()
    assert said in " ".join(capsys.readouterr().out.split()), "the others are listed all the same"


def test_entry_point_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("theirs", "tests.outside.counting:Capitals", GROUP)
    monkeypatch.setattr(catalogue, "registered", lambda: {"theirs": point})
    assert find("theirs") is counting.Capitals


SCRIPT = """
import obverse
from tests.outside.counting import Capitals, TableSpec

class Mine(Capitals):
    name = "mine"

obverse.study(Mine, models=[TableSpec()]).run("OUT")
raise RuntimeError("not reached")
"""


def test_script_is_asked_for_its_class_without_running_its_study(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace("OUT", str(tmp_path / "out")), encoding="utf-8")
    assert find(f"{path}:Mine").name == "mine"
    assert not (tmp_path / "out").exists()
