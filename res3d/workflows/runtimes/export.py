"""A trained network, and what is known of it, to a file for another runtime."""

from res3d.workflows.export import origin_facts, run_facts
from res3d.workflows.loading import load_trained
from serving.exporter.runtimes import model_file


def export_for_runtime(workdir, model, output, *, labels=None, multi_label=False, **options):
    """Writes the network of a work folder, or of another model, as a file for another runtime.

    Args:
        workdir, model, labels, multi_label: as of `res3d.workflows.export.export`.
        output: the file.
        options: as of `serving.exporter.runtimes.model_file.export_file`, which says what is returned.
    """
    network, clip, names, several = load_trained(workdir or model, labels)
    return model_file.export_file(network, output, names, clip=clip, multi_label=several or multi_label or None,
                                  card=run_facts(workdir) | origin_facts(network), **options)


def file_summary(path, report):
    """What `export_for_runtime` wrote, in a few lines."""
    checks = report["checks"]
    largest = max(check["difference"] for check in checks)
    batches = " and ".join(str(check["batch"]) for check in checks)
    return (f"{path}\n  within {largest:.1e} of Keras, of the logits' range, at batch {batches}, verified by "
            f"{report['runtime']}\n  next: res3d predict VIDEO --model={path}")
