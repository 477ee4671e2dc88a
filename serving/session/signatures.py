"""A SavedModel's signatures, read from its meta graph."""

import collections
import dataclasses

import numpy as np

from serving.tensors import tensor_proto

INIT_OP = "__saved_model_init_op"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One input or output of a signature: the tensor's name in the graph, its element type and its shape.

    `shape` holds -1 where a size is free, and is None where the rank is.
    """

    tensor: str
    dtype: int
    shape: tuple[int, ...] | None


@dataclasses.dataclass(frozen=True)
class Signature:
    """A signature: what may be fed and fetched under which alias; `defaults` holds arrays for the optional inputs."""

    name: str
    method_name: str
    inputs: dict[str, Endpoint]
    outputs: dict[str, Endpoint]
    defaults: dict[str, np.ndarray]


def read_signatures(meta_graph):
    """The signatures but for TensorFlow's own initialiser entry, which takes and gives nothing."""
    signatures = {}
    for name, definition in meta_graph.signature_def.items():
        if name == INIT_OP:
            continue
        defaults = {alias: tensor_proto.to_array(value) for alias, value in definition.defaults.items()}
        signatures[name] = Signature(name, definition.method_name, _endpoints(definition.inputs),
                                     _endpoints(definition.outputs), defaults)
    return signatures


def _endpoints(infos):
    found = collections.OrderedDict()
    for alias in sorted(infos):
        info = infos[alias]
        shape = None if info.tensor_shape.unknown_rank else tuple(dim.size for dim in info.tensor_shape.dim)
        found[alias] = Endpoint(info.name, info.dtype, shape)
    return dict(found)
