"""What to do about a run that did not end well: by its error code, and by what its `rerun` says."""

from __future__ import annotations

from target_w50.report.advice_by_code import ADVICE
from target_w50.report.reading import Record
from target_w50.report.runs import ReportedRun

_BY_STATUS = {
    2: "Mend the settings, the mapping or the input, as it says.",
    3: "See what W50 refuses: the credentials, their rights, the list or a field.",
    4: "See whether W50 can be reached.",
    5: "Look at the import job in W50.",
    6: "See why so many. Raise the limit only if that is right.",
    7: "Wait until the other run has ended.",
}
"""By exit status, for a code of another version."""


def what_to_do(run: ReportedRun) -> str:
    """What to do about it, in a sentence or two; the run did not end well."""
    if run.end is None:
        return "See in its log why it ended, and run it again."
    advice = ADVICE.get(run.end["error_code"])
    if advice is None:
        advice = _BY_STATUS.get(run.end["exit_status"], "")
    return f"{advice} {_then(run.end, run_again='Then run again' if advice else 'Run again')}".strip()


def _then(end: Record, *, run_again: str) -> str:
    jobs = [str(each) for each in end["rerun_import_job_ids"]]
    named = f"import job{'s' if len(jobs) > 1 else ''} {', '.join(jobs[:5])}" if jobs else "the job"
    if end["rerun"] == "wait":
        return f"{run_again}: that run waits for {named} first (with `journal: none`, wait yourself)."
    if end["rerun"] == "may_repeat_events":
        return f"Look at {named} in W50 before you run again: custom events may fire a second time."
    if end["rerun"] == "resolve":
        job = jobs[0] if jobs else "JOB"
        return (
            f"Say what became of {named} (`w50 journal show {job}`, `w50 journal resolve {job}`), "
            "and run again."
        )
    return f"{run_again}: that is safe."


def about_job(run: ReportedRun, job: Record) -> str:
    """What to do about an import job that failed or is unknown."""
    number, list_id = job["import_job_id"], job["contact_list_id"]
    if job["outcome"] == "unknown" and run.end is not None and run.end["rerun"] == "resolve":
        return f"`w50 journal show {number}`, then `w50 journal resolve {number} --list {list_id}`"
    if run.is_waited_for(job):
        return "Run again: that run waits for it first (with `journal: none`, wait yourself)."
    return f"Look at it: `w50 job {list_id} {number}`"
