"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import options
from engine.errors import UsageError
from engine.events.wire import SetFact
from engine.settings import OTHER_VARIABLES, address, brokers, unknown_variables, variables


def test_settings_come_from_file_environment_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options go before the environment, that before the file."""
    file = tmp_path / "x.toml"
    file.write_text("[worker]\nbatch_ms = 5\ntick_ms = 500\nsnapshot_every = 1000\n")
    monkeypatch.setenv("LIVECHAT_WORKER__TICK_MS", "600")
    monkeypatch.setenv("LIVECHAT_WORKER__SNAPSHOT_EVERY", "2000")
    worker = options.settings_of(file, {"worker": {"snapshot_every": 3000}}).worker
    assert (worker.batch_ms, worker.tick_ms, worker.snapshot_every) == (5, 600, 3000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[worker]\nbatch_ms = -1\n",
            "setting `worker.batch_ms`: input should be greater than or equal to 0; correct it in",
        ),
        ("[worker]\nbatchms = 1\n", "setting `worker.batchms`: there is no such setting; "),
        ("worker = [\n", "is not TOML: "),
        ('roles = ["cook"]\n', "setting `roles.0`: input should be 'worker', "),
    ],
)
def test_wrong_settings_are_named(text: str, told: str, tmp_path: Path) -> None:
    """The sentence names the setting and where to correct it."""
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as error:
        options.settings_of(file)
    assert told in str(error.value)
    assert str(file) in str(error.value)


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    """A line each, with the variable that sets it, whichever section it stands in."""
    file = tmp_path / "x.toml"
    file.write_text(
        'log_level = "loud"\n[worker]\nbatch_ms = -1\nbatchms = 1\n[[gateway.tokens]]\nname = "a"\nroles = ["source"]\n'
    )
    with pytest.raises(UsageError) as error:
        options.settings_of(file)
    first, *rows = str(error.value).splitlines()
    assert first == (
        f"4 settings are wrong; correct them in `{file}`, in the environment or among the options; "
        "`livechat config` shows all settings"
    )
    assert sorted(rows) == [
        "  `gateway.tokens.0.token`: field required (LIVECHAT_GATEWAY__TOKENS)",
        "  `log_level`: input should be 'debug', 'info', 'warning' or 'error' (LIVECHAT_LOG_LEVEL)",
        "  `worker.batch_ms`: input should be greater than or equal to 0 (LIVECHAT_WORKER__BATCH_MS)",
        "  `worker.batchms`: there is no such setting (LIVECHAT_WORKER__BATCHMS)",
    ]


@pytest.mark.parametrize(("variable", "guess"), [
    ("LIVECHAT_LOGLEVEL", "did you mean `LIVECHAT_LOG_LEVEL`?"),
    ("LIVECHAT_BUS_URL", "did you mean `LIVECHAT_BUS__URL`?"),
    ("LIVECHAT_WORKERS__BATCH_MS", "did you mean `LIVECHAT_WORKER__BATCH_MS`?"),
    ("LIVECHAT_NOPE", "no setting is near it"),
])  # fmt: skip
def test_a_variable_that_sets_nothing_is_told(variable: str, guess: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting that may be meant: a mistyped name must not leave a default in force."""
    monkeypatch.setenv(variable, "abc")
    with pytest.raises(UsageError) as error:
        options.settings_of(None)
    assert str(error.value) == (
        f"`{variable}` is no setting: {guess}; correct or unset what stands in the environment, `livechat config` shows all settings"
    )


def test_variables_that_set_nothing_are_told_with_all_other_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each."""
    for name, value in (("LIVECHAT_LOG_LEVEL", "loud"), ("livechat_rols", "[]"), ("LIVECHAT_BUS__URLS", "x")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as error:
        options.settings_of(None)
    first, *rows = str(error.value).splitlines()
    assert first.startswith("3 settings are wrong; correct them in the environment or among the options; ")
    assert sorted(rows) == [
        "  `bus.urls`: there is no such setting (LIVECHAT_BUS__URLS)",
        "  `livechat_rols` is no setting: did you mean `LIVECHAT_ROLES`?",
        "  `log_level`: input should be 'debug', 'info', 'warning' or 'error' (LIVECHAT_LOG_LEVEL)",
    ]


BROKEN_TOKENS = '[{"name":"x","token":"sekret"}'


def test_broken_json_in_a_variable_is_told_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable and the place in it."""
    monkeypatch.setenv("LIVECHAT_GATEWAY__TOKENS", BROKEN_TOKENS)
    with pytest.raises(UsageError) as error:
        options.settings_of(None)
    assert str(error.value) == (
        "setting `gateway.tokens`: lists and tables are written as JSON, and this is none: expecting ',' delimiter at character 31; "
        "correct it in LIVECHAT_GATEWAY__TOKENS or among the options; `livechat config` shows all settings"
    )


def test_broken_json_is_told_with_all_other_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a list, of a whole section, and beside what a file has wrong."""
    file = tmp_path / "x.toml"
    file.write_text("log_level = 3\n[worker]\nbatch_ms = -1\n")
    for name, value in (("ROLES", "worker,gateway"), ("BUS", "{"), ("GATEWAY__TOKENS", '"x"'), ("HTTP", "[" * 100_000)):
        monkeypatch.setenv(f"LIVECHAT_{name}", value)
    with pytest.raises(UsageError) as error:
        options.settings_of(file)
    told = "lists and tables are written as JSON, and this is none"
    assert sorted(str(error.value).splitlines()[1:]) == [
        f"  `bus`: {told}: expecting property name enclosed in double quotes at character 2 (LIVECHAT_BUS)",
        "  `gateway.tokens`: input should be a list (LIVECHAT_GATEWAY__TOKENS)",
        f"  `http`: {told}: it is nested too deeply (LIVECHAT_HTTP)",
        "  `log_level`: input should be 'debug', 'info', 'warning' or 'error' (LIVECHAT_LOG_LEVEL)",
        f"  `roles`: {told}: expecting value at character 1 (LIVECHAT_ROLES)",
        "  `worker.batch_ms`: input should be greater than or equal to 0 (LIVECHAT_WORKER__BATCH_MS)",
    ]


def test_every_setting_and_every_documented_variable_may_stand_in_the_environment() -> None:
    """In whatever case; what has another prefix is none of ours."""
    names = [*variables(), *OTHER_VARIABLES, "LIVECHAT_BUS", "livechat_worker__tick_ms", "LIVECHATTER", "PATH"]
    assert unknown_variables(dict.fromkeys(names, "")) == []
    assert "LIVECHAT_BUS__KAFKA__TLS" in names


@pytest.mark.parametrize("listen", ["nonsense", "8701", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", ":80"])
def test_a_place_that_is_none_is_told_before_anything_starts(listen: str, tmp_path: Path) -> None:
    """Of both servers at once, with how it is written."""
    file = tmp_path / "x.toml"
    file.write_text(f'[gateway]\nlisten = "{listen}"\n[http]\nlisten = "{listen}"\n')
    with pytest.raises(UsageError) as error:
        options.settings_of(file)
    for section in ("gateway", "http"):
        assert f"`{section}.listen`: `{listen}` is no place to listen: write HOST:PORT" in str(error.value)


@pytest.mark.parametrize(("url", "told"), [
    ("postgres:x", "it names no log that can be opened: write sqlite:PATH or kafka:HOST:PORT,HOST:PORT…"),
    ("sqlite:", "it names no log that can be opened: "),
    ("var/livechat.db", "it names no log that can be opened: "),
    ("kafka:", "`` is no broker: write kafka:HOST:PORT,HOST:PORT…"),
    ("kafka:nowhere", "`nowhere` is no broker: "),
    ("kafka:a:9092,:9092", "`:9092` is no broker: "),
    ("kafka:a:0", "`a:0` is no broker: "),
    ("kafka:a:65536", "`a:65536` is no broker: "),
    ("kafka:a:٣", "`a:٣` is no broker: "),
])  # fmt: skip
def test_a_log_that_is_none_is_told_with_the_settings(url: str, told: str) -> None:
    """Before anything is opened, by every command that reads settings."""
    with pytest.raises(UsageError) as error:
        options.settings_of(None, {"bus": {"url": url}})
    assert f"setting `bus.url`: {told}" in str(error.value)


def test_what_no_setting_can_be_is_told_at_once(tmp_path: Path) -> None:
    """Wrong addresses among all else; a number is finite, a process has a role."""
    file = tmp_path / "x.toml"
    file.write_text(
        'roles = []\nnope = 1\n[bus]\npartitions = 0\nurl = "postgres:x"\n'
        "[gateway]\nheartbeat_s = -1\nidentify_s = inf\nring_minutes = nan\n"
    )
    with pytest.raises(UsageError) as error:
        options.settings_of(file)
    names = [row.split("`")[1] for row in str(error.value).splitlines()[1:]]
    assert sorted(names) == [
        "bus.partitions", "bus.url", "gateway.heartbeat_s", "gateway.identify_s", "gateway.ring_minutes", "nope", "roles",
    ]  # fmt: skip


def test_brokers_of_a_cluster() -> None:
    """Separated by commas, blanks around them do not count; an IPv6 address stands in brackets."""
    assert brokers("a:1, [::1]:9092,") == ("a:1", "[::1]:9092")


def test_places_to_listen() -> None:
    """Host and port; an IPv6 address stands in brackets."""
    assert address("127.0.0.1:0") == ("127.0.0.1", 0)
    assert address("[::1]:8700") == ("::1", 8700)


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A file that was named and is not there is not passed over."""
    with pytest.raises(UsageError, match="is missing; `livechat config` prints"):
        options.settings_of(tmp_path / "none.toml")


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder, or a file behind a file, is as wrong as one that is missing."""
    with pytest.raises(UsageError, match="is a folder; name the TOML file that holds the settings"):
        options.settings_of(tmp_path)
    (tmp_path / "x.toml").touch()
    with pytest.raises(UsageError, match=r"cannot be read \(not a directory\)"):
        options.settings_of(tmp_path / "x.toml" / "y.toml")


def test_shop_is_this_folder_else_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in a shop's folder means that shop."""
    monkeypatch.chdir(tmp_path)
    assert options.shop_folder(None).name == "tea-shop"
    (tmp_path / "shop.yaml").write_text("")
    assert options.shop_folder(None) == Path()


def test_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """The option is named with its value."""
    with pytest.raises(UsageError, match=r"`--shop .*nowhere` is no folder"):
        options.shop_folder(tmp_path / "nowhere")


def test_models_are_cached_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the desktop's standard says."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert options.model_cache() == tmp_path / "livechat-engine" / "models"


def test_what_the_protocol_does_not_allow_is_usage() -> None:
    """A typed value that no message takes is told as the user's, with the field."""
    with pytest.raises(UsageError, match=r"until: .*; correct it"), options.checked():
        SetFact(id="1", shop="tea", name="price", value=1, until=10**15)
