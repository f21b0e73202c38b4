"""What moves a portfolio, what to find out next, and a hedge of one assumption."""

import marketsim as ms

posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
paths = ms.simulate(ms.load_scenarios(posterior), draws=500, seed=0)
returns = ms.revalue(paths, ms.load_prices(paths.companies), horizon="1y")
choice = ms.runs.decide(returns, limits={"max_weight": 0.15}).choice

print(ms.sensitivities(choice))  # which assumptions move its return and its tail
print(ms.derivatives.value_of_information(choice, count=10))  # what it would be worth to know
print(ms.explain_weight("NVDA", choice))  # why this weight, and what would change it

hedged = ms.derivatives.hedge(choice, "hurdle_rate", within=0.03)
print(hedged)  # cost, trades, who hedges, and what worlds really moved leave of it
print(hedged.after.weights.round(3))

# The same limit among others, and any other thing that returns hang on, such as oil.
neutral = [
    ms.limits.neutral_to("hurdle_rate", within=0.03),
    ms.limits.neutral_to("oil", within=0.01, exposures={"VST": -0.05, "GEV": 0.02}),
]
aim = ms.ExpectedReturn() - ms.CVaR(0.95)
print(ms.allocate(returns, aim, max_weight=0.15, limits=neutral).weights.round(3))
