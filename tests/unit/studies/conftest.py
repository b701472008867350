"""Finished studies that several tests read."""

import pytest

import obverse
from tests.outside.counting import Capitals, Compared, TableSpec
from tests.outside.inline import Inline
from tests.unit.studies.test_result import EXECUTION, run


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> obverse.Result:
    made = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    return made.run(tmp_path_factory.mktemp("grid"), execution=EXECUTION, executor=Inline())


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> obverse.Result:
    return run(tmp_path_factory.mktemp("variants"), Compared, seeds=2)
