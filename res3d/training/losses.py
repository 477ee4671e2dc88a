"""The loss and the running metrics of a classifier of clips: labels as ids, as mixtures, or several a clip."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("res3d")
class ClassificationLoss(keras.losses.Loss):
    """Cross-entropy of logits with label ids `(batch,)` or with rows of shares `(batch, classes)`.

    Args:
        label_smoothing: float. Share of the target that is spread evenly over all classes.
        multi_label: bool. One sigmoid a class, the mean over classes; labels are then rows of 0 and 1.

    >>> loss = ClassificationLoss()
    >>> logits = ops.convert_to_tensor([[0.0, 0.0, 0.0, 0.0]])
    >>> round(float(loss(ops.convert_to_tensor([2]), logits)), 4)   # ln 4
    1.3863
    """

    def __init__(self, label_smoothing=0.0, multi_label=False, name="classification_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing
        self.multi_label = multi_label

    def call(self, y_true, y_pred):
        y_pred = ops.cast(y_pred, "float32")
        classes = y_pred.shape[-1]
        y_true = shares(y_true, classes)
        if self.multi_label:
            if self.label_smoothing:
                y_true = y_true * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
            return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=True), axis=-1)
        if self.label_smoothing:
            y_true = y_true * (1 - self.label_smoothing) + self.label_smoothing / classes
        return ops.categorical_crossentropy(y_true, y_pred, from_logits=True)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing, "multi_label": self.multi_label}


@keras.saving.register_keras_serializable("res3d")
class TopK(keras.metrics.Mean):
    """Share of clips whose label is among the `k` best logits; a mixture counts as its largest label.

    As in evaluation, ties go to the lower id, so that equal logits are no answer to everything, and a row with a NaN
    is wrong.

    >>> metric = TopK(2)
    >>> metric.update_state(ops.convert_to_tensor([0, 1]), ops.convert_to_tensor([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0]]))
    >>> float(metric.result())
    0.5
    """

    def __init__(self, k=1, name=None, **kwargs):
        super().__init__(name=name or f"top{k}", **kwargs)
        self.k = k

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == y_pred.shape[-1]:
            y_true = ops.argmax(y_true, axis=-1)
        y_true = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        own = ops.take_along_axis(y_pred, y_true[:, None], axis=-1)
        ids = ops.arange(y_pred.shape[-1], dtype="int32")[None]
        ties_before = ops.logical_and(ops.equal(y_pred, own), ops.less(ids, y_true[:, None]))
        before = ops.sum(ops.cast(ops.logical_or(ops.greater(y_pred, own), ties_before), "int32"), axis=-1)
        # A NaN is greater than nothing and would count as right.
        right = ops.logical_and(before < self.k, ops.all(ops.isfinite(y_pred), axis=-1))
        return super().update_state(ops.cast(right, "float32"), sample_weight)

    def get_config(self):
        return {**super().get_config(), "k": self.k}


@keras.saving.register_keras_serializable("res3d")
class MeanAveragePrecision(keras.metrics.AUC):
    """Area under precision over recall by 200 thresholds, the mean over the classes that had a positive clip.

    >>> metric = MeanAveragePrecision(2)
    >>> metric.update_state(ops.convert_to_tensor([[1, 0], [0, 0]]), ops.convert_to_tensor([[3.0, -3.0], [-3.0, 3.0]]))
    >>> round(float(metric.result()), 3)   # the second class has none, and its area would be 0
    1.0
    """

    def __init__(self, num_labels, name="mean_average_precision", **kwargs):
        options = {"curve": "PR", "multi_label": True, "from_logits": True, **kwargs}
        super().__init__(num_labels=num_labels, name=name, **options)

    def result(self):
        present = ops.sum(ops.cast(self.true_positives[0] + self.false_negatives[0] > 0, "float32"))
        return super().result() * self.num_labels / ops.maximum(present, 1.0)


def shares(labels, classes):
    """Label ids `(batch,)` or `(batch, 1)` as one-hot rows; rows `(batch, classes)`, of steps too, as they are."""
    if len(labels.shape) >= 2 and labels.shape[-1] == classes and classes > 1:
        return ops.cast(labels, "float32")
    return ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), classes, dtype="float32")


def make_loss(recipe):
    """The loss of a recipe."""
    return ClassificationLoss(recipe.loss.label_smoothing, recipe.loss.multi_label)


def make_metrics(recipe, num_classes):
    """What `fit` reports besides the loss: accuracy and top-5, or the mean area under precision and recall.

    Of spans nothing: what counts of them is measured over whole videos.
    """
    if recipe.task == "spans":
        return []
    if recipe.loss.multi_label:
        return [MeanAveragePrecision(num_classes)]
    return [TopK(1, name="accuracy"), TopK(5, name="top5")]
