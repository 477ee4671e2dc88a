from .options import Options as Options
from .run import prepare as prepare
