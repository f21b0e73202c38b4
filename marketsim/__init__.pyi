"""What `import marketsim as ms` offers: the one list of names, for people, mypy and Python.

`marketsim/__init__.py` reads it, and imports a name's module when the name is first asked for.
"""

from . import allocation as allocation
from . import assumptions as assumptions
from . import backtesting as backtesting
from . import batch as batch
from . import calibration as calibration
from . import claims as claims
from . import derivatives as derivatives
from . import ensemble as ensemble
from . import errors as errors
from . import forecasting as forecasting
from . import knowledge as knowledge
from . import model as model
from . import outlooks as outlooks
from . import paradoxes as paradoxes
from . import prices as prices
from . import provenance as provenance
from . import reporting as reporting
from . import runs as runs
from . import scenarios as scenarios
from . import simulation as simulation
from . import valuation as valuation
from . import views as views
from .allocation import CVaR as CVaR
from .allocation import ExpectedReturn as ExpectedReturn
from .allocation import Variance as Variance
from .allocation import WorstRegime as WorstRegime
from .allocation import allocate as allocate
from .allocation import frontier as frontier
from .allocation import limits as limits
from .allocation import terms as terms
from .backtesting import backtest as backtest
from .calibration import Posterior as Posterior
from .calibration import calibrate as calibrate
from .derivatives import explain_weight as explain_weight
from .derivatives import implied as implied
from .derivatives import reverse_stress as reverse_stress
from .derivatives import sensitivities as sensitivities
from .derivatives import stress as stress
from .errors import MarketsimError as MarketsimError
from .forecasting import forecast as forecast
from .forecasting import score_forecasts as score_forecasts
from .knowledge import Knowledge as Knowledge
from .knowledge import add_company as add_company
from .knowledge import load_facts as load_facts
from .outlooks import outlook as outlook
from .paradoxes import paradox as paradox
from .prices import load_prices as load_prices
from .returns import ReturnScenarios as ReturnScenarios
from .scenarios import Scenarios as Scenarios
from .scenarios import load_scenarios as load_scenarios
from .simulation import Paths as Paths
from .simulation import simulate as simulate
from .valuation import revalue as revalue
from .views import view as view

__version__: str
__all__: list[str]
