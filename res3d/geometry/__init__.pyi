from .clip_spec import ClipSpec as ClipSpec
from .clip_spec import check_clip as check_clip
from .cutting import Cut as Cut
from .presets import PRESETS as PRESETS
from .presets import preset as preset
