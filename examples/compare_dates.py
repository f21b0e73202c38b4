"""Why bull is better than bear, and what changed a forecast from one quarter to the next."""

import marketsim as ms

earlier, now = (ms.calibrate(ms.load_facts(as_of=day)) for day in ("2025-09-30", "2025-12-31"))
before, after = (ms.forecast(ms.load_scenarios(one), 8) for one in (earlier, now))
for ticker in ("NVDA", "MSFT"):
    print(ms.forecasting.forecast_change(before, after, ticker))  # report, guidance, others' plans

scenarios = ms.load_scenarios(now)
paths = ms.simulate(scenarios, draws=1_000, seed=0)
returns = ms.revalue(paths, ms.load_prices(paths.companies), horizon="1y")
choice = ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)
apart = ms.derivatives.regimes_apart(choice, "bear", "bull")
print(apart)  # by assumption, in points of the portfolio's return
print(apart.returns[["NVDA", "EQIX"]])  # and of companies; apart.value, apart.revenue likewise

# Any function with a derivative will do: x y from (0, 0) to (2, 3) owes half to each.
print(ms.derivatives.path_integral(lambda x: (x[0] * x[1], [x[1], x[0]]), [0, 0], [2, 3]))
