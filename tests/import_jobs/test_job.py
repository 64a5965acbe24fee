"""An import job's life: each step from the phases that it may come from, and from no other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import SMALL_BYTES, Batch, StoreMemory
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.outbox import BATCH_BYTES, OWN_BYTES
from target_w50.import_jobs.phases import ENDS_FROM, MAY_RUN, NOT_RUN, JobLifeError, Outcome, Phase
from target_w50.runtime.clock import CLOCK
from target_w50.settings.model import entry_from
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import ContactsList, ImportJob
from tests.effort import tries
from tests.support import JSON_FRAME

PACKAGE = Path(__file__).parents[2] / "target_w50"
SEEN = ImportJob(7, 42, 0, 0, 0, None, None, None, 0, 0, 0, 0, 0)

Step = Callable[[LoadJob], object]
STEPS: dict[str, tuple[Step, dict[Phase, Phase]]] = {
    "add": (lambda job: job.add(batch(job)), {each: each for each in NOT_RUN}),
    "count_only": (lambda job: job.count_only(batch(job)), {Phase.WAITING: Phase.WAITING}),
    "close": (lambda job: job.close(), {each: each for each in NOT_RUN}),
    "creating": (lambda job: job.creating(Effort(CLOCK.now())), {Phase.WAITING: Phase.CREATING}),
    "not_created": (lambda job: job.not_created(), {Phase.CREATING: Phase.WAITING}),
    "created": (lambda job: job.created(SEEN), {Phase.CREATING: Phase.FILLING}),
    "batch_leaves": (
        lambda job: job.batch_leaves(),
        {Phase.FILLING: Phase.FILLING, Phase.PROBING: Phase.PROBING},
    ),
    "batch_sent": (
        lambda job: job.batch_sent(under_way(job)),
        {Phase.FILLING: Phase.FILLING, Phase.PROBING: Phase.PROBING},
    ),
    "replace": (
        lambda job: job.replace(under_way(job), [], accepted=True),
        {Phase.FILLING: Phase.FILLING, Phase.PROBING: Phase.PROBING},
    ),
    "probe": (lambda job: job.probe(), {Phase.FILLING: Phase.PROBING}),
    "begin_anew": (
        lambda job: job.begin_anew(after_doubt=True),
        dict.fromkeys((Phase.CREATING, Phase.FILLING, Phase.PROBING), Phase.WAITING),
    ),
    "stood_before_run": (lambda job: job.stood_before_run(SEEN), {Phase.FILLING: Phase.FILLING}),
    "may_run": (lambda job: job.may_run(1.0), {Phase.FILLING: Phase.INTENT}),
    "not_run": (lambda job: job.not_run(), {Phase.INTENT: Phase.FILLING}),
    "doubtful": (lambda job: job.doubtful(2.0), {Phase.INTENT: Phase.DOUBTFUL}),
    "running_seen": (lambda job: job.running_seen(SEEN), dict.fromkeys(MAY_RUN, Phase.RUNNING)),
    "poll_next": (
        lambda job: job.poll_next(3.0),
        {Phase.DOUBTFUL: Phase.DOUBTFUL, Phase.RUNNING: Phase.RUNNING},
    ),
    "end_finished": (lambda job: job.end(Outcome.FINISHED), {Phase.RUNNING: Phase.ENDED}),
    "end_failed": (lambda job: job.end(Outcome.FAILED), {Phase.RUNNING: Phase.ENDED}),
    "end_unknown": (lambda job: job.end(Outcome.UNKNOWN), dict.fromkeys(MAY_RUN, Phase.ENDED)),
    "end_abandoned": (lambda job: job.end(Outcome.ABANDONED), dict.fromkeys(NOT_RUN, Phase.ENDED)),
    "end_created": (lambda job: job.end(Outcome.CREATED), {Phase.FILLING: Phase.ENDED}),
}
"""Each step, and where it leads from each phase that it may come from."""

MADE_FOR_CLOSED = ("may_run",)


def new_job(**options: Any) -> LoadJob:
    counts = StreamCounts("contacts", CLOCK.now())
    entry = entry_from({"stream": "contacts", "contact_list": "42", "custom_events": ["Hello"]})
    mapping = StreamMapping("contacts", entry, ContactsList(42, "N", 0), (), (), ())
    return LoadJob(1, counts, mapping, **options)


def batch(job: LoadJob, contacts: int = 2) -> Batch:
    return job.store.put([b"{}"] * contacts, range(contacts), None, JSON_FRAME)


def under_way(job: LoadJob) -> Batch:
    """The first that W50 has not acknowledged."""
    return next((each for each in job.batches if job._outbox.is_under_way(each)), batch(job))


def send(job: LoadJob) -> None:
    """Have W50 acknowledge the batch at hand."""
    job.batch_sent(job.batch_leaves())


def job_in(phase: Phase, *, closed: bool) -> LoadJob:
    """A job on the shortest way into a phase; before it may run, one of its three batches is at hand."""
    job = new_job()
    job.add(batch(job))
    job.add(batch(job))
    job.add(batch(job))
    if closed or phase not in NOT_RUN:
        job.close()
    if phase is Phase.WAITING:
        return job
    job.creating(Effort(CLOCK.now()))
    if phase is Phase.CREATING:
        return job
    job.created(SEEN)
    job.stood_before_run(SEEN)
    send(job)
    job.batch_leaves()
    if phase is Phase.PROBING:
        job.probe()
    if phase in NOT_RUN:
        return job
    job.batch_sent(under_way(job))
    send(job)
    job.may_run(0.5)
    if phase is Phase.DOUBTFUL:
        job.doubtful(0.75)
    elif phase is not Phase.INTENT:
        job.running_seen(SEEN)
    if phase is Phase.ENDED:
        job.end(Outcome.FINISHED)
    return job


def picture(job: LoadJob) -> dict[str, object]:
    """All that a step could change."""
    members = {name: value for name, value in vars(job).items() if name not in ("_lock", "_store")}
    return {**members, "_outbox": deepcopy(vars(job._outbox), memo={id(each): each for each in job.batches})}


@pytest.fixture
def made() -> Iterator[Callable[..., LoadJob]]:
    jobs: list[LoadJob] = []

    def make(phase: Phase, *, closed: bool = False) -> LoadJob:
        jobs.append(job_in(phase, closed=closed))
        return jobs[-1]

    yield make
    for job in jobs:
        job.store.close()


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_taken_from_its_own_phases_alone(
    made: Callable[..., LoadJob], name: str, phase: Phase
) -> None:
    """And where it is refused, nothing of the job has changed."""
    step, leads_to = STEPS[name]
    job = made(phase, closed=name in MADE_FOR_CLOSED)
    if name in MADE_FOR_CLOSED and phase is Phase.FILLING:
        job.batch_sent(under_way(job))
        send(job)
    before = picture(job)
    if phase in leads_to:
        step(job)
        assert job.phase is leads_to[phase]
    else:
        with pytest.raises(JobLifeError, match=f"in phase {phase.value}"):
            step(job)
        assert picture(job) == before


def test_the_table_has_every_step_that_a_job_can_take() -> None:
    reading = {"log_fields"}
    methods = {
        name for name, each in vars(LoadJob).items() if callable(each) and not name.startswith("_")
    } - reading
    assert methods == {"end" if name.startswith("end_") else name for name in STEPS}
    assert set(ENDS_FROM) == set(Outcome)


def test_nothing_is_added_to_a_closed_job_and_it_is_closed_once(made: Callable[..., LoadJob]) -> None:
    for step in (STEPS["add"][0], STEPS["count_only"][0], STEPS["close"][0]):
        with pytest.raises(JobLifeError, match="closed"):
            step(made(Phase.WAITING, closed=True))


def test_a_job_that_is_not_whole_at_w50_may_not_run(made: Callable[..., LoadJob]) -> None:
    """Else a state would let contacts pass that W50 never got."""
    still_open = made(Phase.FILLING)
    still_open.batch_sent(under_way(still_open))
    send(still_open)
    with pytest.raises(JobLifeError, match="before it is closed"):
        still_open.may_run(0.0)
    with pytest.raises(JobLifeError, match="before all batches are sent"):
        made(Phase.FILLING, closed=True).may_run(0.0)


def test_a_job_whose_status_was_not_read_may_not_run() -> None:
    """A doubtful `run` is judged by what has changed since."""
    job = new_job()
    job.close()
    job.creating(Effort(CLOCK.now()))
    job.created(SEEN)
    with pytest.raises(JobLifeError, match="before its status was read"):
        job.may_run(0.0)
    job.store.close()


def test_contacts_that_a_replacement_lacks_are_set_aside(made: Callable[..., LoadJob]) -> None:
    job = made(Phase.PROBING)
    job.replace(under_way(job), [batch(job, 1)], accepted=True)
    assert (job.contacts, job.sent, job.under_way) == (5, 2, 0)
    job = made(Phase.FILLING)
    halves = [batch(job, 1), batch(job, 1)]
    job.replace(under_way(job), halves, accepted=False)
    assert (job.contacts, job.sent, len(job.batches), job.at_hand) == (6, 1, 4, halves[0])
    with pytest.raises(JobLifeError, match="by more contacts"):
        job.replace(job.batch_leaves(), [batch(job, 2)], accepted=False)


def test_only_a_batch_under_way_is_replaced_and_what_was_set_aside_adds_up() -> None:
    job = new_job()
    for _ in range(3):
        job.add(batch(job))
    job.creating(Effort(CLOCK.now()))
    job.created(SEEN)
    for _ in range(2):
        job.replace(job.batch_leaves(), [batch(job, 1)], accepted=True)
    assert [each.count for each in job.batches] == [1, 1, 2]
    assert (job.contacts, job.sent) == (4, 2)
    job.store.close()


def test_there_is_no_batch_to_send_behind_the_last_and_none_to_acknowledge_or_replace_twice() -> None:
    job = job_in(Phase.FILLING, closed=True)
    job.batch_sent(under_way(job))
    send(job)
    with pytest.raises(JobLifeError, match="sends a batch that it lacks"):
        job.batch_leaves()
    for one in job.batches:
        with pytest.raises(JobLifeError, match="acknowledged that is not under way"):
            job.batch_sent(one)
        with pytest.raises(JobLifeError, match="replaced that is not under way"):
            job.replace(one, [], accepted=True)
    job.store.close()


def test_every_job_that_is_given_up_for_a_lost_answer_counts() -> None:
    """After three the run ends."""
    job = new_job()
    for after_doubt in (True, True, False):
        job.creating(Effort(CLOCK.now()))
        job.begin_anew(after_doubt=after_doubt)
    assert job.rebuilds == 2
    job.store.close()


def test_what_is_only_counted_adds_up() -> None:
    job = new_job()
    for contacts in (2, 3):
        job.count_only(batch(job, contacts))
    assert job.contacts == 5
    job.store.close()


def test_a_job_is_told_by_what_it_was_made_of() -> None:
    counts = StreamCounts("contacts", CLOCK.now())
    entry = entry_from({"stream": "contacts", "contact_list": "42", "custom_events": ["Hello"]})
    mapping = StreamMapping("contacts", entry, ContactsList(42, "N", 0), (), (), ())
    job = LoadJob(3, counts, mapping)
    assert (job.number, job.counts, job.mapping, job.closed) == (3, counts, mapping, False)
    assert (job.effort, job.custom_events) == (None, ("Hello",))
    assert job.name == "an import job without an id as yet of contact list 42 (stream 'contacts')"
    about = {"stream_name": "contacts", "contact_list_id": 42, "run_id": "a-run"}
    assert job.log_fields("a-run") == {**about, "import_job_id": None}
    job.creating(Effort(CLOCK.now()))
    job.created(SEEN)
    assert job.log_fields("a-run") == {**about, "import_job_id": 7}
    job.store.close()


def test_a_job_keeps_the_schemas_of_its_records_and_whether_it_fires_events() -> None:
    schemas = {"people": SchemaLine(b"{}")}
    for options, kept, events in (
        ({}, {}, ("Hello",)),
        ({"schemas": schemas, "suppressed_events": True}, schemas, ()),
    ):
        job = new_job(**options)
        assert (job.schemas, job.custom_events) == (kept, events)
        job.store.close()


def test_jobs_share_the_memory_that_they_are_given() -> None:
    memory = StoreMemory()
    job = new_job(memory=memory)
    job.store.put([b" " * SMALL_BYTES, b" "], [1, 2], None, JSON_FRAME)
    assert memory.used_bytes == SMALL_BYTES + len("[, ]")
    job.store.close()


def test_what_waits_for_w50_is_what_it_has_not_acknowledged_and_what_it_costs_to_keep() -> None:
    job = new_job()
    assert job.waiting_bytes == OWN_BYTES
    for contacts in (1, 2):
        job.add(batch(job, contacts))
    assert job.waiting_bytes == OWN_BYTES + 2 * BATCH_BYTES + len("[{}]") + len("[{},{}]")
    job.creating(Effort(CLOCK.now()))
    job.created(SEEN)
    first = job.batch_leaves()
    assert job.waiting_bytes == OWN_BYTES + 2 * BATCH_BYTES + len("[{}]") + len("[{},{}]"), (
        "it is only on its way"
    )
    job.batch_sent(first)
    assert job.waiting_bytes == OWN_BYTES + BATCH_BYTES + len("[{},{}]")
    job.store.close()


def test_the_moments_of_a_run_are_kept_and_none_is_told_before() -> None:
    job = job_in(Phase.FILLING, closed=True)
    assert (job.run_at, job.doubtful_at, job.next_poll_at) == (0, 0, 0)
    job.store.close()
    job = job_in(Phase.DOUBTFUL, closed=True)
    job.poll_next(4.5)
    assert (job.run_at, job.doubtful_at, job.next_poll_at) == (0.5, 0.75, 4.5)
    job.store.close()


def test_batches_under_way_are_acknowledged_in_any_order(made: Callable[..., LoadJob]) -> None:
    job = made(Phase.FILLING, closed=True)
    second, third = under_way(job), job.batch_leaves()
    assert (job.at_hand, job.under_way, job.sent) == (None, 2, 1)
    job.batch_sent(third)
    with pytest.raises(JobLifeError, match="before all batches are sent"):
        job.may_run(0.0)
    job.batch_sent(second)
    job.may_run(0.0)
    assert (job.under_way, job.sent) == (0, 3)


def test_a_job_begun_anew_sends_every_batch_again(made: Callable[..., LoadJob]) -> None:
    job = made(Phase.FILLING)
    job.begin_anew(after_doubt=True)
    assert (job.w50_job, job.effort, job.sent, job.rebuilds, job.contacts) == (None, None, 0, 1, 6)
    assert (job.under_way, job.waiting_bytes) == (0, OWN_BYTES + 3 * (BATCH_BYTES + len("[{},{}]")))
    assert job.at_hand is job.batches[0]
    with pytest.raises(JobLifeError, match="has no id"):
        _ = job.w50_id


class JobLife(RuleBasedStateMachine):
    """Any steps in any order: those that the phase does not allow change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.job = new_job()
        self.ended: Outcome | None = None
        self.acknowledged = 0
        self.runs = 0

    @rule(name=st.sampled_from(sorted(STEPS)))
    def step(self, name: str) -> None:
        job, (step, leads_to) = self.job, STEPS[name]
        before, phase = picture(job), job.phase
        try:
            step(job)
        except JobLifeError:
            assert picture(job) == before
            return
        assert job.phase is leads_to[phase]
        self.runs += name == "may_run"
        if name == "not_run":
            self.runs -= 1

    @precondition(lambda self: self.job.at_hand is not None and self.job.phase is Phase.FILLING)
    @rule()
    def send_all(self) -> None:
        while self.job.under_way:
            self.job.batch_sent(under_way(self.job))
        while self.job.at_hand is not None:
            send(self.job)

    @precondition(lambda self: self.job.phase is Phase.FILLING and self.job.at_hand is None)
    @rule()
    def run(self) -> None:
        self.job.stood_before_run(SEEN)
        if self.job.closed:
            self.job.may_run(0.0)
            self.runs += 1

    @invariant()
    def holds(self) -> None:
        job = self.job
        assert 0 <= job.sent <= len(job.batches)
        assert (job.outcome is None) == (job.phase is not Phase.ENDED)
        assert self.runs <= 1
        if job.runs or job.outcome in (Outcome.FINISHED, Outcome.FAILED, Outcome.UNKNOWN):
            assert job.closed
            assert job.at_hand is None
            assert job.w50_job is not None
        if self.ended is not None:
            assert job.outcome is self.ended
        self.ended = job.outcome

    def teardown(self) -> None:
        self.job.store.close()


JobLife.TestCase.settings = hypothesis_settings(max_examples=tries(60), stateful_step_count=40, deadline=None)
TestJobLife = JobLife.TestCase


def assigned_attributes(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Each attribute of a plain name that is assigned or deleted: the name, the attribute, the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            yield name, node.attr, node.lineno


def test_no_other_module_assigns_an_attribute_of_a_job() -> None:
    job = new_job()
    own = {name for name in (*vars(job), *vars(LoadJob)) if not name.startswith("__")}
    job.store.close()
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}.{attribute}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parts[-2:] != ("import_jobs", "job.py") and "sandbox" not in path.parts
        for name, attribute, line in assigned_attributes(ast.parse(path.read_text(encoding="utf-8")))
        if attribute in own and name in ("job", "_job", "head", "following", "load_job", "made", "at_hand")
    ]
    assert not found


def test_what_changes_of_a_job_can_only_be_read_from_outside() -> None:
    """The rest is decided when it is made, which the type checker holds (`Final`)."""
    job = new_job()
    decided = {"number", "counts", "mapping", "stream", "list_id"}
    decided |= {"schemas", "suppressed_events", "suspects"}
    assert {name for name in vars(job) if not name.startswith("_")} == decided
    with pytest.raises(AttributeError):
        job.phase = Phase.ENDED  # type: ignore[misc]
    job.store.close()
