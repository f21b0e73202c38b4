"""Options that several commands share, and how what is typed is read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

__all__ = [
    "DATE",
    "Add",
    "Aim",
    "AsOf",
    "AsOfPrices",
    "Believe",
    "Cap",
    "Cost",
    "Draws",
    "Held",
    "LayerCap",
    "Limits",
    "MaxWeight",
    "Money",
    "NeutralTo",
    "Normalise",
    "Out",
    "Prices",
    "Risk",
    "Scenarios",
    "Seed",
    "Tickers",
    "iso",
    "listed",
    "neutral_of",
    "scenarios_of",
    "weights_of",
]

DATE: Final = ["%Y-%m-%d"]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", show_default="runs/<id>", help="Folder to write."),
]
Prices = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", show_default="embedded", help="CSV or Parquet of closes, or yahoo."
    ),
]
Believe = Annotated[
    str | None,
    typer.Option(
        metavar="TICKERS",
        show_default="none",
        help="Tickers of a file whose closes are taken as they stand, jumps and all, as XYZ,ABC.",
    ),
]

Add = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Facts, companies and lines of your own, beside those that ship with marketsim.",
    ),
]
MaxWeight = Annotated[float, typer.Option(help="Cap on every company.")]
Cap = Annotated[
    list[str] | None,
    typer.Option(metavar="TICKER=WEIGHT", help="Cap on one company; may be repeated."),
]
LayerCap = Annotated[
    list[str] | None,
    typer.Option(metavar="LAYER=WEIGHT", help="Cap on a layer; may be repeated."),
]

NeutralTo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ASSUMPTION=WITHIN",
        help="Most by which the expected return may change for a standard deviation of an "
        "assumption, as in hurdle_rate=0.03; may be repeated.",
    ),
]

Tickers = Annotated[
    str | None,
    typer.Option(
        metavar="TICKERS",
        show_default="all priced",
        help="Companies that may be held, as in NVDA,AMD; the others stay in the model.",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LIMIT",
        help='May be repeated: "Holdings(at_most=10)", "Turnover(0.2, current)", '
        '"RegimeLoss(\'bear\', 0.2)", "CVaR(0.95) <= 0.15".',
    ),
]
Aim = Annotated[
    str | None,
    typer.Option(
        metavar="SUM",
        show_default="return within --risk",
        help='In place of --risk: terms as in "ExpectedReturn() - 2 * CVaR(0.95)".',
    ),
]
Held = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What is held now: columns ticker and weight, or ticker and shares (of cash, USD).",
    ),
]
Money = Annotated[
    float | None,
    typer.Option(metavar="USD", show_default="that of the shares", help="What all is worth."),
]
Cost = Annotated[float, typer.Option(help="Of trades, a fraction of what is bought and sold.")]

Scenarios = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES|FILE",
        show_default="all",
        help="Some of the scenarios, as in bull,bear, or a TOML file.",
    ),
]
Normalise = Annotated[
    bool,
    typer.Option(
        "--normalise", help="Take probabilities of a file that do not sum to 1 in proportion."
    ),
]
Draws = Annotated[int, typer.Option(min=2, help="Simulated worlds.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same results.")]
Risk = Annotated[float, typer.Option(help="CVaR that may be taken, over that of the benchmark.")]


def _decision(support: str, was: str) -> Any:
    """Return the option of a decision date, by default the newest that the data support."""
    return typer.Option(
        formats=DATE,
        metavar="DATE",
        show_default=f"the newest that {support} support",
        help=f"Use only what was {was} by then.",
    )


AsOf = Annotated[datetime | None, _decision("the facts", "published")]
AsOfPrices = Annotated[datetime | None, _decision("facts and prices", "published and priced")]


def iso(date: datetime | None) -> str | None:
    """A day as the library takes it."""
    return None if date is None else date.date().isoformat()


def listed(text: str | None) -> tuple[str, ...] | None:
    """`a,b` as names."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def scenarios_of(text: str | None) -> tuple[str, ...] | Path | None:
    """Names, or the path of a TOML file."""
    return Path(text) if text is not None and text.endswith(".toml") else listed(text)


def weights_of(
    pairs: list[str] | None, option: str, right: str = "no cap; write NAME=WEIGHT, as in NVDA=0.05"
) -> dict[str, float] | None:
    """`["NVDA=0.05"]` as a mapping; ``right`` says of what is wrong what would be right."""
    weights: dict[str, float] = {}
    for pair in pairs or ():
        name, _, text = (part.strip() for part in pair.partition("="))
        try:
            weight = float(text)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(f"'{pair}' is {right}", param_hint=option)
        if name in weights:
            raise typer.BadParameter(f"'{name}' is given twice", param_hint=option)
        weights[name] = weight
    return weights or None


def neutral_of(pairs: list[str] | None, option: str = "--neutral-to") -> dict[str, float] | None:
    """`["hurdle_rate=0.03"]` as a mapping."""
    right = "no limit; write ASSUMPTION=WITHIN, as in hurdle_rate=0.03"
    return weights_of(pairs, option, right)
