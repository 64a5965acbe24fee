"""The journal's tables, and the steps from one version of them to the next."""

from __future__ import annotations

from collections.abc import Collection

from target_w50.errors import SettingsError
from target_w50.journal.database import Database

STEPS = (
    (
        """CREATE TABLE w50_journal (
  only_row {integer} PRIMARY KEY CHECK (only_row = 1),
  version {integer} NOT NULL,
  since {real} NOT NULL,
  key_check {bytes} NOT NULL
)""",
        """CREATE TABLE w50_lists (
  account VARCHAR(500) NOT NULL,
  contact_list_id {integer} NOT NULL,
  epoch {integer} NOT NULL,
  run_id VARCHAR(500),
  host VARCHAR(500),
  process VARCHAR(500),
  since {real},
  expires {real},
  PRIMARY KEY (account, contact_list_id)
)""",
        """CREATE TABLE w50_jobs (
  id {id},
  account VARCHAR(500) NOT NULL,
  contact_list_id {integer} NOT NULL,
  stream TEXT NOT NULL,
  run_id VARCHAR(500) NOT NULL,
  host VARCHAR(500) NOT NULL,
  process VARCHAR(500) NOT NULL,
  epoch {integer} NOT NULL,
  phase VARCHAR(20) NOT NULL,
  import_job_id {integer},
  custom_events TEXT NOT NULL,
  contacts {integer} NOT NULL,
  before_run TEXT,
  result TEXT,
  reason TEXT,
  created {real} NOT NULL,
  changed {real} NOT NULL,
  intended {real},
  doubtful_until {real},
  settled {real}
)""",
        "CREATE INDEX w50_jobs_of_list ON w50_jobs (account, contact_list_id, stream)",
        """CREATE TABLE w50_members (
  job_id {integer} NOT NULL,
  batch {integer} NOT NULL,
  contact_keys {bytes} NOT NULL,
  versions {bytes} NOT NULL,
  PRIMARY KEY (job_id, batch)
)""",
    ),
    (
        # How versions were made: under which FieldNames, and what of them does not count as a change.
        """CREATE TABLE w50_scopes (
  id {id},
  account VARCHAR(500) NOT NULL,
  contact_list_id {integer} NOT NULL,
  stream TEXT NOT NULL,
  match_fields TEXT NOT NULL,
  folds {integer} NOT NULL,
  field_names TEXT NOT NULL,
  ignored TEXT NOT NULL,
  resend_before {integer} NOT NULL,
  list_count {integer}
)""",
        # What W50 last took of a contact, and when; 0 where it is not known what W50 holds.
        """CREATE TABLE w50_contacts (
  contact_key {integer} PRIMARY KEY,
  version {integer} NOT NULL,
  scope {integer} NOT NULL,
  sent {integer} NOT NULL
)""",
        # Which versions of a contact had the custom events of their stream, or had them suppressed.
        """CREATE TABLE w50_fired (
  contact_key {integer} NOT NULL,
  version {integer} NOT NULL,
  scope {integer} NOT NULL,
  fired {integer} NOT NULL,
  PRIMARY KEY (contact_key, version)
){without_rowid}""",
        "ALTER TABLE w50_jobs ADD COLUMN scope {integer}",
        "ALTER TABLE w50_jobs ADD COLUMN books_contacts {integer} NOT NULL DEFAULT 0",
        "ALTER TABLE w50_jobs ADD COLUMN books_fired {integer} NOT NULL DEFAULT 0",
    ),
)
"""Statements that lead from each version to the next; those of a version that people have never change."""
VERSION = len(STEPS)
MADE_BY_HAND = -1
"""Of tables that somebody made from what `w50 journal ddl` prints, and no run has used yet."""
TYPES = {
    "sqlite": {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "integer": "INTEGER",
        "real": "REAL",
        "without_rowid": " WITHOUT ROWID",
    },
    "postgresql": {
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "integer": "BIGINT",
        "real": "DOUBLE PRECISION",
        "without_rowid": "",
    },
}
"""What each kind of database calls the columns' types."""


def statements(database_types: dict[str, str], since_version: int = 0) -> list[str]:
    """What makes the tables, from that version on, in the words of a database."""
    return [statement.format(**database_types) for step in STEPS[since_version:] for statement in step]


def bring_up_to_date(database: Database, key_check: bytes, old_checks: Collection[bytes] = ()) -> float:
    """Make the tables, or bring them to this version; returns since when the journal is kept.

    Args:
        database: held by nobody: other processes wait meanwhile.
        key_check: what tells this key from others.
        old_checks: the same of the keys before, while the key is changed; the journal has the new one then.

    Raises:
        SettingsError: a newer program made them, or with another key.
    """
    with database.transaction():
        database.lock_for_steps()
        version = _version(database)
        if version > VERSION:
            raise SettingsError(
                f"The journal {database.place} was made by a newer target-w50 (its version is {version}, "
                f"this program knows {VERSION}). Nothing was sent. Use that version here as well.",
                code="journal_newer",
            )
        if version != MADE_BY_HAND:
            for statement in statements(database.types, version):
                database.change(statement)
        if version <= 0:
            database.change(
                "INSERT INTO w50_journal (only_row, version, since, key_check) "
                "VALUES (1, :version, :now, :key)",
                version=VERSION,
                now=database.now(),
                key=key_check,
            )
        elif version < VERSION:
            database.change("UPDATE w50_journal SET version = :version", version=VERSION)
        ((since, known),) = database.rows("SELECT since, key_check FROM w50_journal")
        if bytes(known) in old_checks:
            database.change("UPDATE w50_journal SET key_check = :key", key=key_check)
            known = key_check
    if bytes(known) != key_check:
        raise SettingsError(
            f"The journal {database.place} was begun with another `journal_key`. Nothing was sent. Give that "
            "key: with another one, contacts that were delivered would not be known again.",
            code="journal_key_differs",
        )
    return float(since)


def _version(database: Database) -> int:
    if not database.has_table("w50_journal"):
        return 0
    versions = database.rows("SELECT version FROM w50_journal")
    return int(versions[0][0]) if versions else MADE_BY_HAND
