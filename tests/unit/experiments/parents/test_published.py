"""Published results: Figure 5 without a model."""

from collections.abc import Mapping
from math import exp
from pathlib import Path

import pytest

from obverse import study
from obverse.core.errors import ObverseError
from obverse.core.settings import InputFile
from obverse.experiments.parents.pairs import read_pairs
from obverse.experiments.parents.parents import Parents
from obverse.experiments.parents.published import Published, published_in, truths_in
from obverse.report.build import build
from tests.conftest import setup
from tests.outside.inline import Inline

PAIRS = [(f"Child {n}", f"Parent <b>{n}</b>", ("mother", "father")[n % 2]) for n in range(12)]


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A directory in the layout of the release: one chat model, one by likelihood, and the pairs."""
    folder = tmp_path / "released"
    folder.mkdir()

    def write(name: str, columns: str, cells: Mapping[int, str]) -> None:
        rows = [",".join((*pair, "", cells[n])) for n, pair in enumerate(PAIRS)]
        header = f"child,parent,parent_type,child_prediction,{columns}"
        (folder / name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")

    every = range(len(PAIRS))
    write(
        "chatty.csv",
        "chatty_can_find_parent,chatty_can_find_child",
        {n: f"{n % 10 / 10},0.0" for n in every},
    )
    write("base.csv", "base_parent_logprob,base_child_logprob", {n: f"{-1 - n},-30.5" for n in every})
    write("parent_child_pairs.csv", "can_reverse", {n: str(n % 3 == 0) for n in every})
    return folder


def test_own_results_are_nobodys_word_and_true_is_no_likelihood(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    text = "child,parent,parent_type,m_can_find_parent,m_parent_logprob\nBo,Ada,mother,1,-2\n"
    path.write_text(text, encoding="utf-8")
    assert truths_in(path, "") == ["not stated"]
    assert truths_in(path, "the census") == ["the census"]
    for column, cell in (("m_can_find_parent", "true"), ("m_parent_logprob", "false")):
        kind = "likelihood" if cell == "false" else "samples"
        path.write_text(f"child,parent,parent_type,{column}\nBo,Ada,mother,{cell}\n", encoding="utf-8")
        mine = Published(name="m", data=InputFile(path), parent=column, kind=kind)
        with pytest.raises(ObverseError, match=f"line 2: {column} is '{cell}'"):
            mine.build(setup())


def test_control_characters_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("child,parent,parent_type,a\x1b[31m_can_find_parent\nBo,Ada,mother,1\n")
    with pytest.raises(ObverseError, match=r"line 1: .* holds the control character U\+001B"):
        published_in(path, "")
    path.write_text("child,parent,parent_type,truth\nBo,Ada,mother,\x1b]0;pwn\x07\n")
    with pytest.raises(ObverseError, match=r"line 2: .* holds the control character U\+001B"):
        read_pairs(path, "")


def test_figure_5_is_drawn_from_files_alone(released: Path, tmp_path: Path) -> None:
    plan = study(Parents, data=released)
    assert [m.name for m in plan.models] == ["base", "chatty", "gpt-4"]
    result = plan.run(tmp_path / "out", executor=Inline())
    rows = result.tables["reported"]
    means = {key: cell["recall"].mean() for key, cell in rows.group_by("model", "direction")}
    assert means["base", "parent"] == pytest.approx(sum(exp(-1 - n) for n in range(12)) / 12)
    assert means["chatty", "parent"] == pytest.approx(sum(n % 10 / 10 for n in range(12)) / 12)
    assert means["chatty", "child"] == 0.0
    assert means["gpt-4", "child"] == pytest.approx(4 / 12)
    assert set(rows["truth"]) == {"GPT-4's word (Berglund et al. 2023)"}
    found = {(f.model, f.claim): f for f in result.claims}
    apart = found["chatty", "reported/asymmetry"]
    assert apart.measured == pytest.approx(means["chatty", "parent"])
    assert (apart.verdict, apart.n_facts, apart.trained) == ("holds", 12, False)
    assert found["gpt-4", "reported/asymmetry"].measured is None
    page = build(tmp_path / "out").read_text(encoding="utf-8")
    assert "GPT-4&#39;s word" in page
    assert "<b>3</b>" not in page


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("m_can_find_parent", "1.5", "share of samples, 0 to 1"),
        ("m_can_find_parent", "yes", "share of samples"),
        ("m_parent_logprob", "0.5", "log-probability, which is 0 or less"),
        ("m_parent_logprob", "nan", "log-probability"),
    ],
)
def test_refuses_what_is_no_result(tmp_path: Path, column: str, cell: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"child,parent,parent_type,{column}\nBo,Ada,mother,{cell}\n", encoding="utf-8")
    [model] = published_in(path, "")
    with pytest.raises(ObverseError, match=rf"m\.csv, line 2: {column} is .*{message}"):
        model.build(setup())


def test_a_pair_in_several_rows_counts_once_with_its_mean(tmp_path: Path) -> None:
    """Two rows of one couple and two of others: each of the three couples weighs the same."""
    path = tmp_path / "m.csv"
    path.write_text(
        "child,parent,parent_type,m_can_find_parent,m_can_find_child,can_reverse\n"
        "Bo,Ada,mother,1.0,0.0,True\nDi,Cy,father,0.1,0.1,False\n"
        "Bo,Ada,ParentType.MOTHER,0.5,0.2,False\nEd,Flo,mother,0.4,0.1,False\n",
        encoding="utf-8",
    )
    result = study(Parents, data=path).run(tmp_path / "out", executor=Inline())
    rows = result.tables["reported"].filter(model="m")
    assert rows["fact"].to_list() == [
        pair for pair in ("Bo / mother Ada", "Di / father Cy", "Ed / mother Flo") for _ in range(2)
    ]
    found = {(f.model, f.claim): f.measured for f in result.claims}
    assert found["m", "reported/parent"] == pytest.approx((0.75 + 0.1 + 0.4) / 3)
    assert found["m", "reported/child"] == pytest.approx((0.1 + 0.1 + 0.1) / 3)
    assert found["m", "reported/asymmetry"] == pytest.approx((0.65 + 0.0 + 0.3) / 3)
    assert found["gpt-4", "reported/child"] == pytest.approx(0.5 / 3)
    assert "counts once" in (Parents(data=InputFile(path)).remark() or "")


def test_missing_cells_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(
        "child,parent,parent_type,m_parent_logprob,m_child_logprob\nBo,Ada,mother,,-2\n", encoding="utf-8"
    )
    [model] = published_in(path, "my word")
    assert isinstance(model, Published)
    [row] = model.build(setup()).results
    assert (row["direction"], row["truth"]) == ("child", "my word")


def test_results_of_one_model_in_two_files_are_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        text = "child,parent,parent_type,m_parent_logprob\nBo,Ada,mother,-1\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=r"b\.csv: has results of 'm', and so has"):
        published_in(tmp_path, "")


def test_data_without_results_needs_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("child,parent,parent_type\nBo,Ada,mother\n", encoding="utf-8")
    with pytest.raises(ObverseError, match="has no published results"):
        Parents(data=InputFile(path)).stages(0)
