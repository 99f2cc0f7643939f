#!/usr/bin/env python3
"""Goal: Dockerfile, compose file, systemd unit and package files are what their own tools take, fit each other, and lead Tocsin
to what it accepts.
Method: hadolint, the Compose schema, systemd-analyze, promtool, amtool, shellcheck; `tocsin check` over each configuration that
is shipped; rules of ours over the rest. What is missing here is skipped, and named.

    files_test.py --tocsin build/dev/bin/tocsin
"""

import json
import pathlib
import re
import subprocess
import tempfile

import deploying
from deploying import ROOT, unittest

yaml = deploying.yaml()
TOCSIN = ""
DEPLOY = ROOT / "deploy"
EXPOSURE_MAX = 1.5  # of 10, by systemd's own account


def text(*path):
    return DEPLOY.joinpath(*path).read_text("utf-8")


class Image(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        self.assertEqual(deploying.run(deploying.tool("hadolint"), DEPLOY / "Dockerfile"), (0, ""))

    def test_is_not_root_and_needs_no_shell(self):
        last = text("Dockerfile").split("\nFROM ")[-1]
        self.assertRegex(last, r"\nUSER 65532:65532\n")
        self.assertRegex(last, r'\nHEALTHCHECK .*CMD \["tocsin", "health"')
        self.assertRegex(last, r'\nENTRYPOINT \["tocsin"\]')
        self.assertNotIn("\nRUN ", last)

    def test_has_the_version_of_the_build(self):
        version = (ROOT / "app/version.h").read_text("utf-8").split('"')[1]
        self.assertIn(f'image.version="{version}"', text("Dockerfile"))
        self.assertIn(f"VERSION {version} ", (ROOT / "CMakeLists.txt").read_text("utf-8"))
        images = {each.get("image") for each in yaml.safe_load(text("compose", "compose.yaml"))["services"].values()}
        self.assertIn(f"tocsin:{version}", images)

    def test_bill_of_materials_lists_what_is_installed(self):
        with tempfile.TemporaryDirectory() as root:
            status = pathlib.Path(root, "var/lib/dpkg/status")
            status.parent.mkdir(parents=True)
            status.write_text("Package: libb\nStatus: install ok installed\nMaintainer: B <b@example.com>\nArchitecture: amd64\nVersion: 1:2+3\n\n"
                              "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
                              "Package: tocsin\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.1.0\nDescription: x\n y\n", "utf-8")
            code, said = deploying.run(DEPLOY / "sbom.py", root)
        document = json.loads(said)
        self.assertEqual((code, document["bomFormat"], document["metadata"]["component"]["version"]), (0, "CycloneDX", "0.1.0"))
        found = {each["name"]: each.get("purl") for each in document["components"]}
        self.assertEqual(found["libb"], "pkg:deb/debian/libb@1%3A2%2B3?arch=amd64")
        self.assertLessEqual({"libb", "tocsin"}, set(found))
        self.assertNotIn("gone", found)


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = yaml.safe_load(text("compose", "compose.yaml"))
        cls.services = cls.file["services"]

    def test_is_what_the_schema_says(self):
        check = deploying.tool("check-jsonschema")
        code, said = deploying.run(check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose/compose.yaml")
        self.assertEqual(code, 0, said)

    def test_names_services_files_and_hosts_that_are_there(self):
        for name, service in self.services.items():
            for other in service.get("depends_on", []):
                self.assertIn(other, self.services, name)
            for volume in service.get("volumes", []):
                self.assertTrue((DEPLOY / "compose" / volume.split(":")[0]).exists(), volume)
        for host in re.findall(r"[\"/\[]([a-z]+):\d{4}", text("compose", "prometheus.yaml") + text("compose", "tocsin.yaml") +
                               text("compose", "grafana", "datasources.yaml")):
            self.assertIn(host, self.services)
        self.assertTrue((ROOT / "deploy" / "compose" / self.services["tocsin"]["build"]["context"] / "deploy/Dockerfile").exists())

    def test_opens_ports_to_this_machine_only(self):
        for service in self.services.values():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_firehose_has_the_watchlist_beside_it(self):
        command = [str(each) for each in self.services["firehose"]["command"]]
        known = subprocess.run([TOCSIN, "generate", "--help"], capture_output=True, text=True, check=True).stdout
        for option in [each for each in command if each.startswith("--")]:
            self.assertIn(option + " ", known)
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder, "watchlist.yaml")
            code, said = deploying.run(TOCSIN, "generate", "--scenario", "demo", "--seed", command[command.index("--seed") + 1],
                                       "--posts", "100", "--output", "/dev/null", "--watchlist", made)
            self.assertEqual(code, 0, said)
            self.assertEqual(made.read_text("utf-8"), text("compose", "watchlist.yaml"))

    def test_prometheus_and_alertmanager_take_their_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "prometheus.yaml")
            path.write_text(text("compose", "prometheus.yaml").replace("/etc/prometheus/", str(DEPLOY / "prometheus") + "/"), "utf-8")
            code, said = deploying.run(deploying.tool("promtool"), "check", "config", path)
            self.assertEqual(code, 0, said)
        code, said = deploying.run(deploying.tool("amtool"), "check-config", DEPLOY / "compose/alertmanager.yaml")
        self.assertEqual(code, 0, said)


class Service(unittest.TestCase):
    def test_systemd_takes_the_unit(self):
        analyze = deploying.tool("systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "tocsin.service")
            unit.write_text(text("systemd", "tocsin.service").replace("/usr/bin/tocsin", TOCSIN), "utf-8")
            code, said = deploying.run(analyze, "verify", "--man=no", unit)
            self.assertEqual((code, said), (0, ""))
            code, said = deploying.run(analyze, "security", "--offline=true", unit)
        self.assertEqual(code, 0, said)
        self.assertLessEqual(float(re.search(r"Overall exposure level for tocsin.service: ([\d.]+)", said).group(1)), EXPOSURE_MAX)

    def test_stops_later_than_a_drain_takes(self):
        self.assertGreaterEqual(int(re.search(r"^TimeoutStopSec=(\d+)$", text("systemd", "tocsin.service"), re.M).group(1)), 61)


class Manifest(unittest.TestCase):
    def test_vcpkg_has_what_the_build_looks_for(self):
        build = (ROOT / "cmake/dependencies.cmake").read_text("utf-8")
        wanted = {name.lower().replace("_", "-") for name in re.findall(r"^(?:tocsin_need|find_package)\((\w[\w-]*) [\d.]+", build, re.M)}
        wanted |= {module.split(">")[0].removeprefix("lib") for module in re.findall(r'tocsin_import\(\w+ "?([^")]+)"?\)', build)}
        named = {"absl": "abseil", "rdkafka": "librdkafka", "tcmalloc_minimal": "gperftools"}
        manifest = json.loads((ROOT / "vcpkg.json").read_text("utf-8"))
        listed = {each if isinstance(each, str) else each["name"] for each in manifest["dependencies"]}
        # A header of which CMake only looks for the folder.
        self.assertEqual(listed, {named.get(each, each) for each in wanted} | {"valijson"})
        self.assertEqual(manifest["version"], re.search(r"project\(tocsin VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text("utf-8")).group(1).strip())


class Shipped(unittest.TestCase):
    def test_configurations_are_accepted(self):
        for folder in ("compose", "debian"):
            code, said = deploying.run(TOCSIN, "check", "--config", DEPLOY / folder / "tocsin.yaml")
            self.assertEqual(code, 0, said)

    def test_package_protects_what_is_configured(self):
        installed = (ROOT / "cmake/packaging.cmake").read_text("utf-8")
        for path in text("debian", "conffiles").split():
            self.assertTrue(path.startswith("/etc/"))
            self.assertIn(str(pathlib.PurePosixPath(path).parent), installed)

    def test_scripts_are_sound(self):
        scripts = [DEPLOY / "package.sh", DEPLOY / "dependencies.sh", *[DEPLOY / "debian" / each for each in ("postinst", "prerm", "postrm")]]
        code, said = deploying.run(deploying.tool("shellcheck"), *scripts)
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    TOCSIN = deploying.arguments()
    deploying.main()
