"""Allocate over scenarios that were made elsewhere: any table of draws by companies will do.

The draws here are a two-factor toy; yours may come from a bootstrap, another model or a bank.
"""

import numpy as np
import pandas as pd

import marketsim as ms

chance = np.random.default_rng(0)
draws = 5_000
world = chance.choice(["boom", "slump"], draws, p=[0.7, 0.3])
chips = np.where(world == "boom", 0.25, -0.35) + 0.30 * chance.standard_t(5, draws)
power = np.where(world == "boom", 0.12, -0.05) + 0.20 * chance.standard_t(5, draws)
noise = 0.15 * chance.standard_t(5, (draws, 4))
table = pd.DataFrame(
    {
        "NVDA": 1.2 * chips + noise[:, 0],
        "AVGO": 0.9 * chips + noise[:, 1],
        "GEV": 1.1 * power + noise[:, 2],
        "CEG": 0.8 * power + noise[:, 3],
    }
).clip(lower=-1.0)  # simple returns over the horizon

returns = ms.ReturnScenarios.from_frame(
    table,
    regimes=world,  # and probabilities=..., where draws are not equally likely
    layers={"NVDA": "chips", "AVGO": "chips", "GEV": "power", "CEG": "power"},
)
for objective in (
    ms.CVaR(0.95),
    ms.ExpectedReturn() - 0.5 * ms.CVaR(0.95),
    ms.WorstRegime(),
):
    choice = ms.allocate(returns, objective, max_weight=0.5, layer_caps={"power": 0.7})
    print(choice)
    print(choice.weights.round(3).to_string(), end="\n\n")
print(choice.by_scenario.round(3).to_string())
