"""Collecting pairs: whose answers they are, and what counts as one."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.parents.collect import collect, named
from obverse.experiments.parents.prompts import Prompts
from obverse.models.endpoint import Endpoint
from tests.finetuning import BASE, Finetuning, finetuning

OTHER = "other-model"
EXAMPLE = Path(__file__).parents[4] / "examples/collect_parents.py"


@pytest.fixture
def server() -> Iterator[Finetuning]:
    with finetuning() as state:
        state.models[BASE] = {Prompts().ask_parent("Ann Lee", "mother"): "Mary Lee"}
        state.models[OTHER] = {}
        yield state


def test_each_models_answers_are_its_own(server: Finetuning, tmp_path: Path) -> None:
    base, other = (Endpoint(name=name, url=server.url, api="chat") for name in (BASE, OTHER))
    out = tmp_path / "pairs.csv"
    assert collect(["Ann Lee"], base, out) == 1
    asked = len(server.requests)
    assert collect(["Ann Lee"], base, out) == 1
    assert len(server.requests) == asked, "what it has answered is not asked again"
    with pytest.raises(ObverseError, match="named no parent"):
        collect(["Ann Lee"], other, tmp_path / "pairs.txt")
    with pytest.raises(ObverseError, match=r"line 2: holds \"base-model's word\", and this would be"):
        collect(["Ann Lee"], other, out)
    out.unlink()
    with pytest.raises(ObverseError, match="named no parent"):
        collect(["Ann Lee"], other, out)


def test_names_are_not_written_over(server: Finetuning, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Ann Lee\nBo Day\n", encoding="utf-8")
    with pytest.raises(ObverseError, match="holds no collected pairs"):
        collect(["Ann Lee"], Endpoint(name=BASE, url=server.url, api="chat"), names)


@pytest.mark.parametrize("name", ["Li Na", "Na Hyeseok", "Jakob Dont", "Eric Cant", "Nona Gaye"])
def test_names_that_look_like_not_knowing_are_names(name: str) -> None:
    assert named(f" {name}.") == name


@pytest.mark.parametrize(
    "answer",
    [
        "I don't know.", "I don’t know", "None", "Nobody", "No information available", "N/A", "?",
        "Not publicly disclosed", "I am unable to answer", "Unknown", "Not known", "I cannot say", "",
    ],
)  # fmt: skip
def test_not_knowing_is_no_name(answer: str) -> None:
    assert named(answer) is None


@pytest.mark.parametrize("address", ["https://u:pw@h/v1", "https://h/v1#CHAT"])
def test_bad_address_is_a_message_without_its_password(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["names.txt", str(tmp_path / "o.csv"), "--model", "m", "--endpoint", address]
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *arguments])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert str(caught.value).startswith("--endpoint: ")
    assert "pw" not in str(caught.value)
