"""Of which tests coverage is measured: what is measured takes twice as long, the libraries beneath it too.

Left out is what passes no line by itself that others do not: property tests, tests of the whole, what the
sandbox's threads do but in its own tests, and tests that try many cases or much data. One that is left out by
mistake shows in the percentage; one that is measured needlessly, in the time.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import target_w50
from target_w50.sandbox import server
from tests.support import UNMEASURED

HERE = Path(__file__).parent
WHOLE = {"browser", "chaos", "endtoend", "hostile", "house"}
"""Folders of tests of the whole: none is the only one to pass a line..."""
SANDBOX = {"sandbox", "test_sandbox_page.py", "test_web_pages.py"}
"""... but for what is asked of the sandbox from its page, or from the pages of others."""
STARTS_MANY = {*WHOLE, "journal", "loading", "report", "test_stopping.py"}
"""Here whole programs run by the hundred, over lines that other tests pass as well..."""
STARTS_SEVERAL = {"test_demo.py", "test_import.py", "test_journal.py"}
"""... and here several at once, or they are killed."""
MANY = {
    "cli/test_import.py": {
        "test_an_address_that_fails_its_check_is_set_aside_before_w50_refuses_it",
        "test_an_import_that_was_killed_goes_on_and_mails_nobody_twice",
        "test_events_fire_once_for_each_contact",
        "test_people_arrive_and_who_was_refused_is_named_by_file_and_line",
    },
    "cli/test_journal.py": {
        "test_a_run_that_stops_at_a_job_names_the_commands_as_they_work",
        "test_what_the_next_run_does_is_shown_after_the_word_too",
    },
    "cli/test_widths.py": {
        "test_tables_stand_in_the_terminal",
    },
    "contacts/test_short_way.py": {
        "test_a_property_that_is_not_sent_is_validated_all_the_same",
        "test_a_value_is_sent_as_the_general_way_would_or_left_to_it",
        "test_where_nulls_are_omitted_all_else_is_sent_as_ever",
    },
    "files/test_csv.py": {
        "test_one_file_in_many_ways_is_one_contact",
    },
    "files/test_parquet.py": {
        "test_records_keep_their_order_over_row_groups",
    },
    "import_jobs/test_job.py": {
        "test_a_step_is_taken_from_its_own_phases_alone",
        "test_no_other_module_assigns_an_attribute_of_a_job",
    },
    "journal/test_across_runs.py": {
        "test_a_journal_that_breaks_while_w50_runs_a_job_ends_the_run_and_the_next_one_waits_for_the_job",
        "test_after_a_crash_every_contact_is_there_and_had_one_mail",
    },
    "journal/test_changed.py": {
        "test_a_column_that_is_added_sends_all_and_mails_only_those_that_changed",
        "test_a_contact_that_comes_again_after_it_was_collected_goes_into_another_job",
        "test_a_journal_in_a_database_knows_the_same",
        "test_a_rejected_contact_is_not_sent_again_and_one_that_w50_warned_of_is",
        "test_a_value_that_comes_back_within_a_run_is_sent_again",
        "test_contacts_are_sent_again_after_some_days_not_all_on_one_and_without_events",
        "test_only_what_has_changed_is_sent",
        "test_what_a_job_held_that_failed_is_sent_again",
        "test_what_is_compared_is_the_contact_as_it_would_be_sent",
    },
    "journal/test_databases.py": {
        "test_a_second_process_does_not_come_between",
    },
    "journal/test_forgetting.py": {
        "test_of_a_person_who_is_forgotten_not_even_the_bytes_of_a_hash_are_left",
    },
    "journal/test_key_change.py": {
        "test_what_is_known_under_the_key_before_is_known_under_the_new_one",
    },
    "journal/test_month.py": {
        "test_after_a_month_every_contact_is_right_and_had_one_mail",
    },
    "journal/test_once_per.py": {
        "test_what_has_fired_is_sent_without_events",
    },
    "journal/test_privacy.py": {
        "test_the_contacts_of_settled_jobs_are_kept_for_journal_retention_days",
    },
    "journal/test_several_processes.py": {
        "test_a_run_that_stood_still_after_its_intent_sends_it_late_and_never_twice",
    },
    "loading/test_checks.py": {
        "test_who_is_refused_of_500_dirty_people_agrees_with_what_the_checks_found",
    },
    "loading/test_doubtful_answers.py": {
        "test_a_run_that_took_effect_without_an_answer_is_waited_for_and_not_run_again",
        "test_after_a_lost_answer_to_create_another_job_is_created",
        "test_an_upload_whose_answer_was_lost_is_never_run_and_built_anew",
    },
    "loading/test_job_outcomes.py": {
        "test_a_failure_status_is_known_in_any_case_and_padded",
        "test_a_finish_date_that_means_never_says_nothing",
        "test_a_status_request_that_fails_does_not_fail_the_job",
        "test_a_status_that_begins_with_a_word_of_failure_is_one",
        "test_only_a_whole_failure_status_is_one",
    },
    "loading/test_match_values.py": {
        "test_a_match_value_of_invisible_characters_is_blank",
        "test_folded_holds_them_for_one_contact",
    },
    "loading/test_one_clock.py": {
        "test_a_job_that_never_ends_is_given_up_after_its_time",
        "test_a_job_that_takes_an_hour_is_polled_for_an_hour_of_the_runs_clock",
        "test_jobs_of_two_lists_take_their_hours_side_by_side",
        "test_the_metrics_tell_the_times_of_that_clock",
        "test_the_time_for_tries_is_used_up_by_the_clock_of_the_run",
    },
    "loading/test_open_batches.py": {
        "test_contacts_that_come_again_count_with_all_that_is_kept_of_them",
        "test_open_batches_never_hold_more_than_the_bound_and_all_contacts_come_in_order",
    },
    "loading/test_parallel_uploads.py": {
        "test_a_job_with_uploads_at_once_runs_once_and_whole",
    },
    "loading/test_polling.py": {
        "test_a_job_is_asked_less_often_the_longer_it_takes_and_once_more_at_the_end_of_its_time",
    },
    "outputs/test_outputs_at_urls.py": {
        "test_a_part_that_the_store_refuses_for_a_while_is_tried_again",
        "test_both_outputs_stand_in_numbered_parts_that_are_streams_by_themselves",
    },
    "report/test_page.py": {
        "test_a_very_long_history_is_told_by_month_and_stays_small",
        "test_the_same_metrics_give_the_same_page",
        "test_very_many_lists_keep_those_in_trouble_and_a_small_page",
    },
    "sandbox/test_inspection.py": {
        "test_the_request_log_is_short_where_a_lot_is_measured",
    },
    "w50/http/test_connections.py": {
        "test_whatever_goes_on_fast_ends_with_the_bytes_of_the_answer",
    },
    "w50/test_client.py": {
        "test_a_get_is_tried_again_after_any_fault",
        "test_a_post_is_never_repeated_after_a_doubtful_answer",
        "test_a_refusal_is_told_with_call_status_and_what_to_check",
    },
    "w50/test_client_against_sandbox.py": {
        "test_an_import_succeeds_in_every_format_with_every_authentication",
    },
}
"""Tests of many cases or much data, by their modules."""


@contextmanager
def pause(config: pytest.Config) -> Iterator[None]:
    """Measure nothing while tests are found, but what the package's modules do when they are imported."""
    plugin = config.pluginmanager.get_plugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    finds_none = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if controller is None or finds_none:
        yield
        return
    for module in pkgutil.walk_packages(target_w50.__path__, "target_w50."):
        import_module(module.name)
    controller.pause()
    try:
        yield
    finally:
        controller.resume()


def is_measured(item: pytest.Item) -> bool:
    """Whether what the test does in its own process is measured."""
    place = item.path.relative_to(HERE)
    return not (
        item.get_closest_marker("hypothesis")
        or (WHOLE & {*place.parts} and not SANDBOX & {*place.parts})
        or getattr(item, "originalname", "") in MANY.get(place.as_posix(), ())
    )


def keep_out(item: pytest.Item, patched: pytest.MonkeyPatch) -> None:
    """Keep coverage out of the sandbox, and of the programs that a test starts, where it is not wanted."""
    parts = {*item.path.relative_to(HERE).parts}
    if not SANDBOX & parts:
        for name in ("serve_forever", "process_request_thread"):
            patched.setattr(server._Server, name, _unmeasured(getattr(server._Server, name)))
    if (STARTS_MANY | STARTS_SEVERAL) & parts:
        for name, value in UNMEASURED.items():
            patched.setenv(name, value)


def _unmeasured(take: Callable[..., None]) -> Callable[..., None]:
    @wraps(take)
    def taken(*arguments: Any) -> None:
        sys.settrace(None)
        take(*arguments)

    return taken
