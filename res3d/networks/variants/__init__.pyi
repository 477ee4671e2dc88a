from .row import DEPTHS as DEPTHS
from .row import Variant as Variant
from .table import VARIANTS as VARIANTS
from .table import list_models as list_models
from .table import variant as variant
