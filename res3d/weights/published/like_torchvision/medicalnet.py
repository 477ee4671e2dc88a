"""MedicalNet's names, which are torchvision's 2D ones; the layers that segment are left."""

from res3d.weights.published.like_torchvision import roots, torchvision

NAME = "medicalnet"
inside = roots.inside


def recognises(shapes):
    """Whether these keys are MedicalNet's: a 7x7x7 stem that sees one channel."""
    return tuple(roots.inside(shapes)[0].get("conv1.weight", ()))[1:] == (1, 7, 7, 7)


def rules(shapes):
    """The rule table for a file with these keys."""
    return torchvision.IMAGES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    depth = torchvision.depth_of(shapes)
    return depth and f"medicalnet_{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    return
