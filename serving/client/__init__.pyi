from .client import Client as Client
from .retry import ServerError as ServerError
