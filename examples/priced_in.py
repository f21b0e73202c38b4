"""Ask prices what they assume, of one company and of two together."""

import marketsim as ms

paths = ms.simulate(ms.load_scenarios(ms.calibrate(ms.load_facts())), draws=1_000)
returns = ms.revalue(paths, ms.load_prices(paths.companies))

# One belief at a time: which elasticity, which growth, which odds of regimes pay Micron's price?
micron = ms.implied(returns, "MU", of=["elasticity", "growth", "regimes"], together=False)
print(micron)

# The two companies together: beliefs about the world have to serve both.
both = ms.implied(returns, ["NVDA", "MU"], of=["elasticity", "saturation", "growth", "regimes"])
print(f"\nsurprise {both.surprise:.2f} nats, of it growth of their own {both.parts['growth']:.2f}")
print(both.companies[["value_over_market", "growth", "growth_deviations"]])
