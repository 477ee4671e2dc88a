from .index import of_manifest as of_manifest
from .layout import are_records as are_records
from .record import Record as Record
from .record import decode as decode
from .record import encode as encode
