from .walk import run_on_frames as run_on_frames
from .walk import without_rule as without_rule
