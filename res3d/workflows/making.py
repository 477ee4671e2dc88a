"""The compiled network of a recipe."""

import contextlib

import keras

from res3d.blocks.recomputed import recompute_blocks
from res3d.layers.norm import split_norms, synchronize_norms
from res3d.networks.network import build, check_size
from res3d.networks.variants.table import variant
from res3d.training.losses import make_loss, make_metrics
from res3d.training.multigrid.cycles import spec_of
from res3d.training.optimizer import make_optimizer
from res3d.workflows.feeding.any_shape import train_at_any_shape
from res3d.workflows.start import freeze, load_start


def make_model(recipe, num_classes, sizes, weights=True):
    """The compiled network of a recipe for epochs of `EpochSizes`; with `weights`, from those that it starts from."""
    model = make_network(recipe, num_classes)
    if weights and recipe.start.weights is not None:
        load_start(model, recipe.start.weights)
    return compiled(model, recipe, sizes, make_metrics(recipe, num_classes))


def make_network(recipe, num_classes):
    """The network of a recipe, neither started from weights nor compiled."""
    options = dict(recipe.model.options)
    if recipe.model.dropout is not None:
        options["dropout"] = recipe.model.dropout
    with layers_in(recipe.precision):
        return build(recipe.model.name, num_classes, recipe.clip, **options)


@contextlib.contextmanager
def layers_in(precision):
    """A `with` in which layers are made for a precision."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def compiled(model, recipe, sizes, metrics=None):
    """The model itself, with what does not train frozen, and compiled with the optimizer and the loss of a recipe."""
    freeze(model, recipe.start.freeze, recipe.start.freeze_batch_norm)
    _prepare_layers(model, recipe)
    optimizer = make_optimizer(recipe, sizes)
    if recipe.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, make_loss(recipe), metrics=metrics,
                  jit_compile=recipe.xla or keras.backend.backend() == "jax")
    if recipe.cycles is not None:
        train_at_any_shape(model)
        _check_shapes(recipe, model)
    return model


def _prepare_layers(model, recipe):
    """Has blocks and norms do in training what the recipe asks of them beside their weights."""
    if recipe.model.recompute_blocks and not recompute_blocks(model):
        raise ValueError("`model.recompute_blocks` is for networks of residual blocks. Received: "
                         f"model.name={recipe.model.name!r}, which has none. Set it to false.")
    strategy = getattr(model, "distribute_strategy", None)  # which models of other backends lack
    if recipe.optimizer.synchronized_norm and strategy is not None and strategy.num_replicas_in_sync > 1:
        synchronize_norms(model)
    if recipe.cycles is not None and recipe.multigrid.grow_batch:
        split_norms(model, recipe.multigrid.norm_clips)


def _check_shapes(recipe, model):
    """Refuses, before anything is trained, a network that cannot see the smaller clips of multigrid training."""
    network = variant(recipe.model.name).network
    if network.rank != 3:
        raise ValueError("`multigrid` needs a network that sees clips, and not frames one by one. Received: "
                         f"model.name={recipe.model.name!r}. Set multigrid.long and multigrid.short to false.")
    for shape in {turn for phase in recipe.cycles.phases for turn in recipe.cycles.turns(phase.end - 1)}:
        try:
            check_size(recipe.model.name, network, spec_of(shape, recipe.clip), None)
            model.compute_output_shape((None, shape.frames, shape.height, shape.width, recipe.clip.channels))
        except ValueError as error:
            raise ValueError(f"`multigrid` makes clips of {shape.frames}x{shape.height}x{shape.width} out of "
                             f"{'x'.join(map(str, recipe.clip.shape[:3]))}. {error}") from None
