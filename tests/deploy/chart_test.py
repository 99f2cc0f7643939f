#!/usr/bin/env python3
"""Goal: the chart renders, in every way that its values allow, what Kubernetes takes and what keeps the promises: stable
numbers, the watchlist reloaded, a restricted pod, nothing secret in it, topics as deploy/topics.json has them.
Method: rules of ours over the rendered objects; helm's own lint and schema; kubernetes-validate and kubeconform, which know the
CustomResourceDefinitions too. What is missing here is skipped, and named.
"""

import json
import pathlib
import subprocess
import tempfile

import deploying
from deploying import CHART, KUBERNETES, ROOT, unittest

yaml = deploying.yaml()

SECURED = {"kafka": {"sasl": {"enabled": True, "secret": "login"}, "tls": {"enabled": True, "secret": "tls", "clientCertificate": True},
                     "properties": {"socket.keepalive.enable": "true"}}, "privacy": {"secret": "author-key"}}
EVERYTHING = {**SECURED, "topics": {"mode": "strimzi", "replication": 3, "strimzi": {"cluster": "main"}},
              "monitoring": {"podMonitor": True, "rules": True, "dashboards": True, "labels": {"release": "prometheus"}},
              "autoscaling": {"enabled": True, "lagThreshold": 2000000}, "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": ["registry"]},
              "pods": {"priorityClassName": "high", "nodeSelector": {"disk": "none"}, "env": [{"name": "TOCSIN_LOG_LEVEL", "value": "debug"}],
                       "tolerations": [{"operator": "Exists"}], "labels": {"team": "listening"}, "annotations": {"note": "1"}}}
VARIANTS = {"defaults": {}, "secured": SECURED, "everything": EVERYTHING, "run": {"topics": {"mode": "run"}},
            "own": {"watchlist": {"existingConfigMap": "brands"}, "config": {"windows": {"slide": "10s"}, "topics": {"signals": "alarms"}}}}
DEFINED = ("podmonitors", "prometheusrules", "scaledobjects", "_triggerauthentications")
REFUSED = {"kafka.sasl.mechanism": {"kafka": {"sasl": {"mechanism": "GSSAPI"}}}, "lagThreshold": {"autoscaling": {"lagThreshold": 0}},
           "replicas": {"ingest": {"replicas": "two"}}, "imgae": {"imgae": {}}, "sources": {"sources": []},
           "kafka.sasl.secret is missing": {"kafka": {"sasl": {"enabled": True}}}, "not": {"config": {"roles": ["ingest"]}},
           "topics.strimzi.cluster is missing": {"topics": {"mode": "strimzi"}}, "terminationGracePeriodSeconds": {"pods": {"terminationGracePeriodSeconds": 5}}}


def helm(values, *command):
    """Exit code, and what it wrote; if it failed, what it said of that."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "values.yaml")
        file.write_text(json.dumps(values), "utf-8")
        done = subprocess.run([deploying.tool("helm"), *command, CHART, "--values", file], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def objects_of(text):
    return [each for each in yaml.safe_load_all(text) if each]


class Sources(unittest.TestCase):
    def test_readme_is_made_from_the_values(self):
        self.assertEqual(deploying.run(ROOT / "deploy/helm/values_doc.py", "--check"), (0, ""))

    def test_every_value_is_described_and_in_the_schema(self):
        schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
        text = (CHART / "README.md").read_text("utf-8")

        def look(values, node, path):
            for key, value in values.items():
                self.assertIn(key, node["properties"], path)
                inner = node["properties"][key]
                if isinstance(value, dict) and "properties" in inner:
                    look(value, inner, f"{path}{key}.")
                else:
                    self.assertIn(f"| `{path}{key}` |", text)

        look(yaml.safe_load((CHART / "values.yaml").read_text("utf-8")), schema, "")

    def test_files_of_others_are_links_to_them(self):
        for link in (CHART / "files").iterdir():
            self.assertTrue(link.is_symlink() and link.exists(), link)
            self.assertTrue(str(link.resolve()).startswith(str(ROOT / "deploy")), link)

    def test_versions_are_those_of_the_build(self):
        version = (ROOT / "app/version.h").read_text("utf-8").split('"')[1]
        self.assertEqual(yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["appVersion"], version)


class Rendered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.variants = {}
        for name, values in VARIANTS.items():
            code, text = helm(values, "template", "rel", "--kube-version", KUBERNETES)
            if code != 0:
                raise AssertionError(f"{name}: {text}")
            cls.variants[name] = (text, objects_of(text))

    def objects(self, variant, kind):
        return [each for each in self.variants[variant][1] if each["kind"] == kind]

    def config(self, variant):
        return yaml.safe_load(next(each["data"]["tocsin.yaml"] for each in self.objects(variant, "ConfigMap")
                                   if each["metadata"]["name"] == "rel-tocsin-config"))

    def pods(self, variant):
        for each in self.variants[variant][1]:
            if each["kind"] in ("StatefulSet", "Job"):
                yield each["metadata"]["name"], each["spec"]["template"]["spec"]
            elif each["kind"] == "Pod":
                yield each["metadata"]["name"], each["spec"]

    def test_pods_are_restricted(self):
        for variant in VARIANTS:
            for name, pod in self.pods(variant):
                with self.subTest(variant=variant, pod=name):
                    self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                    self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                    self.assertFalse(pod["automountServiceAccountToken"])
                    container = pod["containers"][0]
                    self.assertEqual(container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                                    "capabilities": {"drop": ["ALL"]}})
                    self.assertIn("memory", container["resources"]["limits"])

    def test_objects_are_in_the_namespace_of_the_release(self):
        for variant, values in VARIANTS.items():
            text = helm(values, "template", "rel", "--kube-version", KUBERNETES, "--namespace", "listening")[1]
            for each in objects_of(text):
                self.assertEqual(each["metadata"].get("namespace"), "listening", f"{variant}: {each['kind']} {each['metadata']['name']}")

    def test_roles_are_stateful_sets_with_numbers_and_a_drain(self):
        for variant in VARIANTS:
            sets = self.objects(variant, "StatefulSet")
            self.assertEqual([each["metadata"]["name"] for each in sets], ["rel-tocsin-ingest", "rel-tocsin-detect"])
            for each, role in zip(sets, ("ingest", "detect")):
                pod = each["spec"]["template"]["spec"]
                self.assertIn(f"--set=roles=[{role}]", pod["containers"][0]["args"])
                self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], 61)
                self.assertEqual(each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"], role)
                self.assertEqual({probe: pod["containers"][0][probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")},
                                 {"livenessProbe": "/livez", "readinessProbe": "/readyz"})

    def test_watchlist_is_a_folder_and_does_not_restart_pods(self):
        for variant in VARIANTS:
            for each in self.objects(variant, "StatefulSet"):
                mounts = {mount["name"]: mount for mount in each["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]}
                self.assertNotIn("subPath", mounts["watchlist"])
                self.assertEqual(self.config(variant)["watchlist"], mounts["watchlist"]["mountPath"] + "/watchlist.yaml")
        changed = helm({"watchlist": {"content": "brands: []"}}, "template", "rel", "--kube-version", KUBERNETES)[1]
        before, after = ([each["spec"]["template"] for each in objects if each["kind"] == "StatefulSet"]
                         for objects in (self.variants["defaults"][1], objects_of(changed)))
        self.assertEqual(before, after)

    def test_secrets_are_named_and_never_made(self):
        for variant in ("secured", "everything"):
            self.assertEqual(self.objects(variant, "Secret"), [])
            kafka = self.config(variant)["kafka"]
            self.assertEqual(kafka["sasl.password"], "${TOCSIN_KAFKA_PASSWORD}")
            self.assertEqual(kafka["security.protocol"], "SASL_SSL")
            self.assertEqual(kafka["ssl.key.location"], "/etc/tocsin/tls/tls.key")

    def test_scaler_and_numbers_are_written_out(self):
        scaled = self.objects("everything", "ScaledObject")[0]
        self.assertEqual(scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"], "2000000")
        self.assertNotIn("replicas", self.objects("everything", "StatefulSet")[0]["spec"])
        self.assertEqual(self.objects("defaults", "ScaledObject"), [])

    def test_topics_are_those_of_the_file(self):
        topics = json.loads((ROOT / "deploy/topics.json").read_text("utf-8"))["topics"]
        made = {each["metadata"]["name"]: each["spec"] for each in self.objects("everything", "KafkaTopic")}
        self.assertEqual(made, {each["name"]: {"topicName": each["name"], "partitions": each["partitions"] or 16, "replicas": 3,
                                               "config": each["config"]} for each in topics})
        self.assertEqual({variant: self.config(variant)["topics"]["create"] for variant in VARIANTS},
                         {"defaults": False, "secured": False, "everything": False, "run": True, "own": False})

    def test_dashboards_and_rules_are_those_of_the_repository(self):
        boards = {key: value for each in self.objects("everything", "ConfigMap") for key, value in each["data"].items() if key.endswith(".json")}
        for name in ("crisis-room.json", "engine.json"):
            self.assertEqual(json.loads(boards[name]), json.loads((ROOT / "deploy/grafana" / name).read_text("utf-8")))
        rules = yaml.safe_load((ROOT / "deploy/prometheus/tocsin.rules.yaml").read_text("utf-8"))
        self.assertEqual(self.objects("everything", "PrometheusRule")[0]["spec"], rules)

    def test_helm_finds_nothing_to_say(self):
        for name, values in VARIANTS.items():
            code, text = helm(values, "lint", "--strict", "--kube-version", KUBERNETES)
            self.assertEqual(code, 0, f"{name}: {text}")

    def test_wrong_values_are_refused(self):
        for what, values in REFUSED.items():
            code, text = helm(values, "template", "rel", "--kube-version", KUBERNETES)
            self.assertNotEqual(code, 0, what)
            self.assertIn(what.split(".")[-1] if "missing" not in what else what, text)

    def test_kubernetes_takes_it(self):
        validate = deploying.tool("kubernetes-validate")
        for name, (text, _) in self.variants.items():
            code, output = deploying.run(validate, "-k", KUBERNETES.rsplit(".", 1)[0], "--strict", "-", text=text)
            self.assertEqual(code, 0, f"{name}: {output}")

    def test_custom_resources_are_as_defined(self):
        kubeconform = deploying.tool("kubeconform")
        definitions = sorted(file for kind in DEFINED for file in deploying.CRDS.glob(f"*{kind}*.yaml"))
        if not definitions:
            raise unittest.SkipTest("build/tools/crds is empty: deploy/dependencies.sh --deploy fetches them")
        python = deploying.checking.python_with("kubernetes_validate")
        with tempfile.TemporaryDirectory() as folder:
            code, text = deploying.run(python, ROOT / "tests/deploy/kube_schemas.py", KUBERNETES, folder, *definitions)
            self.assertEqual(code, 0, text)
            location = folder + "/{{ .ResourceKind }}{{ .KindSuffix }}.json"
            for name, (text, objects) in self.variants.items():
                # Strimzi's definition is not to be had here; KafkaTopics are held against the file above.
                code, output = deploying.run(kubeconform, "-strict", "-summary", "-skip", "KafkaTopic", "-schema-location", location, "-", text=text)
                self.assertEqual(code, 0, f"{name}: {output}")
                self.assertIn(f"Valid: {sum(each['kind'] != 'KafkaTopic' for each in objects)}, Invalid: 0, Errors: 0", output)
            wrong = self.variants["everything"][0].replace("minReplicaCount:", "minReplicaCuont:")
            self.assertNotEqual(deploying.run(kubeconform, "-strict", "-skip", "KafkaTopic", "-schema-location", location, "-", text=wrong)[0], 0)


if __name__ == "__main__":
    deploying.main()
