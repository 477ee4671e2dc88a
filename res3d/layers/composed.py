"""What every layer made of layers shares: its children train, or stay frozen, as they did when it was saved."""

import functools

import keras

from res3d.private_keras import named_layers_inside


class Composed(keras.layers.Layer):
    """A layer made of layers, whose children are made by the constructor or by `build`.

    Keras saves one `trainable` of a layer and knows nothing of those inside it, and a child that is made when its
    parent is frozen already is not. Here a layer that is built hands `trainable` down, and its config tells the
    children that differ from it, at any depth; a layer in which none does has the config that it always had.

    Args:
        children_trainable: dict of bool or None. `trainable` of children by path ("conv_a/norm"), where it is another
            than that of the layer they lie in; set when the layer is built.
    """

    def __init__(self, *, children_trainable: dict[str, bool] | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self._awaited = tuple((children_trainable or {}).items())  # a dict would be tracked

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _then_hand_down(cls.build)

    def hand_down(self) -> None:
        """Gives the children, now that they are there, the flags that the layer was made with."""
        if self.trainable and not self._awaited:  # whatever its children are
            return
        awaited, flags = dict(self._awaited), {"": self.trainable}
        for path, child in named_layers_inside(self):  # each before those inside it
            flags[path] = awaited.get(path, flags[path.rpartition("/")[0]])
            child.trainable = flags[path]

    def get_config(self):
        differ = dict(self._awaited)
        if self.built or (self.trainable and not differ):
            flags = {"": self.trainable, **{path: child.trainable for path, child in named_layers_inside(self)}}
            differ = {path: flag for path, flag in flags.items() if flag != flags[path.rpartition("/")[0]]}
        return {**super().get_config(), **({"children_trainable": differ} if differ else {})}


def _then_hand_down(build):
    @functools.wraps(build)  # Keras reads its signature
    def build_and_hand_down(self, *args, **kwargs):
        build(self, *args, **kwargs)
        self.hand_down()

    return build_and_hand_down
