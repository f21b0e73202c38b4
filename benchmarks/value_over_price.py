"""Does value over price say what shares do in the year after? At past dates, with what was known.

    python benchmarks/value_over_price.py CLOSES [SHARES] [--until 2024-03-31] [--draws 400]

CLOSES is a panel of adjusted daily closes, SHARES a table with columns entity, published and value
(million shares on today's split basis), in place of the shares that ship. At each quarter's end the
model is calibrated, worlds are drawn and valued; the return of the year after, less the mean of all
companies, is regressed on what `pull` multiplies, less its mean. Dates overlap by three quarters of
a year: the standard error takes every fourth for a date of its own.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import marketsim as ms

FIRST = "2020-03-31"


def then(day: pd.Timestamp, shares: pd.DataFrame) -> pd.Series:
    """Shares known on a day, on its split basis, millions by ticker."""
    known = shares[shares["published"] <= day].groupby("entity")["value"].last()
    since = ms.prices.splits_between(ms.load_facts().select("stock_split"), day)
    return known / since.reindex(known.index).fillna(1.0)


def drawn(
    day: pd.Timestamp, panel: pd.DataFrame, shares: pd.DataFrame | None, draws: int
) -> pd.DataFrame:
    """What the model believed of each company on a day, and its return in the year after."""
    posterior = ms.calibrate(ms.load_facts(as_of=day))
    paths = ms.simulate(ms.load_scenarios(posterior), draws=draws)
    held = [ticker for ticker in paths.companies if ticker in panel.columns]
    own = None if shares is None else then(day, shares)
    prices = ms.load_prices(held, source=panel, as_of=day, shares=own)
    found = ms.revalue(paths, prices).world.economics
    closes = [panel.loc[:at].ffill().iloc[-1] for at in (day, day + pd.DateOffset(years=1))]
    gained = pd.Series(np.log(closes[1] / closes[0])).reindex(found.index)
    gap = np.asarray(ms.valuation.returns.believed(found["gap"].to_numpy()))
    rows = pd.DataFrame({"gap": gap, "return": gained})[found["market_cap"].notna()].dropna()
    centred: pd.DataFrame = rows - rows.mean()
    return centred


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("closes")
    parser.add_argument("shares", nargs="?")
    parser.add_argument("--until", default="2024-03-31")
    parser.add_argument("--draws", type=int, default=400)
    asked = parser.parse_args()
    panel = pd.read_csv(asked.closes, index_col="date", parse_dates=True)
    shares = None
    if asked.shares is not None:
        shares = pd.read_csv(asked.shares, parse_dates=["date", "published"]).sort_values("date")
    slopes = {}
    for day in pd.date_range(FIRST, asked.until, freq="QE"):
        rows = drawn(day, panel, shares, asked.draws)
        slopes[day] = float((rows["gap"] * rows["return"]).sum() / (rows["gap"] ** 2).sum())
        rank = float(rows["gap"].corr(rows["return"], "spearman"))
        print(f"{day:%Y-%m-%d}  n {len(rows)}  slope {slopes[day]:+.2f}  rank {rank:+.2f}")
    found = pd.Series(slopes)
    error = found.std() / np.sqrt(len(found) / 4.0)
    print(f"slope a year {found.mean():.2f}, standard error {error:.2f}, {len(found)} dates")


if __name__ == "__main__":
    main()
