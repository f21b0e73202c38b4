"""Writes the report of a run: one HTML page that needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..files import replace_file
from .contents import RunContents
from .decision_section import (
    alternatives_sentence,
    alternatives_table,
    parts_table,
    reasons_sentence,
    reasons_table,
    trades_sentence,
    trades_table,
)
from .evidence import fit_sentence, flagship_series
from .firmness import nearly
from .formats import layer_name, percent, readable, sentence
from .frontier_figure import frontier_panels
from .marks import heat_map, layer_strip
from .narrative import figures_of_merit, story
from .outlook_section import binding_legend, binding_panels, outlook_table, outside_table
from .palette import RegimeStyle, layer_colour, regime_styles
from .panels import Panel, fan_panel, fit_panel
from .paradox_section import paradox_legend, paradox_panels, paradox_sentence, paradox_table
from .provenance import provenance, subtitle
from .regime_story import bands_note, columns_note
from .stress_section import (
    losers_table,
    movers_table,
    odds_table,
    stress_head,
    stress_sentence,
    tilted_sentence,
    world_sentence,
    worlds_table,
)
from .svg import swatch
from .tables import (
    allocation_table,
    apart_sentence,
    apart_table,
    fit_table,
    growth_regimes,
    information_table,
    neutral_table,
    regime_table,
    sensitivity_table,
    top_assumptions,
    valuation_table,
)
from .template import render
from .value_section import (
    assumed_sentence,
    expected_parts,
    implied_table,
    value_figure,
    value_legend,
    value_sentence,
    value_table,
)

__all__ = ["report_html", "write_report"]

MARKED = "chosen", "least CVaR", "equal weight", "benchmark"
"""Portfolios that are marked beside the frontier."""


def write_report(path: Path, contents: RunContents) -> Path:
    """Write the report of a run as one self-contained page.

    Parameters
    ----------
    path : Path
        The file to write; replaced as a whole or not at all.
    contents : RunContents
        The results to show. The same contents give the same bytes.

    Returns
    -------
    Path
        `path`.
    """
    path = Path(path)
    replace_file(path, report_html(contents).encode())
    return path


def report_html(contents: RunContents) -> str:
    """The page itself."""
    styles = regime_styles(contents.regimes, contents.banded)
    return render(
        "report.html.j2",
        {
            "title": "What to own if computing gets cheaper",
            "subtitle": subtitle(contents.meta),
            "warnings": list(contents.meta.get("warnings", ())),
            "merits": figures_of_merit(contents),
            "story": story(contents),
            "layer_strip": layer_strip(contents.layer_weights),
            "layer_legend": _layer_legend(contents),
            "allocation": allocation_table(contents),
            "growth_columns": len(growth_regimes(contents)),
            "nearly": nearly(contents) if len(contents.ranges) else "",
            "columns_note": columns_note(contents),
            "bands_note": bands_note(contents),
            "unheld": _unheld(contents),
            "solved": _solved(contents),
            "styles": styles,
            "swatches": [swatch(style.colour, style.dash) for style in styles],
            "scenarios": _scenarios(contents),
            "regimes": regime_table(contents),
            "regimes_measured": bool(contents.by_scenario["error"].notna().any()),
            "revenue": _revenue(contents, styles),
            "reasons": reasons_table(contents) if len(contents.reasons) else None,
            "reasons_sentence": reasons_sentence(contents),
            "parts": parts_table(contents),
            "trades": trades_table(contents) if len(contents.trades) else None,
            "trades_sentence": trades_sentence(contents),
            "alternatives": alternatives_table(contents) if len(contents.alternatives) else None,
            "alternatives_sentence": alternatives_sentence(contents),
            "frontier": _frontier(contents),
            "value": value_table(contents),
            "value_parts": 1 + len(expected_parts(contents)),
            "value_sentence": value_sentence(contents),
            "value_figure": value_figure(contents),
            "value_legend": value_legend(contents),
            "assumed_sentence": assumed_sentence(contents),
            "world": _world(contents, styles),
            "binding": binding_panels(contents),
            "binding_legend": binding_legend(contents),
            "outlook": outlook_table(contents),
            "outlook_regime": sentence(readable(contents.likeliest(1)[0])),
            "outside": outside_table(contents),
            "paradox": paradox_panels(contents.paradox, contents.elasticity),
            "paradox_legend": paradox_legend(contents.paradox),
            "paradox_table": paradox_table(contents),
            "paradox_sentence": paradox_sentence(contents),
            "tornado": sensitivity_table(contents),
            "heat_map": _heat(contents),
            "assumed": valuation_table(contents),
            "information": information_table(contents),
            "implied": implied_table(contents),
            "apart": apart_table(contents),
            "apart_sentence": apart_sentence(contents),
            "neutral": neutral_table(contents),
            "stress_head": stress_head(contents),
            "stress_sentence": stress_sentence(contents),
            "stress_worlds": worlds_table(contents),
            "stress_world": world_sentence(contents),
            "stress_movers": movers_table(contents),
            "stress_losers": losers_table(contents),
            "stress_odds": odds_table(contents),
            "stress_tilted": tilted_sentence(contents),
            "fit_sentence": fit_sentence(contents),
            "fit": fit_table(contents),
            "fit_panels": _fits(contents),
            "provenance": provenance(contents.meta),
        },
    )


def _frontier(contents: RunContents) -> list[Panel]:
    """The frontier with the alternatives on it; nothing where it is a point, or not known."""
    found = contents.frontier
    if found is None or len(found.choices) < 2:
        return []
    held = contents.alternative_weights
    marked = {name: held[name] for name in MARKED if name in held}
    curve, weights = frontier_panels(found, marked)
    note = "share of the portfolio, by expected return"
    return [replace(curve, title="Expected return by CVaR"), replace(weights, note=note)]


def _layer_legend(contents: RunContents) -> list[tuple[str, str, str]]:
    return [
        (layer_colour(str(layer)), layer_name(str(layer)), percent(float(weight)))
        for layer, weight in contents.layer_weights.items()
    ]


def _unheld(contents: RunContents) -> list[str]:
    return sorted(
        contents.name(str(ticker))
        for ticker in contents.examined.index
        if ticker not in contents.held.index
    )


def _solved(contents: RunContents) -> str:
    choice = contents.allocation
    return f"Solved by {choice.solver}, status {choice.status}."


def _scenarios(contents: RunContents) -> list[dict[str, object]]:
    return [
        {
            "name": sentence(readable(regime)),
            "probability": percent(float(row["probability"]), 0),
            "thesis": str(row["thesis"]),
            "shifts": [
                part.strip()
                for part in str(row["shifts"]).replace(";", "\n").splitlines()
                if part.strip()
            ],
        }
        for regime, row in contents.scenarios.iterrows()
    ]


def _revenue(contents: RunContents, styles: list[RegimeStyle]) -> list[Panel]:
    """Fans of the leading company and the eight largest other holdings, in this order."""
    fan = contents.revenue_fan
    others = [str(ticker) for ticker in contents.companies.index if ticker != contents.leader]
    return [
        fan_panel(
            rows,
            styles,
            contents.name(ticker),
            "USD bn a quarter",
            _share(contents, ticker),
        )
        for ticker in [contents.leader, *others[:8]]
        if not (rows := fan[fan["ticker"] == ticker]).empty
    ]


def _share(contents: RunContents, ticker: str) -> str:
    held = float(contents.held.get(ticker, 0.0))
    return f"{percent(held)} of the portfolio" if held else "not held"


def _world(contents: RunContents, styles: list[RegimeStyle]) -> list[Panel]:
    return [
        fan_panel(rows, styles, sentence(readable(name)), str(rows["unit"].iloc[0]))
        for name, rows in contents.world_fan.groupby("quantity", sort=False)
    ]


def _heat(contents: RunContents) -> str:
    """Value per standard deviation by company, companies side by side in their layers."""
    order = {layer: place for place, layer in enumerate(dict.fromkeys(contents.layers.values()))}
    tickers = sorted(
        (str(t) for t in contents.weights.index if f"value_{t}_per_sd" in contents.sensitivities),
        key=lambda ticker: (order.get(contents.layer(ticker), len(order)), ticker),
    )
    top = top_assumptions(contents, 12)
    if not tickers or top.empty:
        return ""
    table = top[[f"value_{ticker}_per_sd" for ticker in tickers]].set_axis(tickers, axis=1)
    return heat_map(table, contents.layers)


def _fits(contents: RunContents) -> list[Panel]:
    """NVIDIA's data centres first, then the other series in their order, twelve at most."""
    paths, units = contents.fit_paths, _units(contents.fit)
    first = flagship_series(contents)
    names = [str(name) for name in dict.fromkeys(paths["series"])]
    order = sorted(names, key=lambda name: name != first)[:12]
    return [
        fit_panel(
            paths[paths["series"] == name].sort_values("quarter_end"),
            sentence(readable(name)),
            units.get(name, ""),
        )
        for name in order
    ]


def _units(fit: pd.DataFrame) -> dict[str, str]:
    return {str(series): str(unit) for series, unit in zip(fit["series"], fit["unit"], strict=True)}
