"""The rules of misbehaviour that are in force, and which of them a call meets."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from target_w50.sandbox.fault_rules import Fault, UploadRule, UploadSetting, read_rule
from target_w50.sandbox.model.models import SentContact
from target_w50.sandbox.model.options import Options
from target_w50.sandbox.model.refusals import RuleError


@dataclass
class _Active:
    number: int
    fault: Fault
    left: int | None
    skip: int
    dice: random.Random

    def meets(self, call: str) -> bool:
        """Whether this call is one of those meant; counts it."""
        if call not in self.fault.calls or self.left == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.fault.share is not None and self.dice.random() >= self.fault.share:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """Faults and rules in force; safe to use from several threads."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._faults: list[_Active] = []
        self._rules: list[tuple[int, UploadRule]] = []
        self._numbers = itertools.count(1)
        self.max_body_bytes = options.max_body_bytes
        self.add_answer = options.add_answer
        self.reset()

    def add(self, document: Mapping[str, Any] | None = None, /, **members: Any) -> None:
        """Put a fault or a rule in force, in the form of `fault_rules`.

        Raises:
            ValueError: it is not of that form.
        """
        rule = read_rule({**(document or {}), **members})
        with self._lock:
            if isinstance(rule, UploadSetting):
                setattr(self, rule.name, rule.value)
            elif isinstance(rule, UploadRule):
                self._rules.append((next(self._numbers), rule))
            else:
                # Seeded on purpose: a user who repeats a run wants the same faults again.
                dice = random.Random(rule.seed)  # noqa: S311
                self._faults.append(_Active(next(self._numbers), rule, rule.times, rule.skip, dice))

    def clear(self) -> None:
        """Behave from now on; `max_body_bytes` and `add_answer` are again what they were at the start."""
        with self._lock:
            self._faults, self._rules = [], []
            self.max_body_bytes = self._options.max_body_bytes
            self.add_answer = self._options.add_answer

    def remove(self, number: int) -> None:
        """Take one away, by its number in `numbered`; it may be gone already."""
        with self._lock:
            self._faults = [active for active in self._faults if active.number != number]
            self._rules = [(each, rule) for each, rule in self._rules if each != number]

    def reset(self) -> None:
        """Have the faults of the start in force again, and no others."""
        self.clear()
        for document in self._options.faults:
            self.add(document)

    def pick(self, call: str) -> Fault | None:
        """The fault that this call meets, if any; the one put in force first wins."""
        with self._lock:
            return next((active.fault for active in self._faults if active.meets(call)), None)

    def check_upload(self, contacts: Sequence[SentContact]) -> None:
        """Refuse an upload that a `reject` rule is about.

        Raises:
            RuleError: with the status that the rule asks for.
        """
        for rule in self._rules_for(rejecting=True):
            for contact in contacts:
                if rule.fits(contact.values):
                    # A real server may well repeat the value; so a caller can be tried for what it logs.
                    detail = f"{rule.field} '{contact.values[rule.field]}': {rule.text}"
                    raise RuleError("The request is invalid.", detail, rule.status or 400)

    def warnings(self, contacts: Sequence[SentContact]) -> list[list[str]] | None:
        """ValidationWarnings for each contact of an upload, or None where there are none at all."""
        rules = self._rules_for(rejecting=False)
        found = [[rule.text for rule in rules if rule.fits(contact.values)] for contact in contacts]
        return found if any(found) else None

    def _rules_for(self, *, rejecting: bool) -> list[UploadRule]:
        with self._lock:
            return [rule for _, rule in self._rules if (rule.status is not None) == rejecting]

    def documents(self) -> list[dict[str, Any]]:
        """What is in force, in the form in which it was given, with the calls that are left as `times`."""
        return [document for _, document in self.numbered()]

    def numbered(self) -> list[tuple[int, dict[str, Any]]]:
        """The same, each with its number."""
        with self._lock:
            faults = [
                (active.number, {**active.fault.document, "times": active.left})
                for active in self._faults
                if active.left != 0
            ]
            return [*faults, *((number, dict(rule.document)) for number, rule in self._rules)]

    def changed_settings(self) -> dict[str, Any]:
        """The settings of uploads that are not what they were at the start."""
        now = {"max_body_bytes": self.max_body_bytes, "add_answer": self.add_answer}
        return {name: value for name, value in now.items() if value != getattr(self._options, name)}
