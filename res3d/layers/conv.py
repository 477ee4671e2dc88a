"""The convolution unit: a convolution padded on all sides, its batch norm, its activation. Rank is an argument."""

import contextlib
import math
from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from res3d.layers.arguments import check_rank, choice, positive_int, strided, to_tuple
from res3d.layers.backends.depthwise import grouped_convolution
from res3d.layers.backends.taps import add_bias, by_taps_here, convolution_by_taps, pad
from res3d.layers.composed import Composed
from res3d.layers.kernels import Initializer, Regularizer, fresh, kernel_arguments, kernel_config
from res3d.layers.norm import BatchNorm

PADDINGS = ("symmetric", "same", "valid")


class StandIn:
    """What a layer computes with for a time in place of its weights; a plain object, which Keras does not track."""

    weights: tuple | None = None


@keras.saving.register_keras_serializable("res3d")
class Conv(keras.layers.Layer):
    """Convolution over 1, 2 or 3 axes, padded by `kernel // 2` on each side as the published networks are.

    Args:
        filters: int. Channels produced.
        kernel_size: int or `rank` ints (time, height, width), odd ones where something is padded.
        strides: int or `rank` ints.
        padding: "symmetric", "same" for TensorFlow's rule, which pads the far side more when it strides, or "valid" for
            none.
        rank: int. Axes convolved over.
        groups: int. Slices of the channels that see only themselves; equal to the channels for a depthwise convolution.
        use_bias: bool.
        dilation: int or `rank` ints. Step between the positions that a kernel sees; a convolution that steps inside
            itself neither strides nor has groups.
        kernel_initializer: str, dict, initializer or None. None is that of He et al., 2015 (arXiv 1502.01852), over the
            outputs, which torchvision, pytorchvideo and 3D-ResNets start from.
        kernel_regularizer: str, dict, regularizer or None.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *ceil(sizes / strides), filters)`; with "valid"
    `(batch, *((sizes - kernel_size) // strides + 1), filters)`, the kernel counted with its steps.

    Raises:
        ValueError: for an even kernel, groups that do not divide the channels, an input of another rank, one that is
            smaller than a kernel without padding, or dilation together with strides or groups.

    >>> Conv(8, (3, 7, 7), rank=3, strides=(1, 2, 2))(ops.zeros((1, 4, 16, 16, 3))).shape
    TensorShape([1, 4, 8, 8, 8])
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, ...], strides: int | tuple[int, ...] = 1,
                 padding: str = "symmetric", *, rank: int, groups: int = 1, use_bias: bool = False,
                 dilation: int | tuple[int, ...] = 1, kernel_initializer: Initializer = None,
                 kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int(filters, "filters")
        self.rank = choice(rank, (1, 2, 3), "rank")
        self.kernel_size = to_tuple(kernel_size, rank, "kernel_size")
        self.strides = to_tuple(strides, rank, "strides")
        self.groups = positive_int(groups, "groups")
        self.padding = choice(padding, PADDINGS, "padding")
        self.use_bias = use_bias
        self.dilation = to_tuple(dilation, rank, "dilation")
        self.kernel_initializer, self.kernel_regularizer = kernel_arguments(
            kernel_initializer, kernel_regularizer).values()
        if padding != "valid" and any(size % 2 == 0 for size in self.kernel_size):
            raise ValueError("`kernel_size` must be odd on every axis, so that both sides are padded alike. "
                             f"Received: kernel_size={kernel_size!r}. Make it odd, or use padding='valid'.")
        if max(self.dilation) > 1 and (max(self.strides) > 1 or self.groups > 1):
            raise ValueError("A dilated convolution neither strides nor has groups. "
                             f"Received: dilation={dilation!r}, strides={strides!r}, groups={groups!r}.")
        self.bias = None
        self._stand_in = StandIn()

    def build(self, input_shape):
        channels = check_rank(self, input_shape, self.rank)[-1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(f"`groups` must divide the channels and the filters. Received: groups={self.groups} "
                             f"for {channels} channels and filters={self.filters}.")
        initializer = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
        if self.kernel_initializer is not None:  # one that several layers share would give all of them the same numbers
            initializer = fresh(self.kernel_initializer)
        self.kernel = self.add_weight((*self.kernel_size, channels // self.groups, self.filters), name="kernel",
                                      initializer=initializer, regularizer=self.kernel_regularizer)
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), name="bias", initializer="zeros")

    def call(self, x):
        return self.convolve(x, *self.weights_in_use())

    def weights_in_use(self) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
        """(kernel, bias) that a call computes with: the layer's own, or what stands in for them."""
        return (self.kernel, self.bias) if self._stand_in.weights is None else self._stand_in.weights

    @contextlib.contextmanager
    def computing_with(self, kernel: keras.KerasTensor, bias: keras.KerasTensor | None = None) -> Iterator[None]:
        """Inside the `with`, calls convolve with `kernel` in place of the layer's own, which stays as it is.

        Args:
            kernel: tensor of the kernel's shape, in the dtype that the layer computes in.
            bias: tensor (filters,) or None for the layer's own.
        """
        before = self._stand_in.weights
        self._stand_in.weights = (kernel, self.bias if bias is None else bias)
        try:
            yield
        finally:
            self._stand_in.weights = before

    def convolve(self, x: keras.KerasTensor, kernel: keras.KerasTensor,
                 bias: keras.KerasTensor | None) -> keras.KerasTensor:
        """The convolution of `x` with the given weights, padded and strided as this layer is."""
        if self.groups > 1:
            return grouped_convolution(x, kernel, self.strides, self.groups, self.pads(x.shape), bias)
        if max(self.dilation) > 1:
            y = ops.conv(pad(x, self.pads(x.shape)), kernel, 1, "valid", dilation_rate=self.dilation)
            return add_bias(y, bias)
        if self.rank == 3 and by_taps_here():
            y = convolution_by_taps(x, kernel, self.strides, self.pads(x.shape))
        elif self.padding == "same" or (self.padding == "symmetric" and max(self.strides) == 1):
            y = ops.conv(x, kernel, self.strides, "same")  # equal padding on both sides when nothing strides
        else:
            y = ops.conv(pad(x, self.pads(x.shape)), kernel, self.strides, "valid")
        return add_bias(y, bias)

    def pads(self, shape: tuple[int | None, ...]) -> tuple[tuple[int, int], ...]:
        """Zeros (before, after) for each size of an input of this shape."""
        return tuple(map(self._pad_width, self._reach(), self.strides, shape[1:-1]))

    def _reach(self):
        """Positions from a kernel's first to its last, both counted, on each axis."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.kernel_size, self.dilation))

    def _pad_width(self, kernel, stride, size):
        if self.padding == "valid":
            return 0, 0
        if self.padding == "symmetric" or stride == 1:
            return kernel // 2, kernel // 2
        if size is None:
            raise ValueError(f"{type(self).__name__} '{self.name}' pads as 'same' says, and with groups and strides it "
                             "must know every size for that. Received an open one. Give sizes, or use "
                             "padding='symmetric'.")
        total = max(kernel - (size % stride or stride), 0)
        return total // 2, total - total // 2

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = check_rank(self, input_shape, self.rank)
        if self.padding == "valid":
            if any(size is not None and size < kernel for size, kernel in zip(sizes, self._reach())):
                raise ValueError(f"{type(self).__name__} '{self.name}' does not pad, and takes inputs of at least "
                                 f"{self._reach()}. Received: {tuple(input_shape)}. Use padding='symmetric'.")
            sizes = [size if size is None else size - kernel + 1 for size, kernel in zip(sizes, self._reach())]
        return strided((batch, *sizes, channels), self.strides, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "kernel_size": self.kernel_size, "rank": self.rank,
                "strides": self.strides, "groups": self.groups, "padding": self.padding, "use_bias": self.use_bias,
                "dilation": self.dilation, **kernel_config(self)}


@keras.saving.register_keras_serializable("res3d")
class ConvNorm(Composed):
    """Convolution, batch norm, activation; or norm, activation, convolution with `norm_first`.

    Args:
        filters, kernel_size, strides, padding, rank, groups, use_bias, dilation: as for `Conv`.
        kernel_initializer, kernel_regularizer: as for `Conv`.
        activation: str or None. Name of a Keras activation.
        use_norm: bool. False leaves the convolution bare.
        norm_first: bool. Pre-activation order (He et al., 2016, arXiv 1603.05027).
        epsilon, momentum: floats of the batch norm; `momentum` is the share of the old average kept.
        zero_gamma: bool. Starts the norm's scale at zero, so that a residual branch starts as nothing.

    Weights: `conv/kernel`, `norm/gamma`, `norm/beta`, `norm/moving_mean`, `norm/moving_variance`.

    Input shape: `(batch, *sizes, channels)`. Output shape: `(batch, *new_sizes, filters)`.

    Raises:
        ValueError: as `Conv` does.

    >>> ConvNorm(8, 3, rank=2, strides=2)(ops.zeros((1, 15, 16, 3))).shape
    TensorShape([1, 8, 8, 8])
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, ...], strides: int | tuple[int, ...] = 1,
                 padding: str = "symmetric", *, rank: int, groups: int = 1, use_bias: bool = False,
                 activation: str | None = None, use_norm: bool = True, norm_first: bool = False, epsilon: float = 1e-5,
                 momentum: float = 0.9, zero_gamma: bool = False, dilation: int | tuple[int, ...] = 1,
                 kernel_initializer: Initializer = None, kernel_regularizer: Regularizer = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self.act = keras.activations.get(activation)
        self.use_norm, self.norm_first = use_norm, norm_first
        self.epsilon, self.momentum, self.zero_gamma = epsilon, momentum, zero_gamma
        self.conv = Conv(filters, kernel_size, strides, padding, rank=rank, groups=groups, use_bias=use_bias,
                         dilation=dilation, kernel_initializer=kernel_initializer,
                         kernel_regularizer=kernel_regularizer, dtype=self.dtype_policy, name="conv")
        self.norm = None
        if use_norm:
            self.norm = BatchNorm(
                epsilon=epsilon, momentum=momentum, gamma_initializer="zeros" if zero_gamma else "ones",
                dtype=self.dtype_policy, name="norm")
        self._stand_in = StandIn()

    @property
    def foldable(self) -> bool:
        """Whether a norm follows the convolution, so that both can become one: see `folded`."""
        return self.norm is not None and not self.norm_first

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """(kernel, bias), float32 (*kernel_size, channels // groups, filters) and (filters,): the norm is in them.

        Raises:
            ValueError: if the unit is not `foldable`.
        """
        if self.norm is None or self.norm_first:
            raise ValueError("A norm can be folded into the convolution before it. Received: unit "
                             f"'{self.name}' with use_norm={self.use_norm}, norm_first={self.norm_first}. "
                             "Ask `foldable` first.")
        return self.norm.fold_into(self.conv.kernel, self.conv.bias)

    @contextlib.contextmanager
    def computing_with(self, kernel: keras.KerasTensor, bias: keras.KerasTensor) -> Iterator[None]:
        """Inside the `with`, calls compute with a `folded` kernel and bias, without the norm; the unit stays as it is.

        Args:
            kernel, bias: tensors of the shapes of `folded`, in the dtype that the unit computes in.
        """
        with self.conv.computing_with(kernel, bias):
            self._stand_in.weights = (kernel, bias)
            try:
                yield
            finally:
                self._stand_in.weights = None

    def build(self, input_shape):
        self.conv.build(input_shape)
        if self.norm is not None:
            self.norm.build(input_shape if self.norm_first else self.conv.compute_output_shape(input_shape))

    def call(self, x, training=None):
        if self.norm_first:
            return self.conv(self.activate(x, training))
        if self._stand_in.weights is not None:
            return self.act(self.conv(x))
        if self.norm is None or (training and self.norm.trainable):
            return self.activate(self.conv(x), training)
        return self.act(self._with_fixed_norm(x))

    def _with_fixed_norm(self, x):
        """Convolution and a norm that is not being learned, in fewer passes over memory.

        Scaling the kernel instead of the output lets the backend fuse convolution, bias and activation; where the
        kernel is the larger of the two, as in late stages, the output is scaled.
        """
        conv = self.conv
        kernel, bias = conv.weights_in_use()
        scale, shift = (ops.cast(part, self.compute_dtype) for part in self.norm.scale_and_shift(bias))
        sizes = conv.compute_output_shape(x.shape)[1:]
        if None in sizes or math.prod(kernel.shape) > math.prod(sizes):
            return conv.convolve(x, kernel, None) * scale + shift
        return conv.convolve(x, kernel * scale, shift)

    def fixed_weights(self) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
        """(kernel, bias) of a call that does not train: the norm after the convolution, if there is one, is in them."""
        kernel, bias = self.conv.weights_in_use()
        if self.norm is None or self._stand_in.weights is not None:
            return kernel, bias
        scale, shift = self.norm.scale_and_shift(bias)
        return kernel * scale, shift

    def activate(self, x: keras.KerasTensor, training: bool | None = None) -> keras.KerasTensor:
        """Norm and activation alone; a pre-activation block shares their result with its shortcut."""
        return self.act(x if self.norm is None else self.norm(x, training=training))

    def compute_output_shape(self, input_shape):
        return self.conv.compute_output_shape(input_shape)

    def get_config(self):
        conv = self.conv.get_config()
        return {**super().get_config(), "activation": self.activation, "use_norm": self.use_norm,
                "norm_first": self.norm_first, "epsilon": self.epsilon, "momentum": self.momentum,
                "zero_gamma": self.zero_gamma,
                **{key: conv[key] for key in ("filters", "kernel_size", "rank", "strides", "groups", "padding",
                                              "use_bias", "dilation", "kernel_initializer", "kernel_regularizer")}}
