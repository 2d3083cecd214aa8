from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
DOCUMENTS = [(name, document) for name in ("daemonset.yaml", "job.yaml") for document in yaml.safe_load_all((DEPLOY / name).read_text())]
PODS = [(name, document) for name, document in DOCUMENTS if "template" in document.get("spec", {})]


@pytest.fixture
def validate():
    kubernetes = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate brings the schemas")
    return lambda document, version: kubernetes.validate(document, version, strict=True)


@pytest.mark.filterwarnings("ignore")  # the validator's own
@pytest.mark.parametrize("version", ["1.29", "1.33", "1.37"])
@pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=[f"{name}-{document['kind']}" for name, document in DOCUMENTS])
def test_each_fits_the_schema(validate, name, document, version):
    validate(document, version)


@pytest.mark.filterwarnings("ignore")
def test_a_mistake_would_be_found(validate):
    import copy

    wrong = copy.deepcopy(PODS[0][1])
    wrong["spec"]["template"]["spec"]["hostNetworking"] = True
    with pytest.raises(Exception, match="hostNetworking"):
        validate(wrong, "1.33")


@pytest.mark.parametrize(("name", "document"), PODS, ids=[name for name, _ in PODS])
def test_the_pod_has_one_right_and_is_not_root(name, document):
    spec = document["spec"]["template"]["spec"]
    container = spec["containers"][0]["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 65534
    assert not spec["automountServiceAccountToken"]
    assert container["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}
    assert container["readOnlyRootFilesystem"]
    assert not container["privileged"]
