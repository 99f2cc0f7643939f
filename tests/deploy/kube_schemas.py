"""Schemas for kubeconform, made of what is on this machine: those of Kubernetes in the package kubernetes-validate, and the
CustomResourceDefinitions that deploy/dependencies.sh --deploy has fetched.

    kube_schemas.py KUBERNETES_VERSION OUTPUT [CRD.yaml]...
"""

import importlib.util
import json
import pathlib
import sys

import yaml

KINDS = ("configmap-v1", "job-batch-v1", "networkpolicy-networking-v1", "pod-v1", "poddisruptionbudget-policy-v1", "service-v1",
         "statefulset-apps-v1")


def of_kubernetes(version, output):
    package = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent
    folder = package / "kubernetes-json-schema" / f"v{version}-local-strict"
    # Each schema refers to one file of definitions, by an address that nothing serves: they are put into each.
    here = "#/$defs/"
    definitions = (folder / "_definitions.json").read_text("utf-8").replace("/api/_definitions.json" + here, here)
    definitions = json.loads(definitions)["$defs"]
    for kind in KINDS:
        text = (folder / f"{kind}.json").read_text("utf-8").replace("/api/_definitions.json" + here, here)
        (output / f"{kind}.json").write_text(json.dumps({**json.loads(text), "$defs": definitions}), "utf-8")


def closed(schema):
    """The schema, in which an object that names its properties has no others."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object" and "additionalProperties" not in made:
        if not made.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    return made


# A lone "=" is a word to everybody but YAML 1.1.
yaml.SafeLoader.add_constructor("tag:yaml.org,2002:value", yaml.SafeLoader.construct_yaml_str)


def of_definition(path, output):
    for document in yaml.safe_load_all(path.read_text("utf-8")):
        if not document or document.get("kind") != "CustomResourceDefinition":
            continue
        group, kind = document["spec"]["group"].split(".")[0], document["spec"]["names"]["kind"].lower()
        for version in document["spec"]["versions"]:
            schema = closed(version["schema"]["openAPIV3Schema"])
            (output / f"{kind}-{group}-{version['name']}.json").write_text(json.dumps(schema), "utf-8")


def make(version, output, definitions):
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    of_kubernetes(version, output)
    for path in definitions:
        of_definition(pathlib.Path(path), output)


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], sys.argv[3:])
