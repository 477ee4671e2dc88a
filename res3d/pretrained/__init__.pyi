from .building import build as build
from .hub import push_preset as push_preset
from .origin import Origin as Origin
from .origin import origin_of as origin_of
from .preset import load_preset as load_preset
from .preset import save_preset as save_preset
