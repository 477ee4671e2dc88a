"""The names of inflated I3ResNets: torchvision's 2D ones, inside a larger model, a 1x1x1 convolution as classifier."""

from res3d.weights.published.like_torchvision import ibm, roots, torchvision

NAME = "i3resnet"
RULES = (*torchvision.IMAGES, (r"classifier", "logits"))
inside = roots.inside


def recognises(shapes):
    """Whether these keys are an I3ResNet's: those that IBM's networks cannot have as well."""
    prefix, (ours, _) = roots.root(shapes), roots.inside(shapes)
    return ibm.is_inflated(ours) and (prefix != "" or "classifier.weight" in ours or torchvision.depth_of(ours) == 152)


def rules(shapes):
    """The rule table for a file with these keys."""
    return RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    depth = torchvision.depth_of(shapes)
    return depth and f"i3resnet_{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    return "ct_160" if "encode_image" in hint or "merlin" in hint.lower() else None
