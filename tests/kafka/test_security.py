"""TLS, certificates of clients, SASL PLAIN and SCRAM-SHA-512 against a real broker; what is refused, and that no secret is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.bus import open_bus
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create
from engine.bus.port import Committed, Outgoing
from engine.errors import BusUnavailable, Exit
from engine.settings import BusSettings, KafkaSettings
from tests.contract.owning import room_of, sole_owner, values
from tests.kafka import shared
from tests.kafka.broker import Broker
from tests.kafka.certificates import Authority, Signed
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.conftest import folders as folders  # noqa: PLC0414 - fixtures that `invoke` needs
from tests.unit.cli.conftest import invoke as invoke  # noqa: PLC0414 - a fixture

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

USER, PASSWORD = "engine", "correct-horse-5577"
WRONG = "wrong-horse-9931"
PARTITIONS = 2


@dataclass(frozen=True)
class Secured:
    """A broker that lets nobody in unseen, and what one needs to get in."""

    broker: Broker
    ca: Path
    other_ca: Path
    client: Signed
    password_file: Path
    wrong_file: Path

    def settings(self, way: str, **changes: object) -> KafkaSettings:
        """How one gets in: tls, mutual, plain or scram."""
        fields: dict[str, object] = {"tls": True, "ca": self.ca, "session_timeout_s": 6, "request_timeout_s": 5}
        if way == "mutual":
            fields |= {"certificate": self.client.certificate, "key": self.client.key}
        elif way != "tls":
            mechanism = "PLAIN" if way == "plain" else "SCRAM-SHA-512"
            fields |= {"sasl": mechanism, "username": USER, "password_file": self.password_file}
        return KafkaSettings.model_validate(fields | changes)

    def address(self, way: str) -> str:
        return self.broker.address({"tls": "TLS", "mutual": "MUTUAL"}.get(way, "LOGIN"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One broker with a listener for each way."""
    shared.own_broker_possible()
    folder = tmp_path_factory.mktemp("secured")
    authority, other = Authority(folder / "ca", "ours"), Authority(folder / "other", "theirs")
    server, client = authority.sign("broker"), authority.sign("client")
    password, wrong = folder / "password", folder / "wrong"
    password.write_text(PASSWORD + "\n")
    wrong.write_text(WRONG + "\n")
    login = "org.apache.kafka.common.security"
    broker = Broker(
        folder / "broker",
        listeners={"TLS": "SSL", "MUTUAL": "SSL", "LOGIN": "SASL_SSL"},
        scram={USER: PASSWORD},
        settings={
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(server.both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.certificate),
            "listener.name.mutual.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.login.plain.sasl.jaas.config": (
                f'{login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            ),
            "listener.name.login.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
        },
    )
    broker.start()
    yield Secured(broker, authority.certificate, other.certificate, client, password, wrong)
    broker.kill()


@pytest.mark.parametrize("way", ["tls", "mutual", "plain", "scram"])
async def test_the_bus_works(secured: Secured, way: str, caplog: pytest.LogCaptureFixture) -> None:
    """It makes topics, writes, reads, joins the group and commits; not even the most talkative log holds the password."""
    caplog.set_level(logging.DEBUG)
    access = Access(secured.address(way), secured.settings(way))
    settings = BusSettings(
        url=f"kafka:{secured.address(way)}", prefix=shared.fresh_prefix(), partitions=PARTITIONS, kafka=access.settings
    )
    await create(access, Shape(Layout(settings.prefix, PARTITIONS)))
    bus = await open_bus(settings)
    room = room_of(0, PARTITIONS)
    (position,) = await bus.publish([Outgoing("comments", room, b"hello")])
    assert values(await bus.read("comments", 0, position.offset)) == [b"hello"]
    owner = await sole_owner(bus, settings.group)
    batch = owner.batch(0, Outgoing("decisions", room, b"d", partition=0), offsets={"comments": 1})
    assert await owner.member.commit([batch]) == [Committed()]
    await bus.close()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr((access, settings, access.settings))


@pytest.mark.parametrize(
    ("way", "spoilt", "told"),
    [
        ("plain", "password", "Authentication failed"),
        ("scram", "password", "credentials"),
        ("tls", "authority", "certificate verify failed"),
        ("mutual", "no certificate", "closed"),
        ("tls", "no tls", ""),
    ],
)
async def test_who_may_not_in_is_told_why_in_a_sentence(
    secured: Secured, caplog: pytest.LogCaptureFixture, way: str, spoilt: str, told: str
) -> None:
    """A wrong password, an authority that is not trusted, a certificate that is missing: one sentence, no secret in any log."""
    caplog.set_level(logging.DEBUG)
    spoiling: dict[str, dict[str, object]] = {
        "password": {"password_file": secured.wrong_file},
        "authority": {"ca": secured.other_ca},
        "no certificate": {"certificate": None, "key": None},
        "no tls": {"tls": False, "ca": None, "request_timeout_s": 2},
    }
    settings = secured.settings(way, **spoiling[spoilt])
    with pytest.raises(BusUnavailable) as caught:
        await create(Access(secured.address(way), settings), Shape(Layout(shared.fresh_prefix(), PARTITIONS)))
    sentence = str(caught.value)
    assert told.lower() in sentence.lower()
    assert "\n" not in sentence
    assert PASSWORD not in caplog.text + sentence
    assert WRONG not in caplog.text + sentence


def test_the_command_tells_it_in_a_line(secured: Secured, invoke: Invoke, tmp_path: Path) -> None:
    """`livechat topics check` with a wrong password, from a file of settings."""
    config = tmp_path / "livechat.toml"
    config.write_text(
        f'[bus]\nurl = "kafka:{secured.address("scram")}"\n[bus.kafka]\ntls = true\nca = "{secured.ca}"\nsasl = "SCRAM-SHA-512"\n'
        f'username = "{USER}"\npassword_file = "{secured.wrong_file}"\n'
    )
    shown = invoke("topics", "check", "--config", config)
    assert shown.exit_code == Exit.UNAVAILABLE
    assert shown.stderr.startswith("livechat: ")
    assert shown.stderr.count("\n") == 1
    assert WRONG not in shown.stderr
    printed = invoke("config", "--config", config)
    assert printed.exit_code == 0
    assert WRONG not in printed.stdout
