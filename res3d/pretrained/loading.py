"""A published network as it is, with no name of it given but that of its weights."""

from res3d.pretrained.building import build
from res3d.pretrained.finding import find
from res3d.pretrained.origin import origin_of
from res3d.weights.errors import CheckpointError
from res3d.weights.sources import recognise


def load_published(reference):
    """(model, Origin) of weights by name, address or path: the network that they were trained in, on their clips.

    Args:
        reference: "NETWORK", "NETWORK/TAG" or "NETWORK/SOURCE/TAG", an address, or the path of a published checkpoint.

    Raises:
        ValueError: for a name that means nothing, or a file whose network is not known.
        FetchError: if a file cannot be had.
    """
    path, row = find(reference)
    found = None if row else recognise(path)
    network = row.network if row else found.model
    if network is None and found.candidates:
        raise CheckpointError(path, f"its tensors fit {' and '.join(found.candidates)}, which differ in what no tensor "
                                    f"shows. `res3d import-weights --model={found.candidates[0]}` makes a model of it.")
    if network is None:
        raise CheckpointError(path, "its layout is that of none of the networks known here. `res3d import-weights "
                                    "--model=NAME` makes a model of it, if one of them fits.")
    model = build(network, weights=row.name.split("/", 1)[1] if row else path)
    return model, origin_of(model)
