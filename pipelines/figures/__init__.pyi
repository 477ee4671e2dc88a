from .clips import CLASSES as CLASSES
from .clips import figure_clip as figure_clip
from .motions import MOTIONS as MOTIONS
from .motions import Motion as Motion
