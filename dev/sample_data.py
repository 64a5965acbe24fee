"""Writes `sample_data/`: about 300 made-up contacts, as Singer messages and as JSON lines.

Run as `python -m dev.sample_data`; the same files come out each time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from dev.sample_people import COUNTRIES, Country

CONTACT_COUNT = 300
RECORDS_PER_STATE = 60
UPDATED_CONTACT = 17
"""Customer number of the contact that comes again, moved and with another plan, near the end."""

INVALID_EMAILS = {
    23: "no-at-sign.example.com",
    91: "double..dot@example.org",
    158: "spa ce@example.net",
    244: "@",
}
"""By customer number; W50 is expected to refuse them."""

INVALID_PHONES = {40: "+1 555", 119: "call me", 203: "0049", 266: "+999123456789"}

WITHOUT_LAST_NAME = {7, 64, 130, 255}
TAGS = ("newsletter", "vip", "beta", "webinar 2024", "Frühling", "ещё", "早割")
SOURCES = ("shop", "fair", "referral", "import")
DOMAINS = ("example.com", "example.org", "example.net")
NUMBERS_ABROAD = [number for country in COUNTRIES[:3] for number in country.phones]
START = datetime(2024, 1, 8, 6, 30, tzinfo=timezone.utc)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "customer_id": {"type": "integer"},
        "email": {"type": ["string", "null"]},
        "first_name": {"type": ["string", "null"]},
        "last_name": {"type": ["string", "null"]},
        "phone": {"type": ["string", "null"]},
        "country": {"type": ["string", "null"]},
        "city": {"type": ["string", "null"]},
        "address": {
            "type": ["object", "null"],
            "properties": {
                "street": {"type": "string"},
                "postal_code": {"type": "string"},
                "delivery": {
                    "type": "object",
                    "properties": {"floor": {"type": "integer"}, "note": {"type": ["string", "null"]}},
                },
            },
        },
        "company": {"type": ["string", "null"]},
        "language": {"type": ["string", "null"]},
        "plan": {"type": ["string", "null"]},
        "tags": {"type": ["array", "null"], "items": {"type": "string"}},
        "lifetime_value": {"type": ["number", "null"]},
        "birthdate": {"type": ["string", "null"], "format": "date"},
        "opt_in": {"type": ["boolean", "null"]},
        "unsubscribed": {"type": ["boolean", "null"]},
        "signup_source": {"type": ["string", "null"]},
        "created_at": {"type": ["string", "null"], "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}

Item = TypeVar("Item")


class Dice:
    """Picks by `random.Random.random` alone, whose sequence is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made-up people, no secrets

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(self._random.random() * len(items))]

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def happens(self, percent: int) -> bool:
        """Whether something that happens so often happens now."""
        return self.below(100) < percent


def _phone(dice: Dice, country: Country, given_out: set[str]) -> str | None:
    """A number that nobody in the data has yet, abroad if the country has none left, or None."""
    if dice.happens(10):
        return None
    for template in (dice.pick(country.phones), dice.pick(NUMBERS_ABROAD)):
        number = "".join(str(dice.below(10)) if character == "#" else character for character in template)
        if country.code == "SE" and template in country.phones:  # kept free there: 070-174 06 05 to 99
            number = number[:-2] + f"{5 + dice.below(95):02d}"
        if number not in given_out:
            given_out.add(number)
            return number
    return None


def _email(dice: Dice, names: tuple[str, str], given_out: set[str]) -> str:
    base = ".".join(name for name in names if name)
    domain = dice.pick(DOMAINS)
    email = f"{base}@{domain}"
    suffix = 2
    while email in given_out:
        email = f"{base}{suffix}@{domain}"
        suffix += 1
    given_out.add(email)
    return email


def _address(dice: Dice, street: str, postal_code: str) -> dict[str, Any] | None:
    if dice.happens(12):
        return None
    address: dict[str, Any] = {"street": street, "postal_code": postal_code}
    if dice.happens(40):
        address["delivery"] = {"floor": dice.below(6), "note": dice.pick((None, "ring twice", "back door"))}
    return address


def _contact(dice: Dice, customer_id: int, taken: set[str]) -> dict[str, Any]:
    country = COUNTRIES[customer_id % len(COUNTRIES)] if dice.happens(70) else dice.pick(COUNTRIES)
    given, given_latin = dice.pick(country.given)
    family, family_latin = dice.pick(country.family)
    city, street, postal_code = dice.pick(country.places)
    created_at = START + timedelta(hours=customer_id * 7, minutes=dice.below(400))
    phone = _phone(dice, country, taken)
    return {
        "customer_id": customer_id,
        "email": INVALID_EMAILS.get(customer_id) or _email(dice, (given_latin, family_latin), taken),
        "first_name": given,
        "last_name": None if customer_id in WITHOUT_LAST_NAME else family,
        "phone": INVALID_PHONES.get(customer_id, phone),
        "country": country.code,
        "city": city,
        "address": _address(dice, street, postal_code),
        "company": dice.pick(country.companies) if dice.happens(35) else None,
        "language": country.language,
        "plan": dice.pick(("free", "free", "pro", "team")),
        "tags": [tag for tag in TAGS if dice.happens(15)],
        "lifetime_value": dice.below(500_000) / 100 if dice.happens(85) else None,
        "birthdate": str(date(1948, 1, 1) + timedelta(days=dice.below(20_000))) if dice.happens(70) else None,
        "opt_in": None if dice.happens(8) else dice.happens(75),
        "unsubscribed": dice.happens(6),
        "signup_source": dice.pick(SOURCES),
        "created_at": created_at.isoformat(),
        "updated_at": (START + timedelta(days=100, minutes=customer_id * 11)).isoformat(),
    }


def contacts() -> list[dict[str, Any]]:
    """All contacts in the order of `updated_at`; one of them comes twice."""
    dice = Dice(20240108)
    taken: set[str] = set()
    people = [_contact(dice, customer_id, taken) for customer_id in range(1, CONTACT_COUNT + 1)]
    moved = {
        **people[UPDATED_CONTACT - 1],
        "country": "NO",
        "city": "Ålesund",
        "address": {"street": "Fjøsgata 3", "postal_code": "6002"},
        "plan": "team",
        "updated_at": people[-4]["updated_at"],
    }
    people.insert(CONTACT_COUNT - 3, moved)
    return people


def singer_messages(people: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What a tap with the replication key `updated_at` would send."""
    yield {
        "type": "SCHEMA",
        "stream": "contacts",
        "schema": SCHEMA,
        "key_properties": ["customer_id"],
        "bookmark_properties": ["updated_at"],
    }
    extracted = (START + timedelta(days=110)).isoformat()
    for number, person in enumerate(people, start=1):
        yield {"type": "RECORD", "stream": "contacts", "record": person, "time_extracted": extracted}
        if number % RECORDS_PER_STATE == 0 or number == len(people):
            bookmark = {"replication_key": "updated_at", "replication_key_value": person["updated_at"]}
            yield {"type": "STATE", "value": {"bookmarks": {"contacts": bookmark}}}


def _write_lines(path: Path, values: Iterator[dict[str, Any]]) -> None:
    lines = (json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write(folder: Path) -> None:
    """Write `contacts.singer` and `contacts.jsonl` into the folder."""
    people = contacts()
    _write_lines(folder / "contacts.singer", singer_messages(people))
    _write_lines(folder / "contacts.jsonl", iter(people))


if __name__ == "__main__":
    write(Path(__file__).parents[1] / "sample_data")
