"""`w50 init`: from nothing to settings that `w50 check` passes, at a terminal and without one."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from dotenv import dotenv_values

from target_w50.cli import main as program
from target_w50.cli.setup import dialogue
from target_w50.cli.setup.secrets import KeptSecret
from target_w50.errors import SettingsError
from target_w50.sandbox import Sandbox
from tests.cli.support import TOKEN, Outcome
from tests.support import LIST, lines, record, schema

README = Path(__file__).parents[2] / "README.md"
OTHER = {"Id": 43, "Name": "Plain", "Fields": ["Code", "Town"]}
MESSAGES = [schema(properties={"email": {}, "first_name": {}, "lastNam": {}}), record(1)]


class Terminal(io.StringIO):
    """Standard input with somebody at it."""

    def isatty(self) -> bool:
        return True


class Newcomer:
    """Runs `w50 init` in a folder of its own."""

    def __init__(
        self, url: str, folder: Path, capsys: pytest.CaptureFixture[str], patched: pytest.MonkeyPatch
    ) -> None:
        self.url = url
        self.folder = folder
        self._capsys = capsys
        self._patched = patched
        self.hidden: list[str] = []

    def w50(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        status = program.run(arguments)
        captured = self._capsys.readouterr()
        assert TOKEN not in captured.out + captured.err
        return Outcome(status, captured.out, captured.err)

    def asked(self, answers: Sequence[str], secrets: Sequence[str], *arguments: str) -> Outcome:
        """At a terminal: what is typed, and what is typed unseen."""
        left = list(secrets)

        def typed_unseen(prompt: str) -> str:
            self.hidden.append(prompt)
            return left.pop(0)

        self._patched.setattr("sys.stdin", Terminal("".join(f"{each}\n" for each in answers)))
        self._patched.setattr(click.termui, "hidden_prompt_func", typed_unseen)
        outcome = self.w50("init", *arguments)
        assert not left
        return outcome

    def unasked(self, *arguments: str, url: bool = True) -> Outcome:
        """Without anybody to ask."""
        self._patched.setenv("W50_SECRET", TOKEN)
        given = ["--api-url", self.url, "--secret-env", "W50_SECRET"] if url else []
        return self.w50("init", "--no-input", *given, *arguments)

    def config(self) -> Any:
        return json.loads((self.folder / "config.json").read_text())

    def passes(self, *options: str) -> bool:
        return self.w50("check", *options).status == 0


@pytest.fixture
def newcomer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Newcomer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dialogue, "RETRY_FOR_S", 0)
    (tmp_path / "sample.singer").write_bytes(lines(MESSAGES))
    with Sandbox(token=TOKEN, lists=[LIST, OTHER]) as sandbox:
        yield Newcomer(sandbox.url, tmp_path, capsys, monkeypatch)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_everything_is_asked_for_tried_and_written(newcomer: Newcomer) -> None:
    """With a wrong address, a wrong secret, a wrong list and a wrong file on the way."""
    answers = ["", "http://127.0.0.1:1", newcomer.url, "Newslettr", "42", "none.singer", "sample.singer", "y"]
    told = newcomer.asked(answers, ["", "wrong", TOKEN])
    assert told.status == 0, told.err
    assert "w50: nothing was entered" in told.err
    assert "did you mean 'Newsletter'" in told.err
    assert "43  Plain" in told.err
    assert "check auth_method and the credentials" in told.err
    assert "there is no file none.singer" in told.err
    assert "does 'lastNam' go to field 'LastName'?" in told.err
    assert newcomer.config() == {
        "api_url": newcomer.url,
        "auth_token_file": str(newcomer.folder / "w50-auth-token"),
        "streams": [
            {
                "stream": "contacts",
                "contact_list": "42",
                "match_fields": ["Email"],
                "fields": {"email": "Email", "first_name": "FirstName", "lastNam": "LastName"},
            }
        ],
    }
    assert mode(newcomer.folder / "w50-auth-token") == mode(newcomer.folder / "config.json") == 0o600
    assert not told.out.strip()  # an older click writes the blank behind its prompts there
    assert newcomer.passes("--config", "config.json")
    assert ("".join(newcomer.hidden) + told.err).count("not shown") == len(newcomer.hidden)


def test_a_list_without_addresses_is_asked_how_to_match(newcomer: Newcomer) -> None:
    told = newcomer.asked(["", newcomer.url, "Plain", "", "people", "Cod", "Code"], [TOKEN])
    assert told.status == 0, told.err
    assert newcomer.config()["streams"] == [
        {"stream": "people", "contact_list": "43", "match_fields": ["Code"]}
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", "E-Mail;first name;Zip\nada@example.com;Ada;1\n"),
        ("people.jsonl", '{"email": "ada@example.com", "first_name": "Ada", "zip": 1}\n'),
    ],
)
def test_a_file_of_contacts_is_a_sample_too_and_its_import_needs_no_more_words(
    newcomer: Newcomer, name: str, content: str
) -> None:
    sample = newcomer.folder / name
    sample.write_text(content)
    told = newcomer.unasked(str(sample), "--list", "Newsletter")
    assert told.status == 0, told.err
    assert f"`w50 import {sample} --config config.json --quarantine refused.jsonl` loads it" in " ".join(
        told.err.split()
    )
    (entry,) = newcomer.config()["streams"]
    assert (entry["stream"], [*entry["fields"].values()]) == ("people", ["Email", "FirstName"])
    planned = newcomer.w50("import", str(sample), "--config", "config.json", "--dry-run")
    assert "would send 1 contact to list 42" in " ".join(planned.out.split())


def test_a_spreadsheet_of_another_language_is_mapped_column_by_column(newcomer: Newcomer) -> None:
    sample = newcomer.folder / "people.csv"
    sample.write_text("E-Mail;Vorname;Straße;Größe\nada@example.com;Ada;Weg 1;38\n", encoding="windows-1252")
    asked = ["y", "Strase=Phone", "Straße=Fax", "Straße=LastName", ""]
    options = ("people.csv", "--encoding", "windows-1252", "--list", "42")
    told = newcomer.asked(["", newcomer.url, *asked], [TOKEN], *options)
    assert told.status == 0, told.err
    assert "does 'Vorname' go to field 'FirstName'?" in told.err
    assert "did you mean 'Straße'?" in told.err
    assert "the list has no such field that is free" in told.err
    assert "no field for 'Größe'; what is not in `fields` is not sent" in " ".join(told.err.split())
    (entry,) = newcomer.config()["streams"]
    assert entry["fields"] == {"E-Mail": "Email", "Vorname": "FirstName", "Straße": "LastName"}
    assert "--encoding windows-1252 --dry-run" in " ".join(told.err.split())


def test_a_file_that_cannot_be_read_is_said_before_anything_is_asked(newcomer: Newcomer) -> None:
    (newcomer.folder / "people.csv").write_text("Email;Ort\nada@example.com;Köln\n", encoding="windows-1252")
    told = newcomer.asked([""], [], "people.csv")
    assert (told.status, "Address" in told.err) == (2, False)
    assert "--encoding windows-1252" in told.last_line


def test_an_address_that_is_none_is_said_before_the_secret_is_asked_for(newcomer: Newcomer) -> None:
    answers = ["", newcomer.url.removeprefix("http://"), newcomer.url]
    told = newcomer.asked(answers, [TOKEN], "sample.singer", "--list", "Newsletter", "--stream", "contacts")
    assert "or http:// on this machine" in told.err


def test_a_file_that_names_no_columns_is_refused_without_a_word_of_it(newcomer: Newcomer) -> None:
    sample = newcomer.folder / "people.csv"
    sample.write_text("Ada,Lovelace\nBen,Boole\n")
    told = newcomer.unasked(str(sample), "--list", "Newsletter")
    assert (told.status, "Lovelace" in told.err) == (2, False)
    assert "Does the first line of the file name the columns?" in told.err


def test_everything_can_be_an_option(newcomer: Newcomer) -> None:
    told = newcomer.unasked("--list", "Plain", "--stream", "people", "--match", "Town", "--set", "send=all")
    assert told.status == 2, "a member of an entry is no setting"
    more = ("--list", "Plain", "--stream", "people", "--match", "Town", "--set", "batch_size_rows=500")
    assert newcomer.unasked(*more).status == 0
    assert newcomer.config()["batch_size_rows"] == 500
    assert newcomer.passes("--config", "config.json")


@pytest.mark.parametrize("terminal", [True, False], ids=["no input", "no terminal"])
def test_all_that_lacks_is_named_at_once(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal() if terminal else io.StringIO())
    told = newcomer.w50("init", *(["--no-input"] if terminal else []), "--auth-method", "basic")
    assert told.status == 2
    for option in ("--set username=VALUE", "--secret-env", "--list", "--stream"):
        assert option in told.last_line
    assert [each.name for each in newcomer.folder.iterdir()] == ["sample.singer"]


def test_what_is_there_is_not_written_over_unasked(newcomer: Newcomer) -> None:
    path = newcomer.folder / "config.json"
    path.write_text('{"auth_token": "old", "state": "always"}')
    options = ("sample.singer", "--list", "42")
    refused = newcomer.unasked(*options)
    assert refused.status == 2
    assert "--force" in refused.last_line
    assert newcomer.asked(["config.json", "n"], [], *options).status == 130
    assert path.read_text() == '{"auth_token": "old", "state": "always"}'
    assert newcomer.unasked(*options, "--force").status == 0
    assert newcomer.config()["state"] == "always"
    assert "auth_token" not in newcomer.config()
    assert newcomer.passes("--config", "config.json")


def test_another_secret_is_not_written_over_unasked(newcomer: Newcomer) -> None:
    kept = newcomer.folder / "w50-auth-token"
    kept.write_text("of somebody\n")
    refused = newcomer.unasked("sample.singer", "--list", "42")
    assert refused.status == 2
    assert "has another secret already" in refused.last_line
    assert kept.read_text() == "of somebody\n"
    assert not (newcomer.folder / "config.json").exists()


def test_an_interrupt_leaves_nothing(newcomer: Newcomer) -> None:
    told = newcomer.asked(["", newcomer.url], [TOKEN])
    assert told.status == 130
    assert [each.name for each in newcomer.folder.iterdir()] == ["sample.singer"]


def test_no_secret_stands_on_the_command_line(newcomer: Newcomer) -> None:
    told = newcomer.unasked("--set", "auth_token=" + "x" * 9)
    assert told.status == 2
    assert "is a secret" in told.last_line


def test_the_secret_comes_from_a_file_or_from_standard_input(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("init", "sample.singer", "--list", "42", "--api-url", newcomer.url)
    (newcomer.folder / "mounted").write_text(TOKEN)
    assert newcomer.w50(*options, "--no-input", "--secret-file", "mounted").status == 0
    assert newcomer.config()["auth_token_file"] == str(newcomer.folder / "mounted")
    assert not (newcomer.folder / "w50-auth-token").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(TOKEN + "\n"))
    told = newcomer.w50(*options, "--no-input", "--force", "--secret-stdin", "--secret-in", "dot-env")
    assert told.status == 0, told.err
    assert dotenv_values(newcomer.folder / ".env") == {"TARGET_W50_AUTH_TOKEN": TOKEN}
    assert newcomer.w50(*options, "--secret-stdin", "--secret-env", "A").status == 2


def test_a_wrong_secret_is_said_and_nothing_written(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "wrong")
    options = (
        "--no-input",
        "--api-url",
        newcomer.url,
        "--secret-env",
        "WRONG",
        "--list",
        "42",
        "sample.singer",
    )
    assert newcomer.w50("init", *options).status == 3
    assert not (newcomer.folder / "config.json").exists()


def test_of_several_streams_it_is_said_which(newcomer: Newcomer) -> None:
    path = newcomer.folder / "two.singer"
    path.write_bytes(lines([*MESSAGES, schema("orders", {"email": {}}, ["email"])]))
    refused = newcomer.unasked("two.singer", "--list", "42")
    assert refused.status == 2
    assert "(contacts, orders)" in refused.last_line
    assert (
        "no stream 'order'" in newcomer.unasked("two.singer", "--list", "42", "--stream", "order").last_line
    )
    assert newcomer.asked(["", "n", "y", newcomer.url], [TOKEN], "two.singer", "--list", "42").status == 0
    assert [each["stream"] for each in newcomer.config()["streams"]] == ["orders"]


def test_print_writes_nothing(newcomer: Newcomer) -> None:
    told = newcomer.unasked("sample.singer", "--list", "42", "--print")
    assert told.status == 0
    assert json.loads(told.out)["streams"][0]["contact_list"] == "42"
    assert [each.name for each in newcomer.folder.iterdir()] == ["sample.singer"]


PROJECT = "version: 1  # mine\nplugins:\n  extractors:\n  - name: tap-csv\n"


class TestMeltano:
    """In the folder of a project."""

    @pytest.fixture(autouse=True)
    def _project(self, newcomer: Newcomer) -> None:
        (newcomer.folder / "meltano.yml").write_text(PROJECT)
        (newcomer.folder / ".env").write_text("# of the tap\nTAP_CSV_KEY=abc\n")

    def loader(self, newcomer: Newcomer) -> Any:
        content = yaml.safe_load((newcomer.folder / "meltano.yml").read_text())
        (loader,) = content["plugins"]["loaders"]
        return loader

    def test_the_loader_is_added_and_all_else_stays(self, newcomer: Newcomer) -> None:
        told = newcomer.unasked("sample.singer", "--list", "42")
        assert told.status == 0, told.err
        assert (newcomer.folder / "meltano.yml").read_text().startswith(PROJECT)
        loader = self.loader(newcomer)
        assert loader["config"]["streams"][0]["contact_list"] == "42"
        pasted = re.findall(r"```yaml\n(plugins:.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[0]
        (as_in_readme,) = yaml.safe_load(pasted)["plugins"]["loaders"]
        assert {**loader, "config": None} == {**as_in_readme, "config": None}
        dot_env = newcomer.folder / ".env"
        assert dot_env.read_text() == f"# of the tap\nTAP_CSV_KEY=abc\nTARGET_W50_AUTH_TOKEN='{TOKEN}'\n"
        assert mode(dot_env) == 0o600
        assert newcomer.passes()

    def test_a_second_time_it_asks_before_it_writes_over(self, newcomer: Newcomer) -> None:
        assert newcomer.unasked("sample.singer", "--list", "42").status == 0
        refused = newcomer.unasked("sample.singer", "--list", "43", "--match", "Town", url=False)
        assert refused.status == 2
        assert "an entry for stream 'contacts' already" in refused.last_line
        answers = ["", "", "y"]
        told = newcomer.asked(answers, [""], "sample.singer", "--list", "43", "--match", "Town")
        assert told.status == 0, told.err
        assert self.loader(newcomer)["config"]["streams"][0]["contact_list"] == "43"
        assert newcomer.passes()

    def test_a_loader_that_does_not_declare_the_secret_has_it_passed_on(self, newcomer: Newcomer) -> None:
        path = newcomer.folder / "meltano.yml"
        path.write_text(
            "plugins:\n  loaders:\n  - name: target-w50\n    namespace: target_w50\n    settings: []\n"
        )
        assert newcomer.unasked("sample.singer", "--list", "42").status == 0
        assert self.loader(newcomer)["config"]["auth_token"] == "$TARGET_W50_AUTH_TOKEN"
        assert newcomer.passes()

    def test_what_the_environment_in_use_says_instead_is_told(self, newcomer: Newcomer) -> None:
        path = newcomer.folder / "meltano.yml"
        environment = (
            "default_environment: dev\nenvironments:\n- name: dev\n  config:\n    plugins:\n      loaders:\n"
            "      - name: target-w50\n        config: {batch_size_rows: 7}\n"
        )
        path.write_text(PROJECT + environment)
        told = newcomer.unasked("sample.singer", "--list", "42", "--set", "batch_size_rows=9")
        assert "`batch_size_rows` is another one all the same" in told.err

    def test_print_shows_what_belongs_below_config(self, newcomer: Newcomer) -> None:
        told = newcomer.unasked("sample.singer", "--list", "42", "--print")
        assert yaml.safe_load(told.out)["streams"][0]["stream"] == "contacts"
        assert (newcomer.folder / "meltano.yml").read_text() == PROJECT

    def test_a_secret_that_git_would_take_is_warned_of(self, newcomer: Newcomer) -> None:
        subprocess.run(["git", "init", "--quiet", str(newcomer.folder)], check=True)
        options = ("sample.singer", "--list", "42")
        assert "add it to .gitignore" in newcomer.unasked(*options).err
        (newcomer.folder / ".gitignore").write_text(".env\n")
        (newcomer.folder / ".env").unlink()
        assert ".gitignore" not in newcomer.unasked(*options, "--force").err

    def test_a_loader_must_be_named_where_there_are_two(self, newcomer: Newcomer) -> None:
        loaders = "".join(f"  - {{name: {name}, namespace: target_w50}}\n" for name in ("a", "b"))
        (newcomer.folder / "meltano.yml").write_text(f"plugins:\n  loaders:\n{loaders}")
        refused = newcomer.unasked("sample.singer", "--list", "42")
        assert (refused.status, "--loader NAME" in refused.last_line) == (2, True)


@pytest.mark.parametrize("secret", ["plain", "a'b", 'a"b\\', "a#b $c", " blank ", "$NAME"])
def test_dot_env_gives_every_secret_back(tmp_path: Path, secret: str) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\r\nexport S=old # c\r\nB=2\r\n")
    kept = KeptSecret(path, "S", secret)
    assert kept.replaces
    kept.write()
    assert dotenv_values(path) == {"A": "1", "S": secret, "B": "2"}
    assert path.read_bytes().count(b"\r\n") == 3


def test_a_secret_that_dot_env_would_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a file of its own"):
        KeptSecret(tmp_path / ".env", "S", "a${HOME}b")
