"""`livechat fact`: live values of facts, as an operator or a shop's own systems say them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer import Context
from typer.core import TyperCommand

from engine.cli import moments, options, terminal
from engine.clock import wall_clock
from engine.errors import UsageError
from engine.events.fields import MAX_SHORT

if TYPE_CHECKING:
    from engine.events.inputs import FactValue

app = typer.Typer(no_args_is_help=True, help="Set live values of facts: prices, stock, dates.")

OWN: Final = "-"  # on the command line; the shell would expand the `*` of the records
MINUS: Final = "\u2212"
_INTEGER: Final = re.compile(r"-?\d{1,15}")
_NUMBER: Final = re.compile(r"-?\d{1,15}\.\d{1,9}")

ShopId = Annotated[str, typer.Argument(metavar="SHOP", help="Id of the shop.")]
Product = Annotated[
    str, typer.Argument(metavar="PRODUCT", help="Id of the product; `-` for a fact of the shop itself.")
]
FactName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the fact, such as price.")]


class Signed(TyperCommand):
    """A command whose arguments may be numbers below 0: `-3` is no option."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's public Context is its vendored click's
        """A number's `-` becomes a minus sign, which `value_of` reads; what stands behind `--` is left as it is."""
        end = args.index("--") if "--" in args else len(args)
        signed = [MINUS + arg[1:] if arg[:1] == "-" and _is_number(arg) else arg for arg in args[:end]]
        return super().parse_args(ctx, signed + args[end:])


@app.command("set", cls=Signed)
def set_fact(
    shop: ShopId,
    product: Product,
    name: FactName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A number, or a text.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WHEN", help="For how long: 30m, 2h, 1d; or 2026-01-31T20:00:00+08:00."),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Where the value comes from; kept with what is aired.")
    ] = "",
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Set a fact of the catalogue now. It goes before the catalogue until its end, or until it is set again.

    The shop's live pool says which facts there are, and within which bounds. What is on its way with the old value is withdrawn, an
    old price that is being said is cut.
    """
    from engine.cli.signals import complete

    end = moment(until, wall_clock()) if until is not None else None
    typed = value_of(value)
    if len(source) > MAX_SHORT:
        raise UsageError(f"`--source` has {len(source)} characters: shorten it to {MAX_SHORT}")
    complete(_set(url, token, shop, product, name, typed, end, source))
    terminal.say(f"{shop}/{product}/{name} = {typed}" + (f" until {until}" if until else ""))


@app.command("withdraw")
def withdraw_fact(
    shop: ShopId, product: Product, name: FactName, url: options.Url = options.DEFAULT_URL, token: options.Token = ""
) -> None:
    """Withdraw a fact now: nothing that needs it is said until it is set again."""
    from engine.cli.signals import complete

    complete(_set(url, token, shop, product, name, None, None, ""))
    terminal.say(f"{shop}/{product}/{name} withdrawn")


def value_of(text: str) -> FactValue:
    """A number where it is written as one, else text."""
    if text.startswith(MINUS) and _is_number("-" + text[1:]):
        text = "-" + text[1:]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _is_number(text: str) -> bool:
    return bool(_INTEGER.fullmatch(text) or _NUMBER.fullmatch(text))


def moment(text: str, now: int) -> int:
    """`30m` from now, or a time with its zone, as UTC ms. Raises `UsageError`."""
    end = moments.moment("--until", text, now, direction=1)
    if end <= now:
        raise UsageError(f"`--until {text}` is over already")
    return end


async def _set(
    url: str,
    token: str,
    shop: str,
    product: str,
    name: str,
    value: FactValue | None,
    until: int | None,
    source: str,
) -> None:
    from engine.client.operator import Operator
    from engine.events.inputs import ANY_PRODUCT

    async with Operator(url, token=token, patience_s=options.PATIENCE_S) as operator:
        of = ANY_PRODUCT if product in (OWN, ANY_PRODUCT) else product
        with options.checked():
            await operator.set_fact(shop, name, value, product=of, until=until, source=source)
