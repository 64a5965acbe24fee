"""The report as JSON, for programs."""

from __future__ import annotations

from typing import Any

from target_w50.report.needs import Needs
from target_w50.report.standing import ListStanding, Standing


def document(standing: Standing) -> dict[str, Any]:
    """All of it, in the order of the page."""
    report = standing.report
    answer = standing.answer
    return {
        "made_at": standing.now.isoformat(),
        "last_run": {
            "run_id": answer.run.run_id,
            "tone": answer.tone.value,
            "line": answer.line,
            "rejections": answer.beside,
            "error": answer.happened,
            "what_to_do": answer.todo,
        },
        "contact_lists": [_list(each, standing) for each in standing.lists],
        "needs": [
            {
                "title": each.title,
                "words": each.words,
                "what_to_do": each.todo,
                "at": each.at.isoformat(),
                "tone": each.tone.value,
            }
            for each in Needs(standing).items
        ],
        "troubled_jobs": [{"run_id": run.run_id, **job} for run, job in report.troubled],
        "runs": [
            {
                "run_id": run.run_id,
                "started_at": run.started_at.isoformat(),
                "ended_at": run.ended_at.isoformat(),
                "seconds": round(run.seconds, 3),
                "exit_status": run.end["exit_status"] if run.end else None,
                "error_code": run.end["error_code"] if run.end else None,
                "dry_run": run.is_dry,
                **run.figures,
            }
            for run in reversed(report.runs)
        ],
        "lists": [
            {
                "contact_list": each.name,
                "inserted": each.inserted,
                "updated": each.updated,
                "rejected": each.rejected,
                "invalid": each.invalid,
            }
            for each in report.lists()
        ],
    }


def _list(each: ListStanding, standing: Standing) -> dict[str, Any]:
    return {
        "contact_list_id": each.id,
        "contact_list_name": each.name,
        "loaded_at": None if each.loaded_at is None else each.loaded_at.isoformat(),
        "contacts_sent": each.loaded,
        "nothing_to_send_at": None
        if each.nothing_to_send_at is None
        else each.nothing_to_send_at.isoformat(),
        "trouble": each.trouble,
        "overdue": each.is_overdue(standing.now),
    }
