"""A study on a model behind a server: counted beforehand, limited, and without a word of its key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import obverse
from obverse.cli import app
from obverse.core.errors import ObverseError
from obverse.core.format import without_secrets
from obverse.models.causal import CausalModel
from obverse.models.meter import spent_in
from obverse.run.task import Execution
from obverse.studies.forecast import forecast
from tests.completions import Completions, serving
from tests.integration.test_repetition import small_data
from tests.outside.inline import Inline
from tests.unit.studies.test_forecast import shown

EXECUTION = Execution(device="cpu", workers=1)
KEY, PASSWORD = "sk-never-to-be-seen-0123456789", "hunter2-swordfish"


@pytest.fixture
def server(model: CausalModel) -> Iterator[Completions]:
    with serving(model) as state:
        yield state


def study(
    server: Completions, folder: Path, settings: dict[str, Any] | None = None, api: str = ""
) -> obverse.Study:
    return obverse.study(
        "repetition", models=["tiny"], endpoint=server.url + api, data=small_data(folder),
        settings={"shots": [0], "induction": 4} | (settings or {}),
    )  # fmt: skip


@pytest.mark.parametrize("api", ["", "#chat"])
def test_requests_are_counted_beforehand(
    server: Completions, tmp_path: Path, api: str, capsys: Any
) -> None:
    made = study(server, tmp_path, {"model.asking_price": 2}, api)
    planned = forecast(made, tmp_path / "out", EXECUTION)
    assert planned.bill is not None
    assert "no model.most_requests" in shown(planned)
    made.run(tmp_path / "out", execution=EXECUTION, executor=Inline())
    assert f"tiny: about {planned.bill.requests} requests, " in capsys.readouterr().err
    # What is the same is asked once, and tokens that merge with the prompt's take one request more.
    assert 0.8 * planned.bill.requests <= len(server.seen) <= 1.1 * planned.bill.requests
    assert spent_in(tmp_path / "out").requests == len(server.seen)
    made.run(tmp_path / "out", execution=EXECUTION, executor=Inline())
    assert "requests" not in capsys.readouterr().err, "nothing is left to ask"


def test_limits_stop_a_study_and_the_same_command_goes_on(
    server: Completions, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "out"
    study(server, tmp_path).run(tmp_path / "whole", execution=EXECUTION, executor=Inline())
    needed = len(server.seen)
    server.seen.clear()
    for most in (needed // 3, needed // 3, 2 * needed // 3):
        limited = study(server, tmp_path, {"model.most_requests": most})
        with pytest.raises(ObverseError, match=r"limit of requests is reached: .* goes on from there"):
            limited.run(out, execution=EXECUTION, executor=Inline())
        assert len(server.seen) == most
        assert "The limit may be reached: then the run stops" in " ".join(capsys.readouterr().err.split())
    dear = study(server, tmp_path, {"model.cost_limit": 1e-9, "model.asking_price": 1})
    with pytest.raises(ObverseError, match="limit of cost is reached"):
        dear.run(out, execution=EXECUTION, executor=Inline())
    study(server, tmp_path, {"model.most_requests": needed}).run(
        out, execution=EXECUTION, executor=Inline()
    )
    assert len(server.seen) == needed, "nothing is asked twice"
    one, other = (pl.read_parquet(tmp_path / n / "observations/ask.parquet") for n in ("whole", "out"))
    assert one.equals(other)


def test_limit_of_cost_needs_a_price(server: Completions, tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"model\.cost_limit .* need model\.asking_price"):
        study(server, tmp_path, {"model.cost_limit": 1}).run(tmp_path / "out", executor=Inline())
    with pytest.raises(ObverseError, match=r"model\.patience: belongs to a model behind a server"):
        obverse.study("reversal", settings={"model.patience": 3})
    assert not server.seen


def everything_written(folder: Path) -> bytes:
    """All bytes under a folder, and all that its tables hold."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    tables = [pl.read_parquet(p).write_json().encode() for p in files if p.suffix == ".parquet"]
    return b"\n".join([path.read_bytes() for path in files] + tables)


@pytest.mark.parametrize("api", ["", "#chat"])
def test_key_is_written_and_printed_nowhere(
    server: Completions,
    tmp_path: Path,
    api: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither by a server that repeats it in its errors, nor by one that answers with it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("obverse.models.asking.RETRIES", 0)
    out = tmp_path / "out"
    server.fails = True
    with pytest.raises(ObverseError, match=r"Bearer \*\*\*") as caught:
        study(server, tmp_path, api=api).run(out, execution=EXECUTION, executor=Inline())
    server.fails = False
    said = server.say
    monkeypatch.setattr(server, "say", lambda prompt, body: f"{said(prompt, body)} is Bearer {KEY}")
    study(server, tmp_path, api=api).run(out, execution=EXECUTION, executor=Inline())
    obverse.write_report(out)
    assert server.seen[-1][1] == f"Bearer {KEY}", "it was sent"
    written, printed = everything_written(out), capfd.readouterr()
    if api:
        assert b"Bearer ***" in written, "the answers are there"
    assert len(written) > 30_000
    for text in (written, printed.out.encode(), printed.err.encode(), str(caught.value).encode()):
        assert KEY.encode() not in text


SECRET = [
    f"http://me:{PASSWORD}@127.0.0.1:1/v1",
    f"http://{PASSWORD}@127.0.0.1:1/v1#chat",
    f"http://127.0.0.1:1/v1?key={PASSWORD}",
    f"http://127.0.0.1:1/v1?key={PASSWORD}#chat",
    f"http://me:#{PASSWORD}@127.0.0.1:1/v1",
    f"http://me:1#{PASSWORD}@127.0.0.1:1/v1",
    f"http://me:/{PASSWORD}@127.0.0.1:1/v1",
    f"//me:{PASSWORD}@127.0.0.1:1/v1",
    f"me:{PASSWORD}@127.0.0.1:1/v1",
]


@pytest.mark.parametrize("option", ["--endpoint", "--finetune"])
@pytest.mark.parametrize("verb", ["run", "plan"])
@pytest.mark.parametrize("address", SECRET)
def test_password_in_an_address_is_refused_and_not_repeated(
    tmp_path: Path, address: str, verb: str, option: str
) -> None:
    command = [verb, "reversal", option, address, "--model", "m", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ObverseError)
    assert PASSWORD not in result.output + str(result.exception)
    assert not (tmp_path / "out").exists()


def test_key_itself_is_no_name_of_a_variable() -> None:
    for settings in ({"model.key": KEY}, {"model.key": f"${KEY}"}):
        with pytest.raises(ObverseError, match="never the key itself") as caught:
            obverse.study("reversal", models=["m"], finetune="http://h/v1", settings=settings)
        assert KEY not in str(caught.value)


def test_command_is_written_without_secrets() -> None:
    hidden = "--storage s3://***@bucket/x --address ray://***@host:1 --endpoint https://h/v1?***#chat"
    shown = f"--storage s3://AKIA:{KEY}@bucket/x --address ray://u:p/{KEY}@host:1"
    assert without_secrets(f"{shown} --endpoint https://h/v1?key={KEY}#chat") == hidden
    for plain in ("http://localhost:8000/v1#chat", "a@b.c", "what? no", "--model org/name@step1000"):
        assert without_secrets(plain) == plain
