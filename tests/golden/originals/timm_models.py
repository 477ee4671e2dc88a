"""timm's own pre-activation networks; its others have torchvision's names."""

from originals import torchvision_models  # before timm, which imports torchvision

import timm  # isort: skip

TAPS = {**{f"stage{n}": f"stages.{n - 1}" for n in range(1, 5)}, "stem": torchvision_models.TAPS["stem"]}


def net(name):
    """A network as timm builds it; its stem ends with the pooling."""
    return timm.create_model(name, pretrained=False), TAPS
