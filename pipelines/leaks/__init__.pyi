from .matching import Likeness as Likeness
from .matching import find_alike as find_alike
from .signature import Signature as Signature
from .signature import look_at as look_at
