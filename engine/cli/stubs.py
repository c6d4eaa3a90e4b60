"""A gap's stub and the shop's folder: where it goes, what fills it, and the edit itself, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import PoolError, UsageError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

    from engine.pool.load import Loaded

EMPTY: Final = '""'
NUMBERS: Final = frozenset({"value", "link", "floor", "ceiling"})
"""Keys whose value may be a number."""
NEW: Final = "intents/gaps.yaml"
"""Where an intent goes that no file of the shop has."""
WIDTH: Final = 4_096  # no line is broken: texts are one line


def filled(stub: str, values: Mapping[str, str]) -> str:
    """The stub with what a person knows, by key. Raises `UsageError` where it has no such empty place."""
    for key, given in values.items():
        place = f" {key}: {EMPTY}"
        if place not in stub:
            empty = ", ".join(empty_keys(stub)) or "nothing"
            raise UsageError(f"this stub has no empty `{key}`; empty in it: {empty}")
        number = key in NUMBERS and _is_number(given)
        stub = stub.replace(place, f" {key}: {given if number else json.dumps(given, ensure_ascii=False)}", 1)
    return stub


def appendable(stub: str) -> str:
    """The stub as `>>` may add it to a file: one of intents as a document of its own, also where the file's last line has no end."""
    return f"\n---\n{stub}" if "intents" in _parsed(stub) else stub


def empty_keys(stub: str) -> list[str]:
    """The keys that a person has to fill in."""
    return [line.strip().partition(":")[0] for line in stub.splitlines() if line.endswith(f": {EMPTY}")]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.replace(".", "", 1).lstrip("-").isdigit()


def places(stub: str, base: Path, shop: Path) -> Iterator[str]:
    """Where each part of the stub belongs, with file and line where it stands already. Raises `PoolError` where the shop cannot be read."""
    from engine.pool.load import load

    loaded = load(base, shop)
    content = _parsed(stub)
    for intent in content.get("intents", {}):
        merged = loaded.intents.get(intent)
        own = [spot for spot in merged.spots if _is_in(spot.file, shop)] if merged is not None else []
        if own:
            yield f"`{intent}` stands at {own[-1].problem('', '').place}"
        elif merged is not None:
            yield f"`{intent}` is of the pack ({merged.spots[0].problem('', '').place}): a new file of {shop / 'intents'} adds to it"
        else:
            yield f"`{intent}` is new: a new file of {shop / 'intents'}"
    for product in content.get("products", {}):
        known = product in loaded.pool.products
        yield (
            f"`{product}` stands at {loaded.catalogue.problem('', '', 'products', product).place}"
            if known
            else f"`{product}` is new: {shop / 'catalogue.yaml'}"
        )
    if "facts" in content:
        yield f"facts of the shop stand at {loaded.catalogue.problem('', '', 'facts').place}"
    if "shop" in content:
        yield f"the languages stand in {shop / 'shop.yaml'}"


def write(stub: str, base: Path, shop: Path) -> Sequence[str]:
    """Make the edit in the shop's folder; what was changed, a line each. Raises `UsageError` where something is still empty, `PoolError`
    where the pool would refuse it: then every file is as it was."""
    from engine.pool.load import load

    empty = empty_keys(stub)
    if empty:
        how = " ".join('--text "…"' if key == "text" else f"--fill {key}=…" for key in empty)
        raise UsageError(f"only a person knows what is still empty in it: say it with `{how}`")
    before: dict[Path, bytes | None] = {}
    try:
        _merge(_parsed(stub), load(base, shop), shop, before)
        load(base, shop)
    except BaseException as error:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        if isinstance(error, PoolError):
            raise PoolError(error.problems) from None
        raise
    return [f"{'made' if content is None else 'changed'} {path}" for path, content in before.items()]


def _merge(stub: Mapping[str, Any], loaded: Loaded, shop: Path, before: dict[Path, bytes | None]) -> None:
    for intent, entry in stub.get("intents", {}).items():
        merged = loaded.intents.get(intent)
        own = [spot.file for spot in merged.spots if _is_in(spot.file, shop)] if merged is not None else []
        _edit(Path(own[-1]) if own else shop / NEW, {"intents": {intent: entry}}, before)
    if "shop" in stub:
        _edit(shop / "shop.yaml", {"shop": stub["shop"]}, before)
    catalogue = {key: stub[key] for key in ("facts", "products") if key in stub}
    if catalogue:
        _edit(shop / "catalogue.yaml", catalogue, before)


def _is_in(file: str, shop: Path) -> bool:
    return Path(file).resolve().is_relative_to(shop.resolve())


def _edit(path: Path, more: Mapping[str, Any], before: dict[Path, bytes | None]) -> None:
    yaml = _yaml()
    old = path.read_bytes() if path.exists() else None
    before.setdefault(path, old)
    documents = [one for one in yaml.load_all(old.decode("utf-8")) if one is not None] if old else []
    content = next((one for one in reversed(documents) if _has(one, more)), documents[-1] if documents else {})
    documents = documents or [content]
    _put(content, more)
    sold = {str(product["name"]) for product in more.get("products", {}).values() if "name" in product}
    if sold and content.get("not_sold"):
        content["not_sold"] = [good for good in content["not_sold"] if good not in sold]
    out = StringIO()
    yaml.dump_all(documents, out)
    path.parent.mkdir(exist_ok=True)
    path.write_text(out.getvalue(), encoding="utf-8")


def _has(document: Any, more: Mapping[str, Any]) -> bool:
    """Whether a document has one of the intents that are edited."""
    return any(intent in document.get("intents", {}) for intent in more.get("intents", {}))


def _put(into: Any, more: Mapping[str, Any]) -> None:
    """Keys at their places, lines appended, a reply with a known id changed."""
    for key, value in more.items():
        known = into.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            _put(known, value)
        elif key == "replies" and known is not None:
            by_id = {reply["id"]: reply for reply in known}
            for reply in value:
                if reply["id"] in by_id:
                    by_id[reply["id"]].update(reply)
                else:
                    known.append(reply)
        elif isinstance(value, list) and isinstance(known, list):
            known.extend(line for line in value if line not in known)
        else:
            into[key] = value


def _parsed(stub: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(stub)


def _yaml() -> YAML:
    """Reads and writes a file with its comments and quotes as they are."""
    from ruamel.yaml import YAML

    yaml = YAML(pure=True)
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
