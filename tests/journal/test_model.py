"""The journal's protocol, searched for holes: every order of steps, crashes, pauses and late requests."""

from __future__ import annotations

import pytest

from tests.journal.model import Rules, search


def test_no_order_of_crashes_pauses_and_late_requests_mails_twice_or_tells_what_is_not_delivered() -> None:
    found = search(Rules())
    assert not found.broken, found.way
    assert found.worlds > 10_000, "a search that looks at few worlds proves nothing"


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(Rules(intent_first=False), id="marking after sending"),
        pytest.param(Rules(epoch=False, lease=False), id="neither epoch nor lease"),
        pytest.param(Rules(asks=False), id="what is open is not asked for"),
        pytest.param(Rules(stops=False), id="what is not known does not stop"),
    ],
)
def test_the_search_finds_what_a_mistake_in_the_protocol_does(mistake: Rules) -> None:
    assert search(mistake).broken == "the contact had two mails"


def test_a_state_that_does_not_wait_for_w50_is_found() -> None:
    assert search(Rules(waits=False)).broken == "a state was printed, and the contact was not delivered"


def test_the_lease_is_politeness_and_the_epoch_alone_is_enough() -> None:
    assert not search(Rules(lease=False)).broken
