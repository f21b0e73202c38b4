"""Rebalance a book: a view on the scenarios, what trading costs, and how many names to hold.

The draws are a toy; those of `ms.revalue` or any other table do as well.
"""

import numpy as np

import marketsim as ms

chance = np.random.default_rng(0)
tickers = ("NVDA", "AVGO", "TSM", "MU", "GEV", "CEG", "VRT", "EQIX")
boom = chance.random(4_000) < 0.6
common = np.where(boom, 0.15, -0.25) + 0.2 * chance.standard_t(5, boom.size)
own = 0.2 * chance.standard_t(5, (boom.size, len(tickers)))
exposure = np.array([1.4, 1.2, 1.0, 1.3, 0.9, 0.6, 1.2, 0.4])
returns = ms.ReturnScenarios(
    np.expm1(0.6 * common[:, None] * exposure + own + 0.03),
    tickers,
    regimes=np.where(boom, "boom", "slump"),
)
held = {"NVDA": 0.3, "MU": 0.2, "VRT": 0.2, "CEG": 0.15, "EQIX": 0.15}

# What I believe: a slump is likelier than the scenarios say, all else as little changed as can be.
believed = ms.view(returns, "P(slump) == 0.5", "mean(NVDA) >= mean(MU)")

choice = ms.allocate(
    believed,
    ms.ExpectedReturn()
    - 0.5 * ms.CVaR(0.95, radius=0.002)  # the worst CVaR of distributions as near as that
    - ms.terms.TransactionCost(0.001, held)
    - ms.terms.MarketImpact(0.01, held),
    max_weight=0.3,
    limits=[
        ms.limits.Turnover(0.4, held),
        ms.limits.Holdings(at_most=5, min_position=0.05),
        ms.limits.Group("chips", ["NVDA", "AVGO", "TSM", "MU"], at_most=0.6),
        ms.limits.RegimeLoss("slump", at_most=0.15),
    ],
)
print(choice)
print(choice.weights[choice.weights > 0].round(3).to_string())
print(choice.duals[choice.duals.abs() > 1e-6].round(4).to_string())  # what each limit costs
print(choice.certificate)
