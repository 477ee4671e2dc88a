"""Every file of a deployment parses by its own schema or proto, and they agree with one another."""

import json
import re

import jsonschema
import pytest
import yaml

from res3d.commands.main import main
from serving.deploy import writing
from serving.tensors import textproto

QUANTITY = {"type": "string", "pattern": r"^\d+(m|Mi|Gi)?$"}
TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
PORT = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": "^[a-z]{1,15}$"}]}
WORDS = {"type": "object", "additionalProperties": TEXT}


def shape(optional="", /, **fields):
    """An object with exactly these fields; those named in `optional` may be absent."""
    return {"type": "object", "properties": fields, "additionalProperties": False,
            "required": [name for name in fields if name not in optional.split()]}


def several(items):
    return {"type": "array", "items": items, "minItems": 1}


META = shape("namespace labels annotations", name=TEXT, namespace=TEXT, labels=WORDS, annotations=WORDS)
SELECTOR = shape(matchLabels=WORDS)
PROBE = shape("grpc tcpSocket timeoutSeconds failureThreshold", grpc=shape(port=WHOLE), tcpSocket=shape(port=PORT),
              periodSeconds=WHOLE, timeoutSeconds=WHOLE, failureThreshold=WHOLE)
CONTAINER = shape(
    name=TEXT, image=TEXT, args=several(TEXT), ports=several(shape(name=TEXT, containerPort=WHOLE)),
    resources=shape(requests=shape(cpu=QUANTITY, memory=QUANTITY), limits=shape(cpu=QUANTITY, memory=QUANTITY)),
    startupProbe=PROBE, readinessProbe=PROBE, livenessProbe=PROBE,
    lifecycle=shape(preStop=shape(exec=shape(command=several(TEXT)))),
    volumeMounts=several(shape(name=TEXT, mountPath=TEXT, readOnly=FLAG)))
POD = shape(
    nodeSelector=WORDS, terminationGracePeriodSeconds=WHOLE, containers=several(CONTAINER),
    topologySpreadConstraints=several(shape(maxSkew=WHOLE, topologyKey=TEXT, whenUnsatisfiable=TEXT,
                                            labelSelector=SELECTOR)),
    volumes=several(shape("persistentVolumeClaim configMap", name=TEXT, configMap=shape(name=TEXT),
                          persistentVolumeClaim=shape(claimName=TEXT, readOnly=FLAG))))
KINDS = {
    "Namespace": ("v1", None),
    "PersistentVolumeClaim": ("v1", shape(accessModes=several(TEXT),
                                          resources=shape(requests=shape(storage=QUANTITY)))),
    "Deployment": ("apps/v1", shape(
        replicas=WHOLE, selector=SELECTOR, template=shape(metadata=shape(labels=WORDS, annotations=WORDS), spec=POD),
        strategy=shape(type=TEXT, rollingUpdate=shape(maxUnavailable=WHOLE, maxSurge=WHOLE)))),
    "Service": ("v1", shape("clusterIP", clusterIP={"const": "None"}, selector=WORDS, ports=several(
        shape("appProtocol", name=TEXT, port=WHOLE, targetPort=PORT, appProtocol=TEXT)))),
    "HorizontalPodAutoscaler": ("autoscaling/v2", shape(
        scaleTargetRef=shape(apiVersion=TEXT, kind=TEXT, name=TEXT), minReplicas=WHOLE, maxReplicas=WHOLE,
        metrics=several(shape(type={"const": "Resource"}, resource=shape(name=TEXT, target=shape(
            type={"const": "Utilization"}, averageUtilization=WHOLE)))),
        behavior=shape(scaleDown=shape(stabilizationWindowSeconds=WHOLE)))),
    "PodDisruptionBudget": ("policy/v1", shape(minAvailable=WHOLE, selector=SELECTOR)),
}
VOLUME = shape(type={"const": "bind"}, source=TEXT, target=TEXT, read_only=FLAG)
SERVICE = shape(
    "platform init command environment healthcheck deploy depends_on", image=TEXT, platform=TEXT, init=FLAG,
    restart=TEXT, command=several(TEXT), ports=several(TEXT), environment=WORDS, volumes=several(VOLUME),
    depends_on=several(TEXT),
    healthcheck=shape(test=several(TEXT), interval=TEXT, timeout=TEXT, retries=WHOLE, start_period=TEXT),
    deploy=shape(resources=shape(limits=shape(cpus=TEXT, memory=TEXT))))
PROMETHEUS = shape(**{"global": shape(scrape_interval=TEXT), "scrape_configs": several(
    shape(job_name=TEXT, metrics_path=TEXT, static_configs=several(shape(targets=several(TEXT)))))})
SOURCE = {"type": "object", "required": ["type", "uid"]}
DASHBOARD = {
    "type": "object", "required": ["uid", "title", "schemaVersion", "panels", "templating", "time"],
    "properties": {"panels": several({
        "type": "object", "required": ["id", "title", "type", "gridPos", "targets", "datasource"],
        "properties": {"gridPos": shape(x=WHOLE, y=WHOLE, w=WHOLE, h=WHOLE), "datasource": SOURCE,
                       "targets": several(shape(refId=TEXT, expr=TEXT, legendFormat=TEXT))}})}}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two models, one with two versions; files stand in for the weights."""
    folder = tmp_path_factory.mktemp("exports")
    for version in ("actions/1", "actions/00000002", "gestures_v1.0/7"):
        (folder / version).mkdir(parents=True)
        (folder / version / "saved_model.pb").write_bytes(b"0" * 1000)
    (folder / "actions/.staging-x").mkdir()
    (folder / "not a model").mkdir()
    return folder


@pytest.fixture(scope="module")
def written(models, tmp_path_factory):
    output = tmp_path_factory.mktemp("deploy")
    writing.write(writing.find_models(models), output)
    return output


def documents(folder):
    """Every Kubernetes object below `folder`, by (kind, name)."""
    found = {}
    for file in folder.glob("*.yaml"):
        for item in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if item["kind"] != "Kustomization":
                found[item["kind"], item["metadata"]["name"]] = item
    return found


def test_models_config_is_tensorflow_servings_own_proto(written):
    config = textproto.parse((written / "config/models.config").read_text(encoding="utf-8"), "ModelServerConfig")
    models = config.model_config_list.config
    assert [(model.name, model.base_path, model.model_platform) for model in models] == [
        ("actions", "/models/actions", "tensorflow"), ("gestures_v1.0", "/models/gestures_v1.0", "tensorflow")]
    assert all(model.model_version_policy.latest.num_versions == 1 for model in models)


def test_the_batching_file_names_the_trap_of_sizes_that_differ(written):
    for path in ("config/batching.config", "kubernetes/config/batching.config"):
        text = (written / path).read_text(encoding="utf-8")
        comment = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
        assert "have different shapes and padding is turned off" in comment
        assert "the same number of views" in comment


def test_batching_and_monitoring_files(written):
    batching = textproto.parse((written / "config/batching.config").read_text(encoding="utf-8"), "BatchingParameters")
    assert list(batching.allowed_batch_sizes) == [1, 2, 4, 8]
    assert batching.max_batch_size.value == 8  # the last allowed size, or no model loads
    monitoring = textproto.parse((written / "config/monitoring.config").read_text(encoding="utf-8"), "MonitoringConfig")
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_labelled_versions_are_pinned(models, tmp_path):
    writing.write(writing.find_models(models / "actions", {"stable": 1, "canary": 2}), tmp_path)
    config = textproto.parse((tmp_path / "config/models.config").read_text(encoding="utf-8"), "ModelServerConfig")
    (model,) = config.model_config_list.config
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}
    assert "/labels/canary" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_every_flag_is_one_the_server_has(written):
    from serving.server import flags

    compose = yaml.safe_load((written / "compose.yaml").read_text(encoding="utf-8"))
    command = compose["services"]["serving"]["command"]
    assert command == list(writing.FLAGS)
    flags.parse(command)
    assert not [flag for flag in command if flag.partition("=")[0].removeprefix("--") not in flags.defaults()]


def test_compose_file(written, models):
    compose = yaml.safe_load((written / "compose.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(compose, shape(name=TEXT, services={"type": "object", "additionalProperties": SERVICE}))
    services = compose["services"]
    assert set(services) == {"serving", "prometheus", "grafana"}
    assert services["serving"]["image"] == "tensorflow/serving:2.20.0"
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])
    for service in services.values():
        for volume in service["volumes"]:
            source = volume["source"]
            assert (written / source).exists(), source
    assert {volume["target"] for volume in services["serving"]["volumes"]} == {
        "/models/actions", "/models/gestures_v1.0", "/config"}


def test_kubernetes_manifests(written):
    found = documents(written / "kubernetes")
    for (kind, _), item in found.items():
        version, spec = KINDS[kind]
        fields = {"apiVersion": {"const": version}, "kind": TEXT, "metadata": META, **({"spec": spec} if spec else {})}
        jsonschema.validate(item, shape(**fields))
    assert {kind for kind, _ in found} == set(KINDS)
    kustomization = yaml.safe_load((written / "kubernetes/kustomization.yaml").read_text(encoding="utf-8"))
    files = kustomization["resources"] + kustomization["configMapGenerator"][0]["files"]
    assert all((written / "kubernetes" / file).is_file() for file in files)
    assert {f"{path.name}" for path in (written / "kubernetes").glob("*.yaml")} == {
        *kustomization["resources"], "kustomization.yaml"}


def test_kubernetes_objects_refer_to_what_is_there(written):
    found = documents(written / "kubernetes")
    deployment = found["Deployment", "serving"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "http": 8501}
    for name in ("serving", "serving-pods"):
        service = found["Service", name]["spec"]
        assert service["selector"].items() <= labels.items()
        assert all(port["targetPort"] in ports for port in service["ports"])
    assert container["readinessProbe"]["grpc"]["port"] in ports.values()
    assert "--enable_grpc_healthcheck_service=true" in container["args"]
    assert found["PodDisruptionBudget", "serving"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    scaler = found["HorizontalPodAutoscaler", "serving"]["spec"]
    assert ("Deployment", scaler["scaleTargetRef"]["name"]) in found
    assert scaler["minReplicas"] == deployment["replicas"] <= scaler["maxReplicas"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    claim = next(v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v)
    assert ("PersistentVolumeClaim", claim) in found
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted == {"/models", "/config"}


def test_prometheus_scrape(written):
    config = yaml.safe_load((written / "prometheus.yml").read_text(encoding="utf-8"))
    jsonschema.validate(config, PROMETHEUS)
    (job,) = config["scrape_configs"]
    assert job["metrics_path"] == writing.METRICS_PATH
    assert job["static_configs"] == [{"targets": ["serving:8501"]}]


def test_grafana_dashboard(written):
    dashboard = json.loads((written / "grafana/dashboards/serving.json").read_text(encoding="utf-8"))
    jsonschema.validate(dashboard, DASHBOARD)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = {name for query in queries for name in re.findall(r":tensorflow:serving:[a-z_:]+", query)}
    assert names <= {":tensorflow:serving:" + name for name in (
        "request_count", "request_latency_bucket", "runtime_latency_bucket",
        "batching_session:processed_batch_size_sum", "batching_session:processed_batch_size_count",
        "batching_session:queuing_latency_bucket")}
    for query in queries:
        for opening, closing in ("()", "{}", "[]"):
            assert query.count(opening) == query.count(closing)
    provider = yaml.safe_load((written / "grafana/provisioning/dashboards/serving.yml").read_text(encoding="utf-8"))
    assert provider["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards"
    source = yaml.safe_load((written / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["datasources"][0]["uid"]}


def test_the_command_writes_and_tells(models, tmp_path, capsys):
    assert main(["deploy", str(models), f"--output={tmp_path}/out", "--image=tensorflow/serving:2.19.0",
                 "--max_batch_size=6", "--memory=2048"]) == 0
    printed = capsys.readouterr().out
    assert "actions: versions 1, 2\n" in printed
    assert f"{tmp_path}/out/compose.yaml" in printed
    assert "tensorflow/serving:2.19.0" in (tmp_path / "out/compose.yaml").read_text(encoding="utf-8")
    text = (tmp_path / "out/config/batching.config").read_text(encoding="utf-8")
    assert re.findall(r"allowed_batch_sizes: (\d+)", text) == ["1", "2", "4", "6"]
    assert not list((tmp_path / "out").rglob("*.part"))


def test_odd_names_stay_what_they_are(tmp_path):
    """Compose takes `$` for a variable, YAML `on` for a truth and half of a surrogate pair for nothing at all."""
    folder = tmp_path / 'größe $HOME 🎬 "x"/actions'
    (folder / "3").mkdir(parents=True)
    models = writing.find_models(folder, {"prüf": 3})
    writing.write(models, tmp_path / "out", image="registry:5000/$IMAGE", namespace="on")
    compose = yaml.safe_load((tmp_path / "out/compose.yaml").read_text(encoding="utf-8"))
    assert compose["services"]["serving"]["volumes"][0]["source"] == str(folder).replace("$", "$$")
    assert compose["services"]["serving"]["image"] == "registry:5000/$$IMAGE"
    assert yaml.safe_load((tmp_path / "out/kubernetes/namespace.yaml").read_text())["metadata"]["name"] == "on"
    assert yaml.safe_load((tmp_path / "out/kubernetes/kustomization.yaml").read_text())["namespace"] == "on"
    config = textproto.parse((tmp_path / "out/config/models.config").read_text(encoding="utf-8"), "ModelServerConfig")
    assert dict(config.model_config_list.config[0].version_labels) == {"prüf": 3}


@pytest.mark.parametrize(("arguments", "message"), [
    (["nowhere"], "needs exported models, DIR/NAME/VERSION. '.*nowhere' holds none. Export one first"),
    (["{models}/actions", "--label=stable=9"], "Received: stable=9 for 'actions', which has 1, 2."),
    (["{models}", "--label=stable"], "`--label` must be NAME=VERSION, such as stable=3. Received: 'stable'."),
    (["{models}", "--cpus=0"], "`--cpus` must be 1 or more. Received: 0."),
    (["{models}", "--memory=0"], "`--memory` must be 1 MiB or more. Received: 0."),
    (["{models}", "--batch_timeout_micros=-1"], "`--batch_timeout_micros` must be 0 or more. Received: -1."),
    (["{models}", "--namespace=Video Serving"], "A namespace must be .* Received: 'Video Serving'. Choose another."),
    (["{models}", "--max_replicas=1"], "`--max_replicas` must be at least `--min_replicas`, 2. Received: 1."),
])
def test_what_cannot_be_deployed(models, tmp_path, capsys, arguments, message):
    arguments = [argument.format(models=models) for argument in arguments]
    assert main(["deploy", *arguments, f"--output={tmp_path}/out"]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()
