"""Assumptions on how models are served: what the roofline computes with."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal
from marketsim.model.tree import pytree
from marketsim.model.units import ARCHITECTURES, CLASSES

from .declare import JUDGEMENT, assumption


@pytree
class ServingAssumptions:
    """What a token needs: mechanism 2. Parameters of the model served are in data/models.csv."""

    context_tokens: Array = assumption(
        "tokens",
        "context held in the cache of a sequence",
        lognormal((3_000.0, 5_000.0, 20_000.0), (0.4, 0.4, 0.5)),
        JUDGEMENT,
        CLASSES,
    )
    prompt_tokens: Array = assumption(
        "ratio",
        "prompt tokens computed (not found in the cache) per token answered",
        lognormal((4.0, 2.0, 1.5), (0.4, 0.4, 0.4)),
        "data/facts/inference_demand.csv: OpenRouter prompts are over ten times the completions, "
        "most of it cached",
        CLASSES,
    )
    speed_growth: Array = assumption(
        "per year",
        "growth of the decoding speed a class requires",
        normal((0.0, 0.05, 0.10), (0.03, 0.05, 0.08)),
        JUDGEMENT,
        CLASSES,
    )
    speed_worth: Array = assumption(
        "ratio",
        "largest cost of decode, over its bare arithmetic, that a class pays for its speed",
        lognormal((3.0, 8.0, 40.0), (0.3, 0.3, 0.5)),
        JUDGEMENT,
        CLASSES,
    )
    reduce_time: Array = assumption(
        "microseconds",
        "time scale of adding up partial results: t x (sqrt(chips) - 1)",
        lognormal((2.0, 2.0, 0.4), (0.2, 0.2, 0.4)),
        "Erdil 2025, arXiv 2506.04645: about 2 on NVLink; less where chips run in lockstep",
        ARCHITECTURES,
    )
