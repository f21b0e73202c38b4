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
    layer_latency: Array = assumption(
        "microseconds",
        "time of a layer on any group of chips: launch of its kernels, start of two reductions",
        lognormal((30.0, 16.0, 4.0), (0.45, 0.45, 0.5)),
        "Erdil 2025, arXiv 2506.04645: 4 a kernel of four, with NCCL 6.8 a reduction, on TPUs 0; "
        "best fused kernels about 10 in all; about 65 in vLLM's performance benchmark 9515, 2024 "
        "(Llama 3 on H200, beyond reading); less where chips run a fixed schedule",
        ARCHITECTURES,
    )
    reduction_latency: Array = assumption(
        "microseconds",
        "time of a reduction for each doubling of the chips that take part",
        lognormal((2.8, 2.5, 0.5), (0.45, 0.45, 0.5)),
        "Erdil 2025: 2 x 0.6 for each further chip of eight with NCCL, so 2.8 a doubling; custom "
        "kernels, which write to all at once, about 1; TPU v4 2 a further chip of a ring of four, "
        "half of it both ways round, so 2 to 3",
        ARCHITECTURES,
    )
    node_latency: Array = assumption(
        "microseconds",
        "further time of a reduction for each doubling of the nodes it spans",
        lognormal((7.0, 2.0, 0.3), (0.45, 0.5, 0.5)),
        "Erdil 2025: 2 x 5 a doubling with NCCL, 7 beyond one within a node; 1.9 to 3.6 times less "
        "with NVRAR, arXiv 2511.09557",
        ARCHITECTURES,
    )
    link_bandwidth: Array = assumption(
        "ratio",
        "rate at which a chip's links add up results, over its memory bandwidth",
        lognormal((0.05, 0.08, 0.03), (0.35, 0.4, 0.8)),
        "Erdil 2025: H100 225 GB/s of 3,350 (half of it where latency is kept low), TPU v4 250 of "
        "1,600, Groq 165 of 80,000, but in stages of few chips; a wafer is its own network",
        ARCHITECTURES,
    )
