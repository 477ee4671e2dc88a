from .groups import Groups as Groups
from .groups import groups_of as groups_of
from .splits import Division as Division
from .splits import folds as folds
from .splits import hold_out as hold_out
