"""Characters that pass for others: look-alikes of Latin letters, and Traditional forms of Simplified characters.

The Latin table is our own and holds only what a reader cannot tell apart in common fonts; the Traditional table is the
character dictionary of the OpenCC package, read once. Phrases are left alone: one character always gives one character, so
that lengths, and with them columns in explanations, stay what viewers typed.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_CYRILLIC = ("АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝһ", "ABESIJKMHOPCTYXaesijopcyxdqwh")
_GREEK = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορχι", "ABEZHIKMNOPTYXavopxi")
_OTHER = ("ıɑɡℓ꞉ոսօց", "iagl:nuog")

LATIN: dict[str, str] = {
    strange: latin for pair in (_CYRILLIC, _GREEK, _OTHER) for strange, latin in zip(*pair, strict=True)
}


@cache
def simplified() -> dict[str, str]:
    """Traditional character → Simplified character, about 4,000 of them; the first choice where there are several."""
    text = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    table: dict[str, str] = {}
    for line in text.splitlines():
        source, _, targets = line.partition("\t")
        target = targets.split(" ")[0]
        if len(source) == 1 and len(target) == 1 and source != target:
            table[source] = target
    # A chain would make the map not idempotent: follow it to its end.
    return {source: table.get(target, target) for source, target in table.items()}
