"""Files that run exported models on the real TensorFlow Serving: docker compose, Kubernetes, and what both need."""

import dataclasses
import functools
import json
import math
import pathlib
import re
import urllib.parse

import jinja2

from res3d import atomic
from serving.deploy.dashboard import dashboard
from serving.exporter import staging

IMAGE = "tensorflow/serving:2.20.0"
METRICS_PATH = "/monitoring/prometheus/metrics"
POLL_SECONDS = 30
FLAGS = (
    "--port=8500", "--rest_api_port=8501", "--model_config_file=/config/models.config",
    f"--model_config_file_poll_wait_seconds={POLL_SECONDS}", "--monitoring_config_file=/config/monitoring.config",
    "--enable_batching=true", "--batching_parameters_file=/config/batching.config",
    "--enable_grpc_healthcheck_service=true", "--allow_version_labels_for_unavailable_models=true",
    # Loading on the manager's own thread stops the polling of all other models while it lasts.
    "--num_load_threads=2", "--num_unload_threads=2", "--max_num_load_retries=2",
    "--load_retry_interval_micros=5000000",
)
FILES = {  # template: where its text goes
    "compose.yaml.j2": ("compose.yaml",),
    "README.md.j2": ("README.md",),
    "models.config.j2": ("config/models.config", "kubernetes/config/models.config"),
    "batching.config.j2": ("config/batching.config", "kubernetes/config/batching.config"),
    "monitoring.config.j2": ("config/monitoring.config", "kubernetes/config/monitoring.config"),
    "prometheus.yml.j2": ("prometheus.yml",),
    "grafana_datasource.yml.j2": ("grafana/provisioning/datasources/prometheus.yml",),
    "grafana_provider.yml.j2": ("grafana/provisioning/dashboards/serving.yml",),
    **{f"kubernetes/{name}.yaml.j2": (f"kubernetes/{name}.yaml",)
       for name in ("kustomization", "namespace", "models", "deployment", "service", "autoscaling")},
}


@dataclasses.dataclass(frozen=True)
class ExportedModel:
    """One exported model: its name, its folder on this machine, its versions, and labels for some of them."""

    name: str
    path: str
    versions: tuple[int, ...]
    labels: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def folder(self):
        """Its folder below /models in the container."""
        return self.name

    @property
    def url(self):
        """Its name as a URL holds it."""
        return urllib.parse.quote(self.name, safe="")

    @property
    def pinned(self):
        """The versions to serve if some are labelled; empty for the latest one."""
        return sorted(set(self.labels.values()))

    @property
    def bytes(self):
        """Size of the largest version on disk."""
        folders = (entry for entry in pathlib.Path(self.path).iterdir() if staging.VERSION.fullmatch(entry.name))
        return max(sum(file.stat().st_size for file in folder.rglob("*")) for folder in folders)


def find_models(directory, labels=None):
    """The models in a folder: itself if it holds versions, or else every folder in it that does.

    Args:
        directory: DIR/NAME with version folders, or DIR with several of those.
        labels: {label: version} for every model, or None.

    Raises:
        ValueError: if there is no model, a name that cannot be served, or no such version.
    """
    directory = pathlib.Path(directory).absolute()
    folders = [directory] if staging.versions(directory) else sorted(
        folder for folder in (directory.iterdir() if directory.is_dir() else ()) if staging.versions(folder))
    if not folders:
        raise ValueError("A deployment needs exported models, DIR/NAME/VERSION. "
                         f"'{directory}' holds none. Export one first: res3d export --output={directory}/NAME")
    models = []
    for folder in folders:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", folder.name):
            raise ValueError("A model's folder needs a name of letters, digits, '_', '.' and '-', which is its name in "
                             f"every URL. Received: '{folder.name}'. Rename the folder.")
        versions = tuple(sorted(int(entry.name) for entry in folder.iterdir() if staging.VERSION.fullmatch(entry.name)))
        for label, version in (labels or {}).items():
            if version not in versions:
                raise ValueError(f"A label must be given to a version that is there. Received: {label}={version} for "
                                 f"'{folder.name}', which has {', '.join(map(str, versions))}.")
        models.append(ExportedModel(folder.name, str(folder), versions, dict(labels or {})))
    return models


def write(models, output, image=IMAGE, *, cpus=4, memory_mib=None, max_batch_size=8, batch_timeout_micros=3000,
          min_replicas=2, max_replicas=10, namespace="serving"):
    """Writes all files below `output`, each aside and renamed; other files there are left alone.

    Args:
        models: `ExportedModel` objects.
        output: folder.
        image: str. The TensorFlow Serving image.
        cpus: int. Processors of one server.
        memory_mib: int or None. Memory of one server in MiB; None allows for every model twice, as while a new version
            replaces an old one, and for the activations of a full batch.
        max_batch_size: int.
        batch_timeout_micros: int. How long a batch waits to be filled.
        min_replicas, max_replicas: ints. Servers on Kubernetes.
        namespace: str. On Kubernetes.

    Returns:
        The paths written, relative to `output`.

    Raises:
        ValueError: for a namespace that Kubernetes does not take.
    """
    if len(namespace) > 63 or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", namespace):
        raise ValueError("A namespace must be at most 63 small letters, digits and '-', with no '-' at its ends. "
                         f"Received: {namespace!r}. Choose another.")
    sizes = sum(model.bytes for model in models)
    if memory_mib is None:
        memory_mib = _round_up(1024 + 4 * sizes / 2**20 + 256 * max_batch_size, 256)
    facts = {
        "models": models, "image": image, "flags": FLAGS, "cpus": cpus, "memory_mib": memory_mib,
        "allowed": batch_sizes(max_batch_size), "batch_timeout_micros": batch_timeout_micros,
        "metrics_path": METRICS_PATH, "poll_seconds": POLL_SECONDS, "namespace": namespace,
        "min_replicas": min_replicas, "max_replicas": max_replicas, "project": "res3d-serving",
        "storage_gib": _round_up(4 * sizes / 2**30, 10),
    }
    loader = jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "templates")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    # A JSON string is one in YAML and in the text form of protos, too; compose takes `$` for a variable.
    quoted = functools.partial(json.dumps, ensure_ascii=False)
    environment.filters |= {"quoted": quoted, "composed": lambda text: quoted(text.replace("$", "$$"))}
    texts = {path: environment.get_template(template).render(facts)
             for template, paths in FILES.items() for path in paths}
    texts["grafana/dashboards/serving.json"] = json.dumps(dashboard("TensorFlow Serving"), indent=2) + "\n"
    for path, text in texts.items():
        target = pathlib.Path(output, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_aside(target, text)
    return sorted(texts)


def batch_sizes(largest):
    """Powers of two up to `largest`, which comes last whatever it is: few shapes to warm up.

    >>> batch_sizes(12)
    [1, 2, 4, 8, 12]
    """
    return [*(2**power for power in range(largest.bit_length()) if 2**power < largest), largest]


def _round_up(value, step):
    return math.ceil(value / step) * step
