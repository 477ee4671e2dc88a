"""Who did it? Text classification over characters, with a residual network of rank 1.

    python examples/text_characters.py --output pictures

Each sentence names two or three animals, one of which does something to another: "yesterday the fox was chased by the
young owl near the hen". The class is the animal that acts. All are made of the same words, in the active or the
passive voice or turned around, and one character in twenty is mistyped, so that counting says who was there and not who
did it. The baseline is a linear model on counts of all runs of three characters.
"""

import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

from res3d.networks.architecture import Residual, Stem
from res3d.networks.backbone import residual_features

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ANIMALS = ("fox", "owl", "hen", "cat", "dog", "pig")
VERBS = ("chased", "greeted", "followed", "scared", "fooled", "praised")
WORDS = ("young", "old", "grey", "brave", "lazy", "little")
OPENINGS = ("yesterday", "in the morning", "as i heard", "last spring", "they say")
FORMS = (  # the first animal acts, the second does not
    "the {0} {v} the {1}", "the {1} was {v} by the {0}", "it was the {0} that {v} the {1}",
    "it was the {1} that was {v} by the {0}", "the {1} that the {0} {v} went home", "the {0} went home and {v} the {1}",
)
ASIDES = ("", "", " near the {2}", " while the {2} slept", " without the {2}")
ALPHABET = "abcdefghijklmnopqrstuvwxyz "
LENGTH = 96


def sentences(count, seed):
    """(texts, classes): sentences, and the index of the animal that acts."""
    rng = np.random.default_rng(seed)
    texts, classes = [], []
    for _ in range(count):
        animals = rng.permutation(len(ANIMALS))[:3]
        named = [" ".join([*rng.choice(WORDS, rng.integers(0, 2)), ANIMALS[index]]) for index in animals]
        text = rng.choice(FORMS).format(*named, v=rng.choice(VERBS))
        text += rng.choice(ASIDES).format(*named)
        text = f"{rng.choice(OPENINGS)} {text}" if rng.random() < 0.6 else text
        typed = [rng.choice(list(ALPHABET)) if rng.random() < 0.05 else letter for letter in text]
        texts.append("".join(typed)[:LENGTH])
        classes.append(animals[0])
    return texts, np.array(classes)


def codes(texts):
    """One-hot characters, (texts, LENGTH, letters) float32; what lies beyond the end is all zeros."""
    table = np.zeros((len(texts), LENGTH, len(ALPHABET)), "float32")
    for row, text in zip(table, texts):
        row[np.arange(len(text)), [ALPHABET.index(letter) for letter in text]] = 1
    return table


def counts(texts):
    """How often each run of three characters occurs, (texts, 27**3) float32."""
    table = np.zeros((len(texts), len(ALPHABET) ** 3), "float32")
    for row, text in zip(table, texts):
        letters = np.array([ALPHABET.index(letter) for letter in text])
        np.add.at(row, (letters[:-2] * len(ALPHABET) + letters[1:-1]) * len(ALPHABET) + letters[2:], 1)
    return table


def residual_network():
    """Three stages over characters; the deepest sees a hundred of them."""
    form = Residual(1, depths=(1, 2, 2), widths=(32, 64, 128), strides=(1, 2, 2), convs=("full",) * 3,
                    stem=Stem(32, 5, 1))
    inputs = keras.Input((LENGTH, len(ALPHABET)))
    features = residual_features(form, inputs, keras.config.dtype_policy())
    x = keras.layers.GlobalMaxPooling1D()(features["stage3"])
    return keras.Model(inputs, keras.layers.Dense(len(ANIMALS))(x))


def linear_model():
    return keras.Sequential([keras.Input((len(ALPHABET) ** 3,)), keras.layers.Dense(len(ANIMALS))])


def train(model, x, classes, epochs, rate):
    steps = epochs * (len(x) // 64)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, classes, batch_size=64, epochs=epochs, verbose=2)
    return model


def confusion(truth, answers):
    table = np.zeros((len(ANIMALS), len(ANIMALS)))
    np.add.at(table, (truth, answers), 1)
    return table / table.sum(1, keepdims=True)


def draw(path, truth, answers):
    figure, row = plt.subplots(1, 2, figsize=(8, 4.4), layout="constrained")
    for axes, (name, answer) in zip(row, answers.items()):
        axes.imshow(confusion(truth, answer), vmin=0, vmax=1, cmap="Blues")
        axes.set_xticks(range(len(ANIMALS)), ANIMALS)
        axes.set_yticks(range(len(ANIMALS)), ANIMALS)
        axes.set(title=f"{name}: {np.mean(truth == answer):.1%}", xlabel="answer", ylabel="who acts")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--train", type=int, default=6000, help="sentences to train on (default: %(default)s)")
    parser.add_argument("--test", type=int, default=2000, help="sentences to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    (texts, classes), (new, truth) = sentences(args.train, 1), sentences(args.test, 2)
    network = train(residual_network(), codes(texts), classes, args.epochs, 3e-3)
    linear = train(linear_model(), counts(texts), classes, args.epochs, 1e-2)
    answers = {"residual network": network.predict(codes(new), verbose=0).argmax(-1),
               "linear model": linear.predict(counts(new), verbose=0).argmax(-1)}
    for text, actor, answer in zip(new[:5], truth, answers["residual network"]):
        print(f"{ANIMALS[answer]:<4} ({'right' if answer == actor else 'wrong'})  {text}")
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "text_characters.png", truth, answers)
    ours, theirs = (np.mean(truth == answer) for answer in answers.values())
    print(f"result: text_characters accuracy {ours:.3f}, linear model {theirs:.3f}")


if __name__ == "__main__":
    main()
