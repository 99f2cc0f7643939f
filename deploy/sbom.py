#!/usr/bin/env python3
"""What is in an image, as CycloneDX JSON: every Debian package below a root, and what Tocsin is linked with statically.

    deploy/sbom.py ROOT >sbom.cdx.json
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent / "build" / "deps" / "source"


def paragraphs(path):
    for block in path.read_text("utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", block, re.M))
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def component(name, version, **more):
    return {"type": "library", "bom-ref": f"{name}@{version}", "name": name, "version": version, **more}


def packages(root):
    for fields in sorted(paragraphs(root / "var/lib/dpkg/status"), key=lambda each: (each["Package"], each["Architecture"])):
        name, version = fields["Package"], fields["Version"]
        purl = f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={fields['Architecture']}"
        yield component(name, version, purl=purl, supplier={"name": fields.get("Maintainer", "unknown")})


def linked():
    """Built by deploy/dependencies.sh; the version is that of Debian's source package."""
    for changelog in sorted(SOURCES.glob("*/debian/changelog")):
        name, version = re.match(r"(\S+) \(([^)]*)\)", changelog.read_text("utf-8")).groups()
        # librdkafka only where the distribution's is too old, and never beside it.
        if name == "abseil":
            yield component(name, version, purl=f"pkg:deb/debian/{name}@{version}?arch=source",
                            description="linked statically into tocsin")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    components = [*packages(pathlib.Path(sys.argv[1])), *linked()]
    tocsin = next((each for each in components if each["name"] == "tocsin"), None)
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                "metadata": {"component": {"type": "container", "name": "tocsin",
                                           "version": tocsin["version"] if tocsin else "unknown"}},
                "components": components}
    json.dump(document, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
