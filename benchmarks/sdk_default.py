"""A target in the SDK's own way: its default `BatchSink`, its default validation, one POST a batch.

Run as a program of its own, with the SDK's usual arguments.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import requests
from singer_sdk import typing as th
from singer_sdk.sinks import BatchSink
from singer_sdk.target_base import Target

CONTACT_LIST_ID = 1


class PlainSink(BatchSink):
    """Posts each batch as JSON."""

    max_size = 10_000

    def setup(self) -> None:
        """Create the import job."""
        self._session = requests.Session()
        self._session.headers["Content-Type"] = "application/json"
        self._imports = f"{self.config['api_url']}/contactLists/{CONTACT_LIST_ID}/import"
        answer = self._session.post(
            self._imports, json={"FieldNames": list(self.schema["properties"])}, timeout=60
        )
        self._job = answer.json()["Id"]

    def process_batch(self, context: dict[str, Any]) -> None:
        """Send the records that were collected."""
        contacts = [{"Values": record} for record in context["records"]]
        # The SDK has made dates and Decimals of some values.
        body = json.dumps(contacts, default=str).encode()
        self._session.post(f"{self._imports}/{self._job}", data=body, timeout=60).raise_for_status()

    def clean_up(self) -> None:
        """Run the job."""
        self._session.post(f"{self._imports}/{self._job}/run", timeout=60).raise_for_status()
        super().clean_up()


class PlainTarget(Target):
    """The target that sends to W50 in the SDK's own way."""

    name = "target-plain"
    default_sink_class = PlainSink
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True)
    ).to_dict()


if __name__ == "__main__":
    PlainTarget.cli()
