"""Models that a service finetunes: trained through its jobs, asked through its endpoints."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai

from obverse.core.abilities import Point, Watch
from obverse.core.bill import Bill
from obverse.core.content import content_hash
from obverse.core.errors import ObverseError
from obverse.core.stage import Timetable, Training
from obverse.core.strict_json import parse
from obverse.models import jobs
from obverse.models.finetuning_file import written
from obverse.models.hosted import Hosted, refuse_cost
from obverse.models.jobs import Service
from obverse.models.ledger import Ledger
from obverse.models.order import Order
from obverse.models.remote import RemoteModel
from obverse.models.served import ChatModel, CompletionsModel

READY = 60  # looks at a model that was just made, before one gives up
SEEDS = 2**31  # that the API takes


class FinetunedModel:
    """A model of a service: the one to begin with, then what its jobs make of it.

    It fulfils `Generates`, `Trains` and `Closes`. Everything is kept under `folder`, from where an
    interrupted run goes on; requests are counted in `counted`.
    """

    kind: type[RemoteModel]

    def __init__(self, spec: Hosted, folder: Path, counted: Path) -> None:
        self.spec, self.folder, self.counted = spec, folder, counted
        self._asked = self._called(spec.name)

    @property
    def parameters(self) -> int | None:
        return self.spec.parameters

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return self._asked.generate(prompts, max_new_tokens)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._asked.count_tokens(texts)

    def close(self) -> None:
        self._asked.close()

    def save(self, folder: Path) -> None:
        """Write down which of the service's models this is."""
        folder.mkdir(parents=True)
        about = {"model": self._asked.spec.name}
        (folder / "hosted.json").write_text(json.dumps(about), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        path = folder / "hosted.json"
        about = parse(path.read_text(encoding="utf-8"), path)
        if not isinstance(about, dict) or not isinstance(about.get("model"), str):
            raise ObverseError(f"{path}: expected an object with the text 'model'")
        self._become(about["model"])

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        """Have the service train the model; what it has done already is not asked for again.

        Measured are the start, the end, and those epochs between of which the service kept the model.

        Returns:
            `steps` and `tokens`, and what the service says of the job.

        Raises:
            ObverseError: if documents or costs are refused, the service is not reached, or the job ends
                otherwise than well.
        """
        table = self._timetable(training)
        stops = set(watch.stops(table))
        order = self._order(training, seed)
        if self.spec.ask_base:
            self._asked.try_out()  # what cannot be asked afterwards is not paid for
            if 0 in stops:
                watch.at(Point(step=0, epoch=0, tokens=0, last=False))
        job = self._carry_out(order, training, folder, table, watch)
        for step, name in self._kept_along(job.id, table, stops):
            self._become(name)
            tokens, epoch = table.tokens[step], table.epochs_at(step)
            watch.at(Point(step=step, epoch=epoch, tokens=tokens, last=False))
        self._become(job.fine_tuned_model)
        counted = _counted(job)
        tokens = table.tokens[-1] if counted is None else counted
        if table.steps in stops:
            epochs = training.recipe.epochs
            watch.at(Point(step=table.steps, epoch=epochs, tokens=tokens, last=True))
        return {
            "steps": table.steps,
            "tokens": tokens,
            "tokens_counted": counted is not None,
            "job": job.id,
            "file": job.training_file,
            "began_with": order.model,
            "model": job.fine_tuned_model,
            "hyperparameters": _as_json(getattr(job, "hyperparameters", None)),
            "cost": _cost(tokens, self.spec.training_price),
        }

    def _carry_out(
        self, order: Order, training: Training, folder: Path, table: Timetable, watch: Watch
    ) -> Any:
        """Start the job unless it is there, wait for it, and return it."""
        ledger = Ledger(folder / "job.json", order.key)
        with self._told():
            service = Service(self._asked.client, self.spec.poll, self._asked.redacted)
            if ledger["job"] is None:
                tokens = self.spec.tokens(training)
                cost = _cost(tokens, self.spec.training_price)
                refuse_cost(Bill(trained=tokens, training=cost, limit=self.spec.cost_limit), order.model)
                ledger.note(cost=str(cost))  # until the service says
            job = service.wait(service.job_of(order, ledger), _heard(watch, table.steps))
        charged = _cost(_counted(job) or table.tokens[-1], self.spec.training_price)
        ledger.note(status=job.status, model=job.fine_tuned_model, cost=str(charged))
        if job.status != "succeeded" or not job.fine_tuned_model:
            how = HOW.get(job.status, job.status)
            why = f": {job.error.message}" if job.error and job.error.message else ""
            raise ObverseError(
                self._asked.redacted(f"{self.spec.name}: the job {job.id} {how}{why}. ")
                + "It is not started again by itself: "
                + f"--set model.attempt={self.spec.attempt + 1} starts another"
            )
        return job

    def _order(self, training: Training, seed: int) -> Order:
        recipe = training.recipe
        return Order(
            url=self.spec.url,
            model=self._asked.spec.name,
            content=written(training.documents, self.spec.api, recipe.loss_on),
            epochs=recipe.epochs,
            batch_size=min(recipe.batch_size, len(training.documents)),
            learning_rate_multiplier=self.spec.learning_rate_multiplier,
            seed=seed % SEEDS,
            suffix=self.spec.suffix,
            attempt=self.spec.attempt,
        )

    def _timetable(self, training: Training) -> Timetable:
        """Return the steps by documents and batch size; tokens are an estimate, spread evenly."""
        recipe, told = training.recipe, training.documents
        ends = recipe.epoch_ends(len(told))
        total = self.spec.tokens(training)
        tokens = tuple(total * step // ends[-1] for step in range(ends[-1] + 1))
        return Timetable(steps=ends[-1], epoch_ends=tuple(ends), tokens=tokens)

    def _kept_along(self, job: str, table: Timetable, stops: set[int]) -> list[tuple[int, str]]:
        """Return the epochs' ends between start and end that are wanted and whose models were kept."""
        if not stops - {0, table.steps}:
            return []
        with self._told():
            kept = Service(self._asked.client, self.spec.poll, self._asked.redacted).checkpoints(job)
        epochs = len(table.epoch_ends)
        found = []
        for step, name in kept:
            # Steps as the service counts them, of which the last ends the last epoch.
            epoch = step * epochs / kept[-1][0] if kept[-1][0] else 0.0
            end = table.epoch_ends[round(epoch) - 1] if round(epoch) else 0
            if abs(epoch - round(epoch)) < 0.1 and end in stops and 0 < end < table.steps:
                found.append((end, name))
        return found

    def _become(self, name: str) -> None:
        """Ask another of the service's models from now on, once it answers."""
        if name == self._asked.spec.name:
            return
        self._asked.close()
        self._asked = self._called(name)
        for _ in range(READY):
            if self._asked.is_there():
                return
            jobs.sleep(self.spec.poll)
        raise ObverseError(
            f"{self.spec.url}: the model {name} was made and does not answer yet; try again later by the "
            "same command, which goes on"
        )

    def _called(self, name: str) -> RemoteModel:
        spec = self.spec.model_copy(update={"name": name})
        answers = self.folder / f"answers-{content_hash(name)[:16]}.jsonl"
        return self.kind(spec, answers, self.counted)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the client raises into a message without the key."""
        try:
            yield
        except openai.OpenAIError as error:
            message = self._asked.redacted(f"{self.spec.url}, model {self.spec.name}: {error}")
            raise ObverseError(message) from None
        except jobs.ODD as error:
            message = f"{self.spec.url}, model {self.spec.name}: {jobs.NO_ANSWER} ({error})"
            raise ObverseError(self._asked.redacted(message)) from error


class FinetunedChat(FinetunedModel):
    """A finetuned model behind a chat endpoint, which gives answers and no log-probabilities."""

    kind = ChatModel


class FinetunedCompletions(FinetunedModel):
    """A finetuned model behind a completions endpoint (fulfils `Scores` as well)."""

    kind = CompletionsModel

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        assert isinstance(self._asked, CompletionsModel)
        return self._asked.logprobs(prompts, continuations)


def _as_json(told: Any) -> Any:
    """Return what a service says of a job's hyperparameters, None if that is no JSON."""
    try:
        plain = told.model_dump(mode="json") if isinstance(told, openai.BaseModel) else told
        json.dumps(plain, allow_nan=False)
    except jobs.ODD:
        return None
    return plain


def _counted(job: Any) -> int | None:
    """Return the tokens that a service says it has trained on, where it says any."""
    told = getattr(job, "trained_tokens", None)
    return told if type(told) is int and told > 0 else None


def _cost(tokens: int, price: float | None) -> float | None:
    return None if price is None else tokens * price / 1e6


HOW = {"failed": "has failed", "cancelled": "was cancelled"}


def _heard(watch: Watch, steps: int) -> Callable[[Any], None]:
    """Return what hears a job's events: progress and losses, where they tell any.

    They are only shown: what is odd about them must not fail a training that is paid.
    """

    def hear(event: Any) -> None:
        data = getattr(event, "data", None)
        data = data if isinstance(data, dict) else {}
        step, total, loss = (data.get(key) for key in ("step", "total_steps", "train_loss"))
        if type(step) is not int:
            return
        of_ours = round(step * steps / total) if type(total) is int and total > 0 else step
        of_ours = max(0, min(of_ours, steps))
        watch.on_step(of_ours, steps)
        if isinstance(loss, int | float) and math.isfinite(loss):
            watch.on_loss(of_ours, float(loss))

    return hear
