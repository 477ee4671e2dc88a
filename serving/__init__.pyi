from . import client as client
from . import deploy as deploy
from . import exporter as exporter
from . import verify as verify
from .client import Client as Client
from .errors import ServingError as ServingError
from .exporter import export as export
from .exporter import export_spans as export_spans
