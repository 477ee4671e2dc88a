"""Spoken keywords from spectrograms, with a residual network of rank 2.

    python examples/keyword_spectrograms.py --output pictures

Twenty-four words are synthesised from four syllables, three to a word, so that the same sounds make different words in
another order. Every speaker has a pitch, a vocal tract, a tempo and a loudness of its own; the word begins anywhere in
the second, in noise. Test speakers are higher or lower than all that were trained on. The baseline is a linear model on
the same spectrograms.
"""

import argparse
import itertools
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib
import numpy as np

import res3d

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RATE = 8000  # samples of one second
FRAME, STEP, BANDS = 256, 128, 40
SYLLABLES = {  # two formants at the syllable's begin and end, in Hz
    "ba": ((500, 800), (700, 1200)), "di": ((300, 1700), (280, 2300)),
    "gu": ((350, 1500), (320, 800)), "so": ((450, 2400), (450, 900)),
}
WORDS = ["".join(order) for order in itertools.permutations(SYLLABLES, 3)]


def syllable(name, rng, pitch, tract, seconds):
    """A glottal pulse train through two moving resonances; "so" opens with a hiss."""
    count = int(seconds * RATE)
    t = np.linspace(0, 1, count)
    begin, end = (np.array(formants) * tract for formants in SYLLABLES[name])
    glide = np.clip(t / rng.uniform(0.4, 0.7), 0, 1)[:, None]
    formants = begin + (end - begin) * glide
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * rng.normal() * t)) / RATE
    harmonics = np.arange(1, int(3600 / pitch))
    frequency = pitch * harmonics
    gain = sum(1 / (1 + ((frequency - formants[:, k, None]) / 90) ** 2) / (k + 1) for k in range(2))
    sound = (gain * np.sin(phase[:, None] * harmonics)).sum(1) * np.sin(np.pi * t) ** 0.5
    if name == "so":
        sound += np.diff(rng.normal(size=count + 1)) * np.exp(-((t / 0.25) ** 2))
    return sound


def recording(word, rng, pitch, tract):
    """One second of one speaker saying `word` somewhere in it."""
    tempo = rng.uniform(0.08, 0.18)
    parts = [syllable(word[i:i + 2], rng, pitch, tract, tempo * rng.uniform(0.85, 1.15)) for i in (0, 2, 4)]
    voice = np.concatenate(parts)[:RATE - 1]
    start = rng.integers(0, RATE - len(voice))
    sound = rng.uniform(0.5, 1.2) * rng.normal(size=RATE)
    sound[start:start + len(voice)] += rng.uniform(0.7, 1.4) * 3 * voice / np.abs(voice).std()
    return sound


def mel_weights():
    """(BANDS, frequencies): triangles, evenly spaced as the ear spaces them."""
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + 4000 / 700), BANDS + 2)) - 1)
    frequency = np.fft.rfftfreq(FRAME, 1 / RATE)
    rising = (frequency - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequency) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None)


def spectrogram(sound):
    """Logarithmic power, (frames, BANDS, 1) float32, mean 0 and deviation 1."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::STEP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames)) ** 2 @ mel_weights().T
    logs = np.log(power + 1e-3)
    return ((logs - logs.mean()) / logs.std())[..., None].astype("float32")


def recordings(count, seed, pitches, tracts):
    """(spectrograms, classes): words in equal numbers, speakers drawn from ranges of pitch and tract."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % len(WORDS)
    sounds = (recording(WORDS[c], rng, rng.choice([rng.uniform(*pair) for pair in pitches]),
                        rng.choice([rng.uniform(*pair) for pair in tracts])) for c in classes)
    return np.stack([spectrogram(sound) for sound in sounds]), classes


def train(model, x, classes, epochs, rate):
    steps = epochs * (len(x) // 32)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps), weight_decay=1e-3),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, classes, batch_size=32, epochs=epochs, verbose=2)
    return model


def draw(path, spectrograms, truth, answers):
    figure, rows = plt.subplots(2, 4, figsize=(10, 5), layout="constrained")
    for axes, picture, word, answer in zip(rows.flat, spectrograms, truth, answers):
        axes.imshow(picture[..., 0].T, origin="lower", aspect="auto", cmap="magma")
        axes.set_title(f"{WORDS[word]}, heard {WORDS[answer]}", fontsize=9)
        axes.set(xticks=[], yticks=[])
    rows[1, 0].set(xlabel="one second", ylabel="0 to 4 kHz")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for the picture (default: %(default)s)")
    parser.add_argument("--train", type=int, default=2400, help="recordings to train on (default: %(default)s)")
    parser.add_argument("--test", type=int, default=600, help="recordings to test on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="(default: %(default)s)")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    x, classes = recordings(args.train, 1, pitches=[(110, 200)], tracts=[(0.92, 1.08)])
    new, truth = recordings(args.test, 2, pitches=[(100, 110), (200, 220)], tracts=[(0.88, 0.92), (1.08, 1.12)])
    network = res3d.build("resnet_10", len(WORDS), input_shape=x.shape[1:], width=0.375)
    linear = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(len(WORDS))])
    answers = {"residual network": train(network, x, classes, args.epochs, 3e-3).predict(new, verbose=0).argmax(-1),
               "linear model": train(linear, x, classes, args.epochs, 1e-3).predict(new, verbose=0).argmax(-1)}
    folder = pathlib.Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    draw(folder / "keyword_spectrograms.png", new, truth, answers["residual network"])
    ours, theirs = (np.mean(truth == answer) for answer in answers.values())
    print(f"result: keyword_spectrograms accuracy {ours:.3f}, linear model {theirs:.3f}")


if __name__ == "__main__":
    main()
