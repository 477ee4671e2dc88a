from .client import Client as Client
from .client import connect as connect
from .retry import ServerError as ServerError
