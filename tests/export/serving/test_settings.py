"""What an operator copies is what TensorFlow Serving, Docker and Kubernetes read."""

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from tensorflow_serving.config import model_server_config_pb2

ROOM = Path(__file__).parents[3] / "export" / "serving"
FLAGS = [
    "--model_config_file=/config/models.config",
    "--model_config_file_poll_wait_seconds=30",
    "--monitoring_config_file=/config/monitoring.config",
]
IMAGE = "tensorflow/serving:2.21.0"


def text(name):
    return (ROOM / name).read_text(encoding="utf-8")


def messages(**fields_of):
    """Classes by name, for what tensorflow-serving-api leaves out. Fields are {name: type}, numbered as they stand."""
    file = descriptor_pb2.FileDescriptorProto(name="left_out.proto", package="tensorflow.serving", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    plain = descriptor_pb2.FieldDescriptorProto
    for name, fields in fields_of.items():
        kind = file.message_type.add(name=name)
        for number, (field, typ) in enumerate(fields.items(), 1):
            added = kind.field.add(name=field, number=number, label=plain.LABEL_OPTIONAL)
            if typ in (bool, str):
                added.type = {bool: plain.TYPE_BOOL, str: plain.TYPE_STRING}[typ]
            else:
                added.type, added.type_name = plain.TYPE_MESSAGE, typ
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{name}"))
        for name in fields_of
    }


INT = ".google.protobuf.Int64Value"
LEFT_OUT = messages(
    PrometheusConfig={"enable": bool, "path": str},
    MonitoringConfig={"prometheus_config": ".tensorflow.serving.PrometheusConfig"},
    BatchingParameters={
        "max_batch_size": INT,
        "batch_timeout_micros": INT,
        "max_enqueued_batches": INT,
        "num_batch_threads": INT,
    },
)


def test_the_model_is_where_the_volume_is():
    config = text_format.Parse(text("models.config"), model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("tf_homo", "/models/tf_homo", "tensorflow")
    assert not model.HasField("model_version_policy")


def test_the_line_that_rolls_back_is_one():
    rolled = text("models.config").replace("# model_version_policy", "model_version_policy")
    config = text_format.Parse(rolled, model_server_config_pb2.ModelServerConfig())
    assert list(config.model_config_list.config[0].model_version_policy.specific.versions) == [1]


def test_metrics_are_on_and_batching_is_bounded():
    monitoring = text_format.Parse(text("monitoring.config"), LEFT_OUT["MonitoringConfig"]())
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"
    batching = text_format.Parse(text("batching.config"), LEFT_OUT["BatchingParameters"]())
    assert all(
        batching.HasField(field.name) and getattr(batching, field.name).value > 0
        for field in batching.DESCRIPTOR.fields
    )


def test_compose_mounts_what_the_flags_name():
    (service,) = yaml.safe_load(text("docker-compose.yml"))["services"].values()
    assert (service["image"], service["command"]) == (IMAGE, FLAGS)
    assert [volume.rsplit(":", 2)[1:] for volume in service["volumes"]] == [
        ["/models/tf_homo", "ro"],
        ["/config", "ro"],
    ]
    assert service["volumes"][0].startswith("${SERVED:?")
    assert {port.split(":", 1)[1] for port in service["ports"]} == {"8500:8500", "8501:8501"}


@pytest.fixture(scope="module")
def cluster():
    return {each["kind"]: each for each in yaml.safe_load_all(text("kubernetes.yaml"))}


def test_kubernetes_holds_the_same_files_and_flags(cluster):
    assert cluster["ConfigMap"]["data"] == {name: text(name) for name in ("models.config", "monitoring.config")}
    (container,) = cluster["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["args"]) == (IMAGE, FLAGS)


def test_what_kubernetes_names_is_there(cluster):
    pod = cluster["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    labels = pod["metadata"]["labels"]
    assert labels == cluster["Service"]["spec"]["selector"] == cluster["Deployment"]["spec"]["selector"]["matchLabels"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["targetPort"]: port["port"] for port in cluster["Service"]["spec"]["ports"]} == ports
    probes = [container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    assert {next(iter(set(probe) & {"httpGet", "tcpSocket"})) for probe in probes} == {"httpGet", "tcpSocket"}
    assert {(probe.get("httpGet") or probe["tcpSocket"])["port"] for probe in probes} <= set(ports)
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"models": "/models/tf_homo", "config": "/config"}
    assert {volume["name"] for volume in pod["spec"]["volumes"]} == set(mounts)
    (config,) = (volume["configMap"] for volume in pod["spec"]["volumes"] if "configMap" in volume)
    assert config["name"] == cluster["ConfigMap"]["metadata"]["name"]


def test_pages_name_the_served_folder_whole():
    """A name without a slash would be a volume to Docker."""
    pages = [*ROOM.iterdir(), *ROOM.parents[1].glob("*.md")]
    places = [
        place for page in pages if page.is_file() for place in re.findall(r"SERVED=(\S+)", page.read_text("utf-8"))
    ]
    assert len(places) >= 3
    assert not [place for place in places if not place.startswith(("/", "$PWD/"))]


@pytest.mark.parametrize("name", ["README.md", "docker-compose.yml", "kubernetes.yaml"])
def test_it_fits_a_screen_or_two(name):
    assert len(text(name).splitlines()) < 100
