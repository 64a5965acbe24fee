"""What must hold whatever befalls a run: its states, its end, its quarantine, and what W50 holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from target_w50.sandbox import Sandbox
from tests.chaos.outputs import Outputs
from tests.chaos.scenario import FIELD_OF, Scenario

QUARANTINE = "quarantine.jsonl"
Contacts = dict[tuple[int, str], dict[str, Any]]
"""Values by contact list and e-mail address."""


class Promises:
    """Judges a scenario; what is broken is told to `violated`."""

    def __init__(
        self, scenario: Scenario, sandbox: Sandbox, outputs: Outputs, violated: Callable[[str], None]
    ) -> None:
        self._scenario = scenario
        self._sandbox = sandbox
        self._outputs = outputs
        self._violated = violated

    def held(self) -> Contacts:
        """W50's contacts, at this moment."""
        # The inspection call shows everything, and takes its time.
        store = self._sandbox._store
        with store.lock:
            store.advance()
            return {
                (list_.id, contact.values["Email"]): dict(contact.values)
                for list_ in store.lists.values()
                for contact in list_.contacts.values()
            }

    def check_covered(self, place: int, held: Contacts, *, values: bool) -> None:
        """Each contact of the records before the place has the value of the last of them, or a later one.

        One that W50 refuses is in quarantine instead. Without `values` it is enough that it is there.
        """
        aside = self._places_in_quarantine() if self._scenario.refuses else set()
        for each in self._scenario.records[:place]:
            key = (self._scenario.list_of(each.stream), each.values["email"])
            if each.refused:
                kept = each.place in aside
            else:
                kept = key in held and (not values or held[key]["CustomerId"] >= each.place)
            if not kept:
                where = "quarantine" if each.refused else "W50"
                self._violated(f"state {place} was written, and record {each.place} is not in {where}")
                return

    def check_the_end(self, status: int, stderr: str, metrics: str) -> None:
        """The last line and the record of the run say how it ended; `metrics` is its output's name."""
        last = stderr.rstrip("\n").rpartition("\n")[2]
        if f"[exit_status={status} error_code=" not in last:
            self._violated(f"the last line says nothing of status {status}: {last[:300]}")
        found = self._outputs.lines(metrics)
        # Loading a store's driver and asking it may take longer than the five seconds that a stopped run has.
        may_lack = self._outputs.may_lack_the_end or (status > 128 and self._outputs.are_at_urls)
        if found is None:
            if not may_lack:
                self._violated(f"no metrics of status {status}: {stderr[-600:]}")
            return
        written = [json.loads(line) for line in found]
        runs = [
            each["record"] for each in written if each["type"] == "RECORD" and each["stream"] == "w50_runs"
        ]
        statuses = [each["exit_status"] for each in runs]
        if statuses != [status] and not (may_lack and not statuses):
            self._violated(f"w50_runs does not have status {status} once")

    def check_nothing_ran_after(self, date: str) -> None:
        """No job was run later than that, by the sandbox's clock."""
        for entry in self._sandbox._routes.log.newest(200):
            if entry.call == "run" and entry.date > date:
                self._violated(f"a job was run after the signal: {entry.path}")

    def check_what_w50_holds(self) -> list[dict[str, Any]]:
        """Nothing is lost, no job was run twice, no contact is twice in a job; gives the jobs."""
        jobs: list[dict[str, Any]] = self._sandbox.contents()["Jobs"]
        for job in jobs:
            if job["Runs"] > 1:
                self._violated(f"job {job['Id']} was run {job['Runs']} times")
            emails = Counter(
                contact["Values"]["Email"] for batch in job["Batches"] for contact in batch["Contacts"]
            )
            if job["Runs"] and max(emails.values()) > 1:
                self._violated(f"job {job['Id']} ran with a contact twice")
        if self._expected() != self.held():
            self._violated("W50 does not hold every contact with its last values")
        return jobs

    def _expected(self) -> Contacts:
        expected: Contacts = {
            (list_.id, contact.values["Email"]): dict(contact.values)
            for list_ in self._scenario.held_before.values()
            for contact in list_.contacts.values()
        }
        for each in self._scenario.records:
            if not each.refused:
                key = (self._scenario.list_of(each.stream), each.values["email"])
                values = {FIELD_OF[name]: value for name, value in each.values.items()}
                expected.setdefault(key, {}).update(values)
        return expected

    def check_quarantine(self) -> None:
        """It holds the records that W50 refuses and no others, each under a SCHEMA that it fits."""
        if not self._scenario.refuses:
            return
        refused = {each.place for each in self._scenario.records if each.refused}
        if self._places_in_quarantine() != refused:
            self._violated("quarantine does not hold the records that W50 refuses, and no others")
        schemas: dict[str, dict[str, Any]] = {}
        for each in self._quarantined():
            if each["type"] == "SCHEMA":
                schemas[each["stream"]] = each["schema"]["properties"]
            elif each["record"].keys() != schemas[each["stream"]].keys():
                self._violated(f"a record in quarantine is under another's SCHEMA: {each}")
                return

    def _places_in_quarantine(self) -> set[int]:
        return {each["record"]["customer_id"] for each in self._quarantined() if each["type"] == "RECORD"}

    def _quarantined(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._outputs.lines(QUARANTINE) or ()]
