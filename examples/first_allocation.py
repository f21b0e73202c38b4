"""From published facts to an allocation in ten lines: what to own if computing gets cheaper."""

import marketsim as ms

facts = ms.load_facts(as_of="2025-12-31")
posterior = ms.calibrate(facts)
scenarios = ms.load_scenarios(posterior)  # bull, base, bear, ... from data/scenarios.toml
paths = ms.simulate(scenarios, draws=10_000, seed=0)
prices = ms.load_prices(paths.companies)  # embedded snapshot, or yfinance with a cache
returns = ms.revalue(paths, prices, horizon="1y")
choice = ms.allocate(returns, objective=ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)
print(choice.weights, choice.by_scenario)
print(ms.sensitivities(choice))  # what moves the portfolio, by how much
