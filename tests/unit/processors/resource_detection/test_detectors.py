"""Each detector against a stand-in of its place's documented service."""

from __future__ import annotations

import json

import pytest

from counterparts.metadata_service import serving
from processors.resource_detection.config import ResourceDetectionConfig
from processors.resource_detection.detection import Detection
from processors.resource_detection.detectors import DETECT
from processors.resource_detection.surroundings import Failed, NotHere, Surroundings

EC2 = {
    "PUT /latest/api/token": "t0",
    "/latest/dynamic/instance-identity/document": {
        "accountId": "1234", "region": "eu-west-1", "availabilityZone": "eu-west-1a", "instanceId": "i-1", "imageId": "ami-1",
        "instanceType": "m7g.large",
    },
    "/latest/meta-data/hostname": "ip-10-0-0-1.ec2.internal",
    "/latest/meta-data/tags/instance": "Team\neks:cluster-name",
    "/latest/meta-data/tags/instance/Team": "shop",
    "/latest/meta-data/tags/instance/eks:cluster-name": "prod",
}  # fmt: skip
IMDS2 = {"X-aws-ec2-metadata-token": "t0"}
OF_EC2 = {
    "cloud.provider": "aws", "cloud.platform": "aws_ec2", "cloud.account.id": "1234", "cloud.region": "eu-west-1",
    "cloud.availability_zone": "eu-west-1a", "host.id": "i-1", "host.image.id": "ami-1", "host.type": "m7g.large",
    "host.name": "ip-10-0-0-1.ec2.internal",
}  # fmt: skip
AZURE = {
    "/metadata/instance/compute?api-version=2020-09-01&format=json": {
        "location": "westeurope", "subscriptionId": "s-1", "vmId": "v-1", "vmSize": "B2s", "name": "vm", "resourceGroupName": "MC_rg_prod_westeurope",
        "vmScaleSetName": "", "zone": "1", "osProfile": {"computerName": "vm-host"}, "tagsList": [{"name": "team", "value": "shop"}],
    }
}  # fmt: skip
V1 = "/computeMetadata/v1"
MACHINE = {
    f"{V1}/project/project-id": "p-1",
    f"{V1}/instance/zone": "projects/1/zones/europe-west1-b",
    f"{V1}/instance/id": "77",
    f"{V1}/instance/name": "gce-1",
    f"{V1}/instance/machine-type": "projects/1/machineTypes/e2-small",
}
GKE = MACHINE | {
    f"{V1}/instance/attributes/cluster-name": "c-1",
    f"{V1}/instance/attributes/cluster-location": "europe-west1",
}
GOOGLE = {"Metadata-Flavor": "Google"}
K8S = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "PORT"}
TASK = {
    "/v4/x/task": {
        "TaskARN": "arn:aws:ecs:eu-west-1:1234:task/prod/abc", "Cluster": "prod", "Family": "shop", "Revision": "7", "LaunchType": "FARGATE",
        "AvailabilityZone": "eu-west-1b",
    }
}  # fmt: skip
CASES = {
    "ec2": ("ec2", {}, EC2, IMDS2, {}, OF_EC2),
    "ec2 with tags": ("ec2", {"ec2": {"tags": ["^Te"]}}, EC2, IMDS2, {}, OF_EC2 | {"ec2.tag.Team": "shop"}),
    "ec2 without an attribute": (
        "ec2", {"ec2": {"resource_attributes": {"host.name": {"enabled": False}}}}, EC2, IMDS2, {},
        {key: value for key, value in OF_EC2.items() if key != "host.name"},
    ),
    "ecs": (
        "ecs", {}, TASK, {}, {"ECS_CONTAINER_METADATA_URI_V4": "http://HOST/v4/x"},
        {
            "cloud.provider": "aws", "cloud.platform": "aws_ecs", "cloud.region": "eu-west-1", "cloud.account.id": "1234",
            "cloud.availability_zone": "eu-west-1b", "aws.ecs.task.arn": "arn:aws:ecs:eu-west-1:1234:task/prod/abc", "aws.ecs.task.id": "abc",
            "aws.ecs.task.family": "shop", "aws.ecs.task.revision": "7", "aws.ecs.launchtype": "fargate",
            "aws.ecs.cluster.arn": "arn:aws:ecs:eu-west-1:1234:cluster/prod",
        },
    ),
    "eks": ("eks", {}, {"/version": {"gitVersion": "v1.31.2-eks-7f9249a"}}, {}, K8S, {"cloud.provider": "aws", "cloud.platform": "aws_eks"}),
    "eks with the cluster": (
        "eks", {"eks": {"resource_attributes": {"k8s.cluster.name": {"enabled": True}}}},
        EC2 | {"/version": {"gitVersion": "v1.31.2-eks-7f9249a"}}, {}, K8S,
        {"cloud.provider": "aws", "cloud.platform": "aws_eks", "k8s.cluster.name": "prod"},
    ),
    "azure": (
        "azure", {"azure": {"tags": ["team"]}}, AZURE, {"Metadata": "true"}, {},
        {
            "cloud.provider": "azure", "cloud.platform": "azure_vm", "cloud.region": "westeurope", "cloud.account.id": "s-1", "host.id": "v-1",
            "host.name": "vm-host", "azure.vm.name": "vm", "azure.vm.size": "B2s", "azure.resourcegroup.name": "MC_rg_prod_westeurope",
            "azure.tag.team": "shop",
        },
    ),
    "aks": (
        "aks", {"aks": {"resource_attributes": {"k8s.cluster.name": {"enabled": True}}}}, AZURE, {}, K8S,
        {"cloud.provider": "azure", "cloud.platform": "azure_aks", "k8s.cluster.name": "prod"},
    ),
    "a machine of google": (
        "gcp", {}, MACHINE, GOOGLE, {"GCE_METADATA_HOST": "HOST"},
        {
            "cloud.provider": "gcp", "cloud.platform": "gcp_compute_engine", "cloud.account.id": "p-1", "cloud.region": "europe-west1",
            "cloud.availability_zone": "europe-west1-b", "host.id": "77", "host.name": "gce-1", "host.type": "e2-small",
        },
    ),
    "a cluster of google, by an old name": (
        "gke", {}, GKE, GOOGLE, {"GCE_METADATA_HOST": "HOST"},
        {
            "cloud.provider": "gcp", "cloud.platform": "gcp_kubernetes_engine", "cloud.account.id": "p-1", "cloud.region": "europe-west1",
            "k8s.cluster.name": "c-1", "host.id": "77", "host.name": "gce-1",
        },
    ),
    "cloud run": (
        "gcp", {}, {f"{V1}/project/project-id": "p-1", f"{V1}/instance/region": "projects/1/regions/us-east1"}, GOOGLE,
        {"GCE_METADATA_HOST": "HOST", "K_SERVICE": "shop", "K_REVISION": "shop-1"},
        {
            "cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run", "cloud.account.id": "p-1", "cloud.region": "us-east1", "faas.name": "shop",
            "faas.version": "shop-1",
        },
    ),
    "a node": (
        "k8s_node", {"k8s_api": {"auth_type": "none", "resource_attributes": {"k8s.cluster.uid": {"enabled": True}}}}, {"/api/v1/nodes/n-1": {"metadata": {"name": "n-1", "uid": "u-1"}}, "/api/v1/namespaces/kube-system": {"metadata": {"uid": "c-1"}}}, {},
        K8S | {"K8S_NODE_NAME": "n-1"}, {"k8s.node.name": "n-1", "k8s.node.uid": "u-1", "k8s.cluster.uid": "c-1"},
    ),
    "openshift": (
        "openshift", {},
        {"/apis/config.openshift.io/v1/infrastructures/cluster": {"status": {"infrastructureName": "prod-x1", "platformStatus": {"type": "AWS", "aws": {"region": "us-east-1"}}}}},
        {}, K8S, {"k8s.cluster.name": "prod-x1", "cloud.provider": "aws", "cloud.platform": "aws_openshift", "cloud.region": "us-east-1"},
    ),
    "heroku": (
        "heroku", {}, {}, {}, {"HEROKU_DYNO_ID": "d", "HEROKU_APP_NAME": "shop", "HEROKU_RELEASE_VERSION": "v7"},
        {"cloud.provider": "heroku", "service.instance.id": "d", "service.name": "shop", "service.version": "v7"},
    ),
    "lambda": (
        "lambda", {}, {}, {},
        {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128"},
        {"cloud.provider": "aws", "cloud.platform": "aws_lambda", "cloud.region": "eu-west-1", "faas.name": "f", "faas.max_memory": 128 << 20},
    ),
    "env": (
        "env", {}, {}, {}, {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a%20b, team=shop,nonsense,quoted=\"x\""},
        {"service.name": "a b", "team": "shop", "quoted": "x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_detector_finds(name, tmp_path):
    """By the documented addresses and headers, and nothing else."""
    detector, options, answers, demands, environ, expected = CASES[name]
    with serving(answers, demands) as (_, address):
        port = address.rpartition(":")[2]
        environ = {key: value.replace("HOST", address).replace("PORT", port) for key, value in environ.items()}
        config = ResourceDetectionConfig(detectors=[detector], timeout="30s", **options)
        around = Surroundings(environ, f"http://{address}", 30, tmp_path)
        assert Detection(config, around).attributes() == expected


@pytest.mark.parametrize(
    "detector", ["heroku", "lambda", "ecs", "eks", "aks", "k8s_api", "openshift", "elastic_beanstalk", "docker"]
)
def test_a_detector_is_not_where_it_could_find_anything(detector, tmp_path):
    """No variable, file or socket tells of it: nobody is asked."""
    options = ResourceDetectionConfig().of(detector)
    with pytest.raises(NotHere):
        DETECT[detector](Surroundings({}, "http://127.0.0.1:9", 30, tmp_path), options)


@pytest.mark.parametrize("detector", ["ec2", "azure", "gcp"])
@pytest.mark.parametrize(("status", "error"), [(404, NotHere), (500, Failed), (302, Failed)])
def test_a_service_that_does_not_say(detector, status, error, tmp_path):
    """One that does not know the path is not the place; one that fails may be."""
    paths = {"ec2": "PUT /latest/api/token", "azure": next(iter(AZURE)), "gcp": f"{V1}/project/project-id"}
    with serving({paths[detector]: status}) as (_, address):
        around = Surroundings({"GCE_METADATA_HOST": address}, f"http://{address}", 30, tmp_path)
        with pytest.raises(error):
            DETECT[detector](around, ResourceDetectionConfig().of(detector))


def test_docker_is_asked_over_its_socket(tmp_path):
    """Where the environment names no other place."""
    (tmp_path / "var/run").mkdir(parents=True)
    with serving({"/info": {"Name": "box", "OSType": "linux"}}, path=str(tmp_path / "var/run/docker.sock")):
        around = Surroundings({}, timeout=30, root=tmp_path)
        assert DETECT["docker"](around, None) == {"host.name": "box", "os.type": "linux"}


def test_elastic_beanstalk_reads_the_file_of_its_agent(tmp_path):
    """And nothing else."""
    file = tmp_path / "var/elasticbeanstalk/xray/environment.conf"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"environment_name": "prod", "deployment_id": 32, "version_label": "v1"}))
    found = DETECT["elastic_beanstalk"](Surroundings({}, root=tmp_path), None)
    assert found == {
        "cloud.provider": "aws", "cloud.platform": "aws_elastic_beanstalk", "deployment.environment": "prod", "service.instance.id": "32",
        "service.version": "v1",
    }  # fmt: skip


def test_system_sets_a_name_and_what_is_asked_for(tmp_path):
    """Of this very machine, but for its files."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("m-1\n")
    (tmp_path / "etc/os-release").write_text('NAME="Debian GNU/Linux"\nVERSION_ID="13"\n')
    wanted = {key: {"enabled": True} for key in ("host.id", "os.name", "os.version")} | {"os.type": {"enabled": False}}
    config = ResourceDetectionConfig(
        detectors=["system"], timeout="30s", system={"hostname_sources": ["os"], "resource_attributes": wanted}
    )
    found = dict(Detection(config, Surroundings({}, root=tmp_path)).attributes())
    assert found.pop("host.name")
    assert found == {"host.id": "m-1", "os.name": "Debian GNU/Linux", "os.version": "13"}
