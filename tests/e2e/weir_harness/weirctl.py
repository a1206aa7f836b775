"""The operator's command line."""

import json
import os
import subprocess

from .gateway import find_weirctl
from .settings import patience


class Weirctl:
    """weirctl against the admin ports of a gateway."""

    def __init__(self, gateway, token_file=None):
        self._options = ["--address", gateway.admin_address,
                         "--token-file", os.fspath(token_file or gateway.token_file)]
        if gateway.admin_ca:
            self._options += ["--ca", os.fspath(gateway.admin_ca)]

    def run(self, *arguments):
        """The finished process."""
        return subprocess.run([find_weirctl(), *self._options, *map(os.fspath, arguments)],
                              capture_output=True, text=True, timeout=patience(20), check=False)

    def output(self, *arguments):
        """What it prints when all is well."""
        done = self.run(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.output("--output", "json", *arguments))
