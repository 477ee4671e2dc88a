"""The Grafana dashboard of a server, from the metrics that TensorFlow Serving and the embedded server both give."""

PANELS = (  # title, unit, ((query, legend), ...); `$model` is chosen at the top of the page
    ("Requests", "reqps", (
        ('sum by (model_name, status) (rate(:tensorflow:serving:request_count{model_name=~"$model"}[1m]))',
         "{{model_name}} {{status}}"),)),
    ("Refused or failed", "percentunit", (
        ('sum by (model_name) (rate(:tensorflow:serving:request_count{model_name=~"$model",status!="OK"}[5m])) '
         '/ sum by (model_name) (rate(:tensorflow:serving:request_count{model_name=~"$model"}[5m]))',
         "{{model_name}}"),)),
    ("Latency of a request", "µs", tuple(
        (f'histogram_quantile({quantile}, sum by (le, entrypoint) '
         '(rate(:tensorflow:serving:request_latency_bucket{model_name=~"$model"}[5m])))', f"{{{{entrypoint}}}} p{name}")
        for quantile, name in ((0.5, 50), (0.95, 95), (0.99, 99)))),
    ("Latency of the network alone", "µs", tuple(
        (f'histogram_quantile({quantile}, sum by (le) '
         '(rate(:tensorflow:serving:runtime_latency_bucket{model_name=~"$model"}[5m])))', f"p{name}")
        for quantile, name in ((0.5, 50), (0.95, 95)))),
    ("Clips in a batch", "short", (
        ("sum(rate(:tensorflow:serving:batching_session:processed_batch_size_sum[5m])) / "
         "sum(rate(:tensorflow:serving:batching_session:processed_batch_size_count[5m]))", "mean"),)),
    ("Waiting for a batch", "µs", (
        ("histogram_quantile(0.95, sum by (le) "
         "(rate(:tensorflow:serving:batching_session:queuing_latency_bucket[5m])))", "p95"),)),
)


def dashboard(title):
    """The dashboard as a dict of JSON values, two panels a row."""
    panels = []
    for number, (name, unit, queries) in enumerate(PANELS):
        panels.append({
            "id": number + 1, "title": name, "type": "timeseries",
            "datasource": {"type": "prometheus", "uid": "prometheus"},
            "gridPos": {"x": number % 2 * 12, "y": number // 2 * 8, "w": 12, "h": 8},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "targets": [{"refId": chr(ord("A") + i), "expr": query, "legendFormat": legend}
                        for i, (query, legend) in enumerate(queries)],
        })
    model = {"name": "model", "label": "Model", "type": "query", "includeAll": True, "multi": True, "refresh": 2,
             "datasource": {"type": "prometheus", "uid": "prometheus"}, "current": {"text": "All", "value": "$__all"},
             "query": "label_values(:tensorflow:serving:request_count, model_name)"}
    return {"uid": "res3d-serving", "title": title, "schemaVersion": 39, "version": 1, "editable": True,
            "refresh": "10s", "time": {"from": "now-30m", "to": "now"}, "tags": ["serving"], "panels": panels,
            "templating": {"list": [model]}, "annotations": {"list": []}}
