from .record import Record as Record
from .record import decode as decode
from .record import encode as encode
from .record import is_indexed as is_indexed
