from .options import PrepareOptions as PrepareOptions
from .run import prepare as prepare
