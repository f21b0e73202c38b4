"""What has to be true for a portfolio to lose 30 %, and what if money became dear."""

import marketsim as ms

posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
scenarios = ms.load_scenarios(posterior)
paths = ms.simulate(scenarios, draws=1_000, seed=0)
returns = ms.revalue(paths, ms.load_prices(paths.companies), horizon="1y")
choice = ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)

found = ms.reverse_stress(choice, loss=0.30)
print(found)  # the most plausible world in which it does, and two others
print(found.worlds[0].macro)  # capital spending, compute, rent by year, beside the calibrated world

half = {"NVDA": 0.5, "EQIX": 0.5}  # any weights will do
print(ms.reverse_stress(half, loss=0.20, returns=returns, noise=False, regime="bear"))
print(ms.stress(choice, {"hurdle_rate": 0.16, "elasticity": "x0.9", "power_lead_time": 5}))
