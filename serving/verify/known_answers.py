"""What an export is verified with: clips in every encoding, and what Keras itself answers to them.

Pictures are decoded here, outside the export, so that a signature that decodes differently is found out.
"""

import numpy as np
import tensorflow as tf

from serving.tensors import ranking, tensor_proto
from serving.verify import gif, warmup_requests

BATCHES = (1, 2)


def moving_patterns(count, clip, seed=0):
    """Clips with texture, movement and some noise; uint8 `(count, *clip.shape)`, the same for the same seed."""
    random = np.random.default_rng(seed)
    time, y, x = np.meshgrid(*map(np.arange, clip.shape[:3]), indexing="ij")
    clips = np.empty((count, *clip.shape), np.uint8)
    for number in range(count):
        for channel in range(clip.channels):
            frequency, phase = random.uniform(0.05, 0.4, 3), random.uniform(0, 6.28)
            wave = np.sin(x * frequency[0] + y * frequency[1] + time * frequency[2] * 2 + phase)
            noise = random.normal(0, 8, wave.shape)
            clips[number, ..., channel] = np.clip(128 + 90 * wave + noise, 0, 255)
    return clips


class KnownAnswers:
    """Requests with their answers, one method a signature.

    Args:
        network: function of a uint8 batch that gives logits, NumPy in and out.
        features: the same for features, or None.
        clip: ClipSpec.
        labels: strings.
        card: str. The text that `describe` gives.
        multi_label: bool.
        top: int.
        seed: int. Of the clips.
    """

    def __init__(self, network, features, clip, labels, card, multi_label, top, seed=0):
        self._network, self._features, self._computed = network, features, {}
        self.clip, self.card, self.multi_label = clip, card, multi_label
        self.labels = _strings([label.encode() for label in labels])
        self.top = min(top, len(labels))
        self.clips = moving_patterns(max(BATCHES), clip, seed)
        self.jpeg = [[tf.io.encode_jpeg(frame, quality=90).numpy() for frame in clip] for clip in self.clips]
        self.decoded = np.array([[tf.io.decode_jpeg(file, clip.channels, dct_method="INTEGER_ACCURATE")
                                  for file in files] for files in self.jpeg], np.uint8)

    def logs(self, names):
        """PredictionLogs with request and answer at every batch size, for {signature: input alias}."""
        for name, alias in names.items():
            inputs, outputs = getattr(self, f"for_{name}")()
            for batch in BATCHES:
                yield warmup_requests.predict_log(name, {alias: tensor_proto.from_array(inputs[:batch])},
                                         {k: tensor_proto.from_array(v[:batch]) for k, v in outputs.items()})

    def for_serving_default(self):
        return self.clips, self._answer(self.clips)

    def for_predict_raw(self):
        return _strings([clip.tobytes() for clip in self.clips]), self._answer(self.clips)

    def for_predict_jpeg(self):
        return _strings(self.jpeg), self._answer(self.decoded)

    def for_predict_gif(self):
        gray = self.clips[..., 0]
        pixels = np.repeat(gray[..., None], self.clip.channels, -1)
        return _strings([gif.encode(frames) for frames in gray]), self._answer(pixels)

    def for_predict_views(self):
        return np.stack([self.clips, self.clips[:, ::-1]], 1), self._answer(self.clips, self.clips[:, ::-1])

    def for_predict_jpeg_views(self):
        views = [[files, files[::-1]] for files in self.jpeg]
        return _strings(views), self._answer(self.decoded, self.decoded[:, ::-1])

    def for_classify(self):
        answer = self._answer(self.decoded)
        examples = [warmup_requests.frames_example(files).SerializeToString() for files in self.jpeg]
        return _strings(examples), {"classes": answer["top_classes"], "scores": answer["top_scores"]}

    def for_features(self):
        return self.clips, {"features": self._features(self.clips)}

    def for_describe(self):
        count = len(self.clips)
        return _strings([b"clip"] * count), {"clip_spec": _strings([self.clip.to_json()] * count),
                                             "model_card": _strings([self.card] * count)}

    def logits(self, clips):
        """The network's logits for a batch, computed once for the same pixels."""
        key = clips.tobytes()
        if key not in self._computed:
            self._computed[key] = self._network(clips)
        return self._computed[key]

    def _answer(self, *views):
        logits = [self.logits(view) for view in views]
        scores = np.mean([self._scores(view) for view in logits], 0)
        best = ranking.best(scores, self.top)
        return {"scores": scores, "top_classes": self.labels[best], "logits": np.mean(logits, 0),
                "top_scores": np.take_along_axis(scores, best, 1)}

    def _scores(self, logits):
        if self.multi_label:
            return 1 / (1 + np.exp(-logits))
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)


def _strings(values):
    return np.array(values, object)
