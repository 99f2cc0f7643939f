"""Debian 13 in folders, and the steps of run.py that need one: `package`, `installed` and `debian13`.

A root is what mmdebstrap makes, once, unpacked into a folder and entered by chroot, in a mount and process namespace of its own: when
the command ends, so does all that it started, and nothing stays mounted. It uses this machine's network. Needs root.
"""

import json
import os
import shutil
import subprocess
import time

import steps
from deploying import ROOT
from steps import do, need

SUITE = "trixie"
ENTER = """
root=$1; shift
mount --rbind /sys "$root/sys"; mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"
mount --bind "$TOCSIN_CCACHE" "$root/root/.cache/ccache"
unset TOCSIN_CCACHE
exec chroot "$root" "$@"
"""
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CONTENTS = ("usr/bin/tocsin", "usr/bin/tocsin-bursts", "usr/lib/systemd/system/tocsin.service", "etc/tocsin/tocsin.yaml", "etc/default/tocsin",
            "usr/share/man/man1/tocsin.1.gz", "usr/share/bash-completion/completions/tocsin", "usr/share/tocsin/topics.json")


def base(roots):
    """The tar file of a fresh Debian 13; made if it isn't there."""
    need("mmdebstrap")
    tar = roots / "base.tar"
    if not tar.exists():
        roots.mkdir(parents=True, exist_ok=True)
        # By another name until it is whole.
        do("mmdebstrap", "--variant=minbase", "--include=ca-certificates", SUITE, roots / "making.tar")
        os.rename(roots / "making.tar", tar)
    return tar


def compiler_cache():
    """Kept from run to run, and shared with the image, which is built in the same folder."""
    cache = ROOT / "build/image-ccache"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


class Root:
    """A Debian 13 in `folder`; fresh if the folder wasn't there."""

    def __init__(self, roots, name):
        need("unshare", "chroot")
        self.folder = roots / name
        if not self.folder.exists():
            # By another name until it is whole.
            self.folder = roots / (name + ".making")
            shutil.rmtree(self.folder, ignore_errors=True)
            (self.folder / "root/.cache/ccache").mkdir(parents=True)
            do("tar", "-xf", base(roots), "-C", self.folder)
            self.trust()
            self.folder = self.folder.rename(roots / name)
        for name_service in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name_service}", self.folder / "etc" / name_service)

    def trust(self):
        """The authorities that this machine was given: who is behind a proxy with one of its own needs it in the root too."""
        own = "/usr/local/share/ca-certificates"
        if os.path.isdir(own):
            shutil.copytree(own, str(self.folder) + own, dirs_exist_ok=True)
            self.run("update-ca-certificates")

    def start(self, *command, directory="/", **environment):
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # No locale, like the image's build, since the compiler cache tells locales apart.
        environment = {"HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                       "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt", "TOCSIN_CCACHE": str(compiler_cache()), **passed_on, **environment}
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER, "sh",
                               str(self.folder), "env", "-C", directory, *map(str, command)], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)

    def run(self, *command, **keywords):
        """All that it said; fails unless it ends with 0."""
        done = self.start(*command, **keywords)
        if done.returncode != 0:
            raise RuntimeError(f"in {self.folder}: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout


def commit():
    return do("git", "rev-parse", "HEAD").strip()


def commit_time():
    return do("git", "log", "-1", "--format=%ct").strip()


def with_source(roots):
    """A root that has the last commit in /src and what builds it. Kept, so that the next run builds only what has changed."""
    root = Root(roots, "root")
    source = root.folder / "src"
    if not source.exists():
        do("git", "clone", "-q", "--no-checkout", ROOT, source)
    do("git", "-C", source, "fetch", "-q", "--force", ROOT, "HEAD")
    do("git", "-C", source, "checkout", "-q", "--force", "--detach", "FETCH_HEAD")
    # Kafka's jars, if they have been fetched, need not be again.
    if (ROOT / "build/kafka/libs").exists() and not (source / "build/kafka/libs").exists():
        shutil.copytree(ROOT / "build/kafka/libs", source / "build/kafka/libs")
    return root


def built(roots):
    """The package of the last commit for Debian 13."""
    found = sorted((roots / "root/src/build/package").glob("*.deb"))
    if not found:
        raise steps.Skipped("no package yet: the step `package` builds it")
    return found[0]


def package(options):
    need("dpkg-deb", "git")
    root = with_source(options.roots)
    began = time.monotonic()
    said = root.run("deploy/package.sh", "--twice", directory="/src", SOURCE_DATE_EPOCH=commit_time())
    if "the same bytes twice" not in said:
        raise RuntimeError(said[-2000:])
    deb = built(options.roots)
    names = do("dpkg-deb", "--contents", deb)
    for path in CONTENTS:
        if f"./{path}\n" not in names:
            raise RuntimeError(f"{path} is not in the package:\n{names}")
    control = do("dpkg-deb", "--info", deb)
    if "libc6" not in control or "conffiles" not in control:
        raise RuntimeError(control)
    lint = "lintian is not installed"
    if shutil.which("lintian"):
        lint = f"{len(do('lintian', '--allow-root', '--fail-on', 'error', deb).splitlines())} warnings of lintian"
    digest = do("sha256sum", deb).split()[0]
    return (f"{deb.name}, {deb.stat().st_size / 1e6:.1f} MB, sha256 {digest[:12]}, the same bytes twice, {time.monotonic() - began:.0f} s for "
            f"both; {lint}")


def installed(options):
    """Installed, tried and removed as somebody would who has only the package."""
    deb = built(options.roots)
    shutil.rmtree(options.roots / "clean", ignore_errors=True)
    root = Root(options.roots, "clean")
    try:
        shutil.copyfile(deb, root.folder / "tmp" / deb.name)
        packages = len(root.run("dpkg-query", "-W").splitlines())
        root.run("apt-get", "update", "-q")
        root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", f"/tmp/{deb.name}")
        more = len(root.run("dpkg-query", "-W").splitlines()) - packages
        size = int(root.run("dpkg-query", "-W", "-f", "${Installed-Size}", "tocsin"))
        root.run("tocsin", "check", "--config", "/etc/tocsin/tocsin.yaml")
        said = root.run("dpkg", "--verify", "tocsin")
        if said:
            raise RuntimeError("dpkg --verify: " + said)
        began = time.monotonic()
        shown = root.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "tocsin", "demo", directory="/tmp")
        seconds = time.monotonic() - began
        version = root.run("tocsin", "--version").strip()
        root.run("apt-get", "purge", "-q", "-y", "tocsin")
        left = [path for path in CONTENTS if (root.folder / path).exists()]
        if left:
            raise RuntimeError(f"left behind by a purge: {left}")
    finally:
        shutil.rmtree(root.folder, ignore_errors=True)
    return (f"{version} with {more - 1} packages that it needs, {size / 1e3:.1f} MB itself; demo as nobody {seconds:.0f} s: "
            f"{shown.strip().splitlines()[-1]}; purged without a trace")


def debian13(options):
    """The dev preset by Debian 13's compiler with its libraries, and every test but those labelled `long`."""
    need("git")
    root = with_source(options.roots)
    began = time.monotonic()
    root.run("deploy/dependencies.sh", "--tests", "plain", directory="/src")
    prepared = time.monotonic()
    # Batches of files, as in the package: less to compile, the same warnings as errors.
    root.run("cmake", "--preset", "dev", "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=12", directory="/src")
    root.run("ninja", "-C", "build/dev", directory="/src")
    ready = time.monotonic()
    results = root.folder / "src/build/test-results"
    shutil.rmtree(results, ignore_errors=True)
    (results / "dev").mkdir(parents=True)
    ran = root.start("ctest", "--test-dir", "build/dev", "-j", os.cpu_count(), "--output-on-failure", "--output-junit", "/src/build/test-results/dev.xml",
                     "-LE", "^long$", directory="/src", GTEST_OUTPUT="xml:/src/build/test-results/dev/")
    (results / "dev.log").write_text(ran.stdout, "utf-8")
    said = root.start("python3", "tests/summary.py", "build/test-results", directory="/src").stdout.strip().splitlines()
    times = f"dependencies {prepared - began:.0f} s, build {ready - prepared:.0f} s, tests {time.monotonic() - ready:.0f} s"
    compiler = root.run("g++", "-dumpfullversion").strip()
    summary = f"g++ {compiler}; {times}; " + "; ".join(line.strip() for line in said[-20:])
    if ran.returncode != 0:
        raise RuntimeError(summary + f"; see {results}/dev.log")
    return summary


def bill_of(text):
    """How many components an SBOM lists; it must name what matters most."""
    names = {each["name"] for each in json.loads(text)["components"]}
    missing = {"tocsin", "abseil", "librdkafka1", "libtcmalloc-minimal4t64", "libc6"} - names
    if missing:
        raise RuntimeError(f"the bill of materials lacks {sorted(missing)}")
    return len(names)
