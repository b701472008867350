"""Executors by name: ours, a user's own, and what is said of those that cannot be had."""

import subprocess
import sys
from pathlib import Path

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.studies.executors.choose import executor
from tests.outside import inline


def test_ours_by_name() -> None:
    assert isinstance(executor("here"), obverse.Here)
    assert isinstance(executor("work", {"address": None}), obverse.Work)
    made = executor("slurm", {"partition": "gpu", "slurm": {"time": "60"}, "cancel": None})
    assert made == obverse.Slurm(partition="gpu", settings={"time": "60"})
    assert executor("ray", {"storage": "s3://bucket"}) == obverse.Ray(storage="s3://bucket")


def test_options_of_another_are_refused() -> None:
    with pytest.raises(ObverseError, match=r"--partition: is an option of --executor slurm"):
        executor("here", {"partition": "gpu"})
    with pytest.raises(ObverseError, match=r"--address: is an option of --executor ray"):
        executor("slurm", {"address": "auto"})


def test_a_users_own() -> None:
    file = str(Path(inline.__file__))
    assert type(executor(f"{file}:Inline")).__name__ == "Inline"
    assert isinstance(executor("tests.outside.inline:Inline"), inline.Inline)
    with pytest.raises(ObverseError, match=r"unknown executor 'Outline'; did you mean Inline\?"):
        executor(f"{file}:Outline")


def test_a_users_own_with_arguments(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n"
        "    def __init__(self, url): pass\n"
        "    def run(self, tasks, on): return []\n",
        encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(ObverseError, match=r"cannot be made without arguments.*'url'"):
        executor(f"{tmp_path / 'mine.py'}:Mine")


def test_unknown_names() -> None:
    with pytest.raises(ObverseError, match=r"--executor: unknown executor 'rey'; did you mean ray"):
        executor("rey")


def test_neither_ray_nor_submitit_is_imported_unless_runs_go_there() -> None:
    code = (
        "import sys; import obverse; from obverse.studies.executors.choose import executor\n"
        "[executor(name) for name in ('here', 'work', 'ray', 'slurm')]\n"
        "print(*sorted({'ray', 'submitit', 'fsspec', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("name", "package", "words"),
    [("ray", "ray", "obverse[ray]"), ("slurm", "submitit", "obverse[slurm]")],
)
def test_package_that_is_missing(
    name: str, package: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.outside.counting import Capitals

    monkeypatch.setitem(sys.modules, package, None)
    made = obverse.Slurm(cluster="local") if name == "slurm" else executor(name)
    with pytest.raises(ObverseError) as caught:
        obverse.study(Capitals, seeds=1).run(tmp_path, executor=made)
    assert f"pip install '{words}'" in str(caught.value)
