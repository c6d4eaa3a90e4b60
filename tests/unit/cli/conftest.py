"""A shop on disk whose model trains in a moment, and a runner of commands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from tests.unit.pool.shops import CATALOGUE, GUARD, SCRIPT, SHOP
from tests.unit.understanding.conftest import BACKGROUND, EXAMPLES

KINDS = {"social.greeting": "chatter", "abuse.insult": "abuse"}
REPLIES = """\
intents:
  product.price:
    needs_product: true
    keywords: ["re: ^多少钱$"]
    replies:
      - {id: price-zh, text: "{product}今天{price}，拍{link}号。"}
      - {id: price-en, lang: en, text: "{product} is {price} today."}
  shipping.dispatch:
    replies:
      - {id: dispatch, text: "拍下{dispatch_hours}小时之内发。"}
"""

Invoke = Callable[..., Result]


def pack() -> str:
    """A base pack of the toys' lines."""
    lines = ["intents:"]
    for intent, examples in EXAMPLES.items():
        lines += [
            f"  {intent}:",
            f"    title: {{zh: {intent}, en: About {intent}}}",
            f"    kind: {KINDS.get(intent, 'question')}",
        ]
        lines += ["    examples:", *(f'      - "{example}"' for example in examples)]
    return "\n".join(lines) + "\n"


def write_shop(root: Path) -> tuple[Path, Path]:
    """The folders of a base pack and a shop."""
    files = {
        "base/pack.yaml": pack(),
        "base/background/idle.txt": "\n".join(BACKGROUND) + "\n",
        "shop/shop.yaml": SHOP,
        "shop/catalogue.yaml": CATALOGUE,
        "shop/guard.yaml": GUARD,
        "shop/intents/replies.yaml": REPLIES,
        "shop/scripts/evening.yaml": SCRIPT,
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root / "base", root / "shop"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`base/`, `shop/` and `cache/`."""
    root = tmp_path_factory.mktemp("cli")
    write_shop(root)
    return root


@pytest.fixture
def base(folders: Path) -> Path:
    return folders / "base"


@pytest.fixture
def shop(folders: Path, tmp_path: Path) -> Path:
    """A test's own: it may write to it."""
    return shutil.copytree(folders / "shop", tmp_path / "own" / "shop")


@pytest.fixture
def invoke(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command line; the model is trained once for all tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders / "cache"))

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return run
