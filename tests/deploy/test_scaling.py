"""What scales, on which lag, and what the operators are asked for: the same topics and groups as in the code."""

import re
from pathlib import Path

import pytest
from kustomization import Document, render

from contracts.topics import ALL_TOPICS, TOPICS
from services.api.projector import Projector
from services.classify.handler import ClassifyHandler
from services.classify.spikes.handler import SpikesHandler
from services.router.handler import MentionHandler
from services.router.spike_handler import SpikeHandler
from webcare.environment import TABLE

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
FORMS = ("overlays/production", "overlays/production-operators")
# Which service reads by which handlers. The group `figures` of the api is not scaled on: it only counts.
READERS = {
    "classify": (ClassifyHandler,),
    "spikes": (SpikesHandler,),
    "router": (MentionHandler, SpikeHandler),
    "api": (Projector,),
}
RENDERED = {form: render(K8S / form) for form in FORMS}

both = pytest.mark.parametrize("form", FORMS)


def of_kind(form: str, kind: str) -> dict[str, Document]:
    return {each["metadata"]["name"]: each["spec"] for each in RENDERED[form] if each["kind"] == kind}


@both
def test_every_group_is_scaled_on_the_lag_of_its_topics(form: str) -> None:
    scaled = of_kind(form, "ScaledObject")
    assert scaled.keys() == READERS.keys()
    for name, handlers in READERS.items():
        wanted = {(handler.group, topic) for handler in handlers for topic in handler.topics}
        kafka = [each["metadata"] for each in scaled[name]["triggers"] if each["type"] == "kafka"]
        assert {(each["consumerGroup"], each["topic"]) for each in kafka} == wanted


@both
def test_there_are_never_more_instances_than_partitions(form: str) -> None:
    partitions = {topic.partitions for topic in TOPICS if not topic.followed}
    for spec in of_kind(form, "ScaledObject").values():
        assert {spec["maxReplicaCount"]} == partitions
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        assert spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
        for trigger in (each for each in spec["triggers"] if each["type"] == "kafka"):
            assert trigger["metadata"]["allowIdleConsumers"] == "false"
            assert int(trigger["metadata"]["lagThreshold"]) > 0


@both
def test_what_is_scaled_is_there_and_does_not_say_how_many(form: str) -> None:
    deployments = of_kind(form, "Deployment")
    targets = [
        spec["scaleTargetRef"]
        for kind in ("ScaledObject", "HorizontalPodAutoscaler")
        for spec in of_kind(form, kind).values()
    ]
    names = [target["name"] for target in targets]
    assert len(names) == len(set(names)), "two would scale the same"
    for target in targets:
        assert (target["apiVersion"], target["kind"]) == ("apps/v1", "Deployment")
        assert "replicas" not in deployments[target["name"]]
    assert (
        {name for name, spec in deployments.items() if "replicas" in spec}
        == deployments.keys() - set(names)
        == {"pager"}
    )


@both
def test_keda_enters_kafka_as_the_services_do(form: str) -> None:
    authentications = of_kind(form, "TriggerAuthentication")
    deployments = of_kind(form, "Deployment")
    for name, spec in of_kind(form, "ScaledObject").items():
        (container,) = deployments[name]["template"]["spec"]["containers"]
        asked = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each}
        for trigger in (each for each in spec["triggers"] if each["type"] == "kafka"):
            given = {
                e["parameter"]: e for e in authentications[trigger["authenticationRef"]["name"]]["secretTargetRef"]
            }
            assert trigger["metadata"]["bootstrapServersFromEnv"] in {each.name for each in TABLE}
            assert (trigger["metadata"]["sasl"], trigger["metadata"]["tls"]) == ("scram_sha512", "enable")
            for parameter, variable in (("username", "WEBCARE_KAFKA_USER"), ("password", "WEBCARE_KAFKA_PASSWORD")):
                assert {key: given[parameter][key] for key in ("name", "key")} == asked[variable]


@both
def test_the_door_grows_with_its_work(form: str) -> None:
    spec = of_kind(form, "HorizontalPodAutoscaler")["ingest"]
    assert 2 <= spec["minReplicas"] < spec["maxReplicas"]
    (container,) = of_kind(form, "Deployment")["ingest"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["cpu"]


# ----------------------------------------------------------------------------------------------------- operators


OPERATED = "overlays/production-operators"


def test_strimzi_is_asked_for_every_topic_as_the_contracts_have_it() -> None:
    asked = {
        name: (spec["partitions"], spec["config"]["retention.ms"])
        for name, spec in of_kind(OPERATED, "KafkaTopic").items()
    }
    wanted = {each.name: (each.partitions, each.retention.total_seconds() * 1000) for each in ALL_TOPICS}
    assert asked == wanted


def test_what_is_acknowledged_is_on_two_brokers_of_three() -> None:
    (nodes,) = of_kind(OPERATED, "KafkaNodePool").values()
    assert nodes["replicas"] == 3
    for spec in of_kind(OPERATED, "KafkaTopic").values():
        assert spec["replicas"] == 3
        assert spec["config"]["min.insync.replicas"] == 2
    (postgres,) = of_kind(OPERATED, "Cluster").values()
    assert postgres["instances"] == 3
    assert postgres["postgresql"]["synchronous"]["number"] == 1


def test_parts_of_the_kafka_cluster_name_it() -> None:
    (cluster,) = of_kind(OPERATED, "Kafka")
    parts = [each for each in RENDERED[OPERATED] if each["kind"] in ("KafkaTopic", "KafkaNodePool", "KafkaUser")]
    assert len(parts) == len(ALL_TOPICS) + 2
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in parts} == {cluster}


def test_services_are_sent_to_the_servers_that_the_operators_run() -> None:
    (servers,) = (
        each["data"] for each in RENDERED[OPERATED] if each["kind"] == "ConfigMap" and "WEBCARE_KAFKA" in each["data"]
    )
    ((kafka, spec),) = of_kind(OPERATED, "Kafka").items()
    (listener,) = spec["kafka"]["listeners"]
    assert servers["WEBCARE_KAFKA"] == f"{kafka}-kafka-bootstrap:{listener['port']}"
    assert (listener["tls"], listener["authentication"]["type"]) == (True, "scram-sha-512")
    ((postgres, cluster),) = of_kind(OPERATED, "Cluster").items()
    database = cluster["bootstrap"]["initdb"]
    assert servers["WEBCARE_POSTGRES"] == f"postgresql://{database['owner']}@{postgres}-rw:5432/{database['database']}"
    (elasticsearch,) = of_kind(OPERATED, "Elasticsearch")
    assert servers["WEBCARE_ELASTICSEARCH"] == f"https://{elasticsearch}-es-http:9200"


def test_authorities_are_the_secrets_that_the_operators_make() -> None:
    (kafka,) = of_kind(OPERATED, "Kafka")
    (postgres,) = of_kind(OPERATED, "Cluster")
    (elasticsearch,) = of_kind(OPERATED, "Elasticsearch")
    wanted = [f"{kafka}-cluster-ca-cert", f"{postgres}-ca", f"{elasticsearch}-es-http-certs-public"]
    for spec in of_kind(OPERATED, "Deployment").values():
        volume = next(each for each in spec["template"]["spec"]["volumes"] if each["name"] == "authorities")
        assert [source["secret"]["name"] for source in volume["projected"]["sources"]] == wanted


def test_the_operators_pods_are_restricted_like_ours() -> None:
    (nodes,) = of_kind(OPERATED, "KafkaNodePool").values()
    (kafka,) = of_kind(OPERATED, "Kafka").values()
    (elasticsearch,) = of_kind(OPERATED, "Elasticsearch").values()
    pods = (
        nodes["template"]["pod"],
        kafka["entityOperator"]["template"]["pod"],
        elasticsearch["nodeSets"][0]["podTemplate"]["spec"],
    )
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    entity = kafka["entityOperator"]["template"]
    containers = (
        *(nodes["template"][name] for name in ("kafkaContainer", "initContainer")),
        *(entity[name] for name in ("topicOperatorContainer", "userOperatorContainer")),
        *elasticsearch["nodeSets"][0]["podTemplate"]["spec"]["containers"],
    )
    for each in containers:
        assert each["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_the_user_of_elasticsearch_may_do_what_an_archive_needs_and_only_with_its_own_indices() -> None:
    (secret,) = (each for each in RENDERED[OPERATED] if each["kind"] == "Secret")
    roles = secret["stringData"]["roles.yml"]
    prefix = next(each.default for each in TABLE if each.name == "WEBCARE_ELASTICSEARCH_PREFIX")
    assert re.findall(r"names: \[(.*)\]", roles) == [f'"{prefix}*"']
    (elasticsearch,) = of_kind(OPERATED, "Elasticsearch").values()
    assert elasticsearch["auth"]["roles"] == [{"secretName": secret["metadata"]["name"]}]
