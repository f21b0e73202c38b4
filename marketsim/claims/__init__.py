"""The claims the project exists to examine, measured on draws of the priors and at the mode.

Each claim is a statement about the sign and size of what the whole model does. It is measured world
by world: a change is made to a batch of worlds at the decision date, twenty quarters are run, and
what moved is compared. A claim holds if a stated share of the worlds satisfies it.
"""

from __future__ import annotations

from .catalogue import CLAIMS, claims_named
from .claim import Claim, Finding
from .evaluation import ClaimResults, evaluate_claims

__all__ = ["CLAIMS", "Claim", "ClaimResults", "Finding", "claims_named", "evaluate_claims"]
