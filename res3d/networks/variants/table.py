"""All rows of the family, and finding one by name."""

import difflib

from res3d.networks.variants import (
    garden,
    ibm,
    kenshohara,
    medical,
    mmaction,
    pictures,
    plain,
    pytorchvideo,
    slowfast,
    torchvision,
)

VARIANTS = {**torchvision.ROWS, **kenshohara.ROWS, **pytorchvideo.ROWS, **slowfast.ROWS, **mmaction.ROWS, **ibm.ROWS,
            **garden.ROWS, **medical.ROWS, **pictures.ROWS, **plain.ROWS}


def list_models() -> list[str]:
    """Names that `res3d.build` takes.

    >>> "r3d_18" in list_models()
    True
    """
    return list(VARIANTS)


def variant(name):
    """The row called `name`.

    Raises:
        ValueError: for an unknown name; the nearest ones are offered.

    >>> variant("r3d_18").params
    33371472
    """
    row = VARIANTS.get(str(name)) or pictures.of_depth(str(name))
    if row is not None:
        return row
    near = difflib.get_close_matches(str(name), VARIANTS, 3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "res3d.list_models() lists all."
    raise ValueError(f"`name` must be one of {len(VARIANTS)} known networks. Received: name={name!r}. {hint}")
