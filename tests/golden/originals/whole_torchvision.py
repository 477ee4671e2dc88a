"""torchvision, also where it lacks its compiled operators, as beside some builds of torch."""

import contextlib
import sys

OPERATORS = ("nms", "qnms", "roi_align", "qroi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d",
             "_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward",
             "_deform_conv2d_backward")


def torchvision_here():
    """The package, imported.

    No network here calls its operators, but it names them as it is imported; where they are, to declare them as well
    would end the process.
    """
    try:
        import torchvision
    except RuntimeError:
        import torch

        for module in [module for module in sys.modules if module.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        for operator in OPERATORS:
            with contextlib.suppress(RuntimeError):
                torch.library.define(f"torchvision::{operator}", "(Tensor input) -> Tensor")
        import torchvision
    return torchvision
