from .runtimes import write_for_runtime as write_for_runtime
from .writing import find_models as find_models
from .writing import write as write
