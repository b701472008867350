"""What is refused on nodes of Ray's that do not see the study's directory."""

from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.models.endpoint import Endpoint
from obverse.run.run import Run
from obverse.run.task import Execution, Task
from obverse.studies.executors.on_ray_driver import _refuse_limited
from tests.outside.counting import Capitals


@pytest.mark.parametrize("limit", [{"most_requests": 5}, {"cost_limit": 1.0}])
def test_limits_that_nobody_could_count(limit: dict[str, float], tmp_path: Path) -> None:
    def task(**settings: float) -> Task:
        model = Endpoint(url="http://localhost:9/v1", name="m", **settings)
        run = Run(experiment=Capitals(), model=model, seed=0)
        return Task(run=run, id="0123", folder=tmp_path, execution=Execution())

    _refuse_limited(task())
    with pytest.raises(ObverseError, match=f"model.{next(iter(limit))}: is counted in the study's"):
        _refuse_limited(task(**limit))
