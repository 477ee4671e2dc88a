from .writing import find_models as find_models
from .writing import write as write
