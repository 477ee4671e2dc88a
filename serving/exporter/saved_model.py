"""A trained model to a version folder that TensorFlow Serving loads as it is, checked before it gets its number."""

import os
import pathlib
import tempfile
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from res3d.geometry import ClipSpec
from serving.exporter import model_reading, staging
from serving.exporter.card import MODEL_CARD_FILE, make_card, precision_change, to_json
from serving.exporter.network import Network
from serving.exporter.signature import make_signatures
from serving.tensors import tfrecord
from serving.verify import compare, warmup_requests
from serving.verify.known_answers import KnownAnswers, moving_patterns

BFLOAT16_TOLERANCE = 0.05  # 8 bits of mantissa; a fused graph rounds in other places than one op after another


def export(model: keras.Model, directory: str | os.PathLike, labels: Sequence[str] | None = None,
           version: int | None = None, *, clip: ClipSpec | None = None, multi_label: bool | None = None, top: int = 5,
           fold: bool = True, dtype: str = "float32", quantize: str | None = None, warmup_batches: Sequence[int] = (1,),
           samples: np.ndarray | tuple | None = None, card: dict | None = None, verified: bool = True,
           runtime: str | os.PathLike | None = None) -> str:
    """Writes `directory/VERSION`, a SavedModel with every signature of `serving.exporter`.

    The folder is written under a name that no server takes for a version, loaded in a fresh process by TensorFlow's C++
    session, every signature is compared with Keras at batch 1 and 2, the warm-up requests are run; then it is renamed.

    Args:
        model: Keras model, uint8 clips in and logits (or softmax, or sigmoid) out, as `res3d.build` makes it.
        directory: the model's folder; its name is the name it is served under.
        labels: strings, one an output, in their order; None numbers them.
        version: int or None. None takes the next free number.
        clip: ClipSpec, or None to read the one inside the model.
        multi_label: bool or None. Scores by sigmoid; None asks the model's last layer, and takes softmax otherwise.
        top: int. Labels named in `top_classes`.
        fold: bool. Fold batch norms into convolutions, if all scores stay within 1e-5.
        dtype: "float32" or "bfloat16". What the layers compute in, also if they were trained in another precision.
        quantize: None or "int8". Convolution kernels saved in 8 bits and widened at loading: a quarter of the file.
        warmup_batches: ints. Batch sizes of the warm-up requests, for each signature.
        samples: uint8 clips `(n, *clip.shape)`, or (clips, int labels): what a change of precision is measured on.
        card: dict of JSON values to add to the model card, such as metrics.
        verified: bool. False skips the verification, and the card says so.
        runtime: folder of another TensorFlow package whose library verifies the export, or None.

    Returns:
        The path of the version folder.

    Raises:
        ValueError: for a model, labels or clip that do not fit each other, or an export that fails its verification;
            nothing is left behind.
        FileExistsError: if the version is there already.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError("An export is written by the TensorFlow backend of Keras. Received: "
                         f"KERAS_BACKEND={keras.backend.backend()}. Save the model with model.save('M.keras') and run: "
                         "res3d export --model=M.keras --output=DIR/NAME")
    directory = pathlib.Path(directory)
    _check_version(directory, version)
    if type(top) is not int or top < 1:
        raise ValueError(f"`top` must be an int of at least 1. Received: top={top!r}.")
    clip = model_reading.read_clip(model) if clip is None else clip
    model_reading.check_ends(model, clip)
    labels = _check_labels(labels, model.output_shape[-1])
    if multi_label is None:
        multi_label = model_reading.output_activation(model) == "sigmoid"

    network, precision = _prepare(model, clip, multi_label, fold, dtype, quantize, samples)
    text = to_json(make_card(model, clip, labels, multi_label, precision, card))
    signatures = make_signatures(network, clip, labels, text, network.features, multi_label, top)
    names = {name: function.input_signature[0].name for name, function in signatures.items()}
    with staging.staged(directory) as folder:
        _save(folder, network.variables, signatures)
        picture = tf.io.encode_jpeg(np.full(clip.shape[1:], 128, np.uint8)).numpy()
        (folder / "assets.extra").mkdir()
        requests = warmup_requests.warmup_requests(names, clip, picture, warmup_batches)
        tfrecord.write(folder / "assets.extra" / warmup_requests.WARMUP_FILE,
                       (log.SerializeToString() for log in requests))
        report = None
        if verified:
            known = KnownAnswers(_eager(network), _eager(network.features), clip, labels, text, multi_label, top)
            report = _verify(folder, directory, known.logs(names), dtype, runtime)
        _write_assets(folder, clip, labels, to_json(make_card(
            model, clip, labels, multi_label, precision, {"signatures": names, "verified": report, **(card or {})})))
        path = staging.publish(folder, directory, version)
    logging.debug("Exported %s: %s", path, _summary(report))
    return str(path)


def _prepare(model, clip, multi_label, fold, dtype, quantize, samples):
    """The network in the wanted precision, with the norms folded only where that changes nothing; and what changed."""
    clips, truth = samples if isinstance(samples, tuple) else (samples, None)
    if clips is None:
        clips, truth = moving_patterns(2, clip, seed=1), None
    network = Network(model, clip, fold, dtype, quantize)

    def scores(function):
        logits = np.concatenate([_eager(function)(clips[i:i + 4]) for i in range(0, len(clips), 4)])
        return 1 / (1 + np.exp(-logits)) if multi_label else tf.nn.softmax(logits).numpy(), logits

    precision = {"dtype": dtype, "quantize": quantize, "folded_norms": len(network.folding)}
    if dtype == "float32" and quantize is None and precision["folded_norms"]:
        plain = Network(model, clip, fold=False)
        (reference, reference_logits), (changed, logits) = scores(plain), scores(network)
        change = max(np.abs(changed - reference).max(),
                     np.abs(logits - reference_logits).max() / max(1, np.abs(reference_logits).max()))
        precision["folding_change"] = float(change)
        if not change <= compare.TOLERANCE:
            logging.warning("Batch norms stay unfolded: folding would change the answers by %.3g.", change)
            network = plain
            precision = {"dtype": dtype, "quantize": quantize, "folded_norms": 0}
    if network.model is not model or quantize is not None:  # it no longer computes as it was trained
        trained = Network(model, clip, fold=False, dtype=None)
        precision["change"] = precision_change(scores(trained)[0], scores(network)[0], truth)
        logging.info("%s: %s", " ".join(filter(None, [dtype, quantize])), precision["change"])
    return network, precision


def _save(folder, variables, signatures):
    module = tf.Module()
    module.read = variables  # the variables themselves: held by a Keras model they would not be found by the C++ loader
    module.functions = signatures
    level = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)  # it tells of every function whose captured weights have no name
    try:
        tf.saved_model.save(module, str(folder), signatures=signatures)
    except tf.errors.OpError as error:  # how TensorFlow tells of a full disk
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(f"An export must be written whole to '{folder.parent}'. Writing failed: {reason}. Nothing was "
                      "left there. Make room, or name another folder.") from error
    finally:
        logging.set_verbosity(level)


def _verify(folder, directory, logs, dtype, runtime):
    tolerance = compare.TOLERANCE if dtype == "float32" else BFLOAT16_TOLERANCE
    with tempfile.TemporaryDirectory() as aside:
        answers = os.path.join(aside, "answers.tfrecord")
        tfrecord.write(answers, (log.SerializeToString() for log in logs))
        try:
            report = compare.verify(folder, answers, tolerance, runtime)
        except compare.VerificationError as error:
            raise compare.VerificationError(
                f"An export must load in TensorFlow Serving and answer as Keras does. The export to '{directory}' was "
                f"refused: {error}. Nothing was left there.") from None
    if report["without_c_library"]:
        logging.warning("Verified by %s: %s", report["runtime"], report["without_c_library"])
    return report


def _write_assets(folder, clip, labels, card):
    """labels.txt, clip.json and the model card, where SavedModel keeps files and where TensorFlow Serving does."""
    for place in (folder / "assets", folder / "assets.extra"):
        place.mkdir(exist_ok=True)
        clip.save(place / "clip.json")
        (place / "labels.txt").write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
        (place / MODEL_CARD_FILE).write_text(card, encoding="utf-8")


def _check_labels(labels, outputs):
    labels = [str(number) for number in range(outputs)] if labels is None else [str(label) for label in labels]
    if len(labels) != outputs:
        raise ValueError(f"An export needs one label an output, {outputs} in all. Received: {len(labels)} labels, "
                         f"{labels[:3]}... Pass the labels that the model was trained with.")
    for label in labels:
        if label and label.splitlines() != [label]:
            raise ValueError(f"A label must be one line. Received: {label!r}. Name it without line breaks.")
    return labels


def _check_version(directory, version):
    if version is not None and (type(version) is not int or not 0 <= version < 2**63):
        raise ValueError("`version` must be an int from 0 to 2**63 - 1, which is what servers read, or None. "
                         f"Received: version={version!r}.")
    if version in staging.versions(directory):
        raise FileExistsError(f"An export needs a version number that is free. Version {version} is in '{directory}' "
                              "already. Leave `version` out to take the next.")


def _eager(function):
    """NumPy in and out, one operation after another, as Keras computes it."""
    return None if function is None else lambda clips: function(tf.constant(clips)).numpy()


def _summary(report):
    if report is None:
        return "not verified"
    largest = max(check["difference"] for check in report["checks"])
    return (f"{len(report['checks'])} requests within {largest:.2g} of Keras, {report['warmup']} warm-up requests, "
            f"verified by {report['runtime']}")
