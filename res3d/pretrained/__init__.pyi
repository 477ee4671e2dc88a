from .building import build as build
from .origin import Origin as Origin
from .origin import origin_of as origin_of
