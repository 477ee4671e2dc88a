"""A tiny run with all that is kept beside the weights, on the backend that Keras is set to, for `test_backends`."""

import json
import sys

import numpy as np

from res3d.pretrained.copying import copy_weights
from res3d.training.kept.averages import averaged_weights
from res3d.training.symptoms.watch import count_answers
from tests.res3d.training.tiny_run import CLASSES, CLIPS, tiny_batches, tiny_clips, tiny_fit, tiny_model, tiny_recipe


def main():
    recipe = tiny_recipe("optimizer.ema=0.9", "optimizer.precise_norm=2")
    model = tiny_model(recipe)
    rows = tiny_fit(sys.argv[1], recipe, model)
    with averaged_weights(model):
        answers = count_answers(model, tiny_batches(0, 0), CLASSES)
    clips, _ = tiny_clips()
    new = tiny_model(recipe)
    copy_weights(model, new)
    expected = np.asarray(model.predict_on_batch(clips))
    new.train_on_batch(*tiny_clips())  # may take over the arrays that it holds, and those alone
    again = np.asarray(model.predict_on_batch(clips))
    print(json.dumps({"rows": rows, "answers": int(answers.sum()), "clips": CLIPS,
                      "moved": float(np.abs(again - expected).max())}))


if __name__ == "__main__":
    main()
