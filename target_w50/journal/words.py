"""How a person is asked about an import job: the commands just as they work."""

from __future__ import annotations


def what_to_say(job_id: int, list_id: int, *, has_events: bool, may_be_not_run: bool) -> str:
    """The commands, and what each of their choices leads to, as sentences.

    Args:
        job_id: W50's.
        list_id: its contact list.
        has_events: whether running it fires custom events.
        may_be_not_run: whether W50's status leaves it open that it was not run.
    """
    job = f"{job_id} --list {list_id}"
    choices = ["`--as ran` (the next run does not send its contacts again)"]
    if not has_events:
        choices.append("`--as not-run` (the next run sends its contacts again)")
    else:
        if may_be_not_run:
            choices.append("`--as not-run` (it sends them again, and their events fire)")
        choices.append("`--as not-run --without-events` (it sends them again, without their events)")
    return (
        f"Look at it with `w50 journal show {job}` and in W50 itself (a contact, a mail), then say what "
        f"became of it: `w50 journal resolve {job} --reason TEXT` with {', or '.join(choices)}; both "
        "commands take this run's `--config`."
    )
