"""A company of your own, from invented figures to its forecast.

A folder of rows does the same for `marketsim run --add`.
"""

import numpy as np
import pandas as pd

import marketsim as ms

ends = pd.date_range("2022-03-31", "2025-09-30", freq="QE")
facts = ms.load_facts(as_of="2025-12-31")
with_mine = ms.add_company(
    facts,
    "XYZ",
    name="Example Works",
    layer="servers",
    share=0.005,  # of what is spent on servers: the median of its prior
    revenue=pd.Series(900 * 1.035 ** np.arange(len(ends)), ends),  # USD m
    published=40,  # days after the end of each quarter
    source="example",
)
print("\n".join(with_mine.added))  # what of its accounts is missing, and what that costs

scenarios = ms.load_scenarios(ms.calibrate(with_mine))
ahead = ms.forecast(scenarios, quarters=4).table
print(ahead[ahead["entity"].str.startswith("XYZ")].to_string(index=False))
