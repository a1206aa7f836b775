"""The image of weir has its programs, what they link, and nothing to break in with."""

import json
import os
import re
import stat

from suite_harness.compose import ROOT, run

# What the engine adds when it makes a container.
ENGINE = {".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"}
TAG = os.environ.get("WEIR_TAG", "dev")
INTERPRETERS = re.compile(r"^(ba|da|a|z|k|c)?sh$|^(busybox|perl|python[\d.]*|awk|gawk|mawk|env|openssl|curl|wget|nc|apt|dpkg)$")


def files_of(tree):
    return [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]


def test_it_has_no_shell_and_no_interpreter(image_tree):
    assert [path for path in files_of(image_tree) if INTERPRETERS.search(path.name)] == []


def test_its_programs_are_those_of_the_dockerfile(image_tree):
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    named = re.search(r'^ARG WEIR_PROGRAMS="(.*)"$', dockerfile, re.MULTILINE).group(1).split()
    wanted = os.environ.get("WEIR_PROGRAMS", " ".join(named)).split()
    executable = {str(path.relative_to(image_tree)) for path in files_of(image_tree)
                  if path.stat().st_mode & 0o111 and ".so" not in path.name} - ENGINE
    assert executable == {f"usr/local/bin/{name}" for name in wanted}


def test_nothing_in_it_gives_rights(image_tree):
    raised = [path for path in files_of(image_tree)
              if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]
    assert raised == []


def test_it_runs_as_nobody_special_and_says_whether_it_serves():
    config = json.loads(run("docker", "image", "inspect", f"weir:{TAG}"))[0]["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][:3] == ["CMD", "weirctl", "ready"]
    assert not [each for each in config["Env"] or [] if not each.startswith("PATH=")]


def test_its_history_and_its_files_hold_no_secret(image_tree):
    """A key or a certificate of a build would stand in every copy of the image."""
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", f"weir:{TAG}")
    assert not re.search(r"(?i)password|secret=|token=|key=", history)
    for path in files_of(image_tree):
        # One library has the keys of its own tests in it.
        if ".so" not in path.name:
            assert b"-----BEGIN PRIVATE KEY-----\n" not in path.read_bytes(), path
    folders = [image_tree / "run/weir/secrets", image_tree / "var/lib/weir", image_tree / "etc/weir"]
    assert [list(folder.iterdir()) for folder in folders] == [[], [], []]


def test_its_programs_run_without_what_is_outside_of_it():
    run("docker", "run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none", f"weir:{TAG}",
        "weirctl", "--help")
