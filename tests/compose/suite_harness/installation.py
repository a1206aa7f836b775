"""The suite as an installation that the end-to-end tests find running: every address as this machine reaches it."""

import pathlib
import sys

from weir_harness.containers import Forwarder
from weir_harness.gateway import Installation
from weir_harness.upstream import RunningUpstream
from weir_harness.wire import Http

BESIDE = pathlib.Path(__file__).resolve().with_name("beside.py")
SERVICES = ("identity", "quota", "routing", "guardrails", "cache")
ADMIN = {name: 9111 + number for number, name in enumerate(SERVICES)}
EDGE, EDGE_OPS, MOCK_TRAFFIC, MOCK_CONTROL = 8080, 9120, 8443, 8083
MOCK_URL = f"https://mock:{MOCK_TRAFFIC}/v1"  # As edges reach it.


class Ways:
    """Ports of this machine that lead to what the containers publish nowhere. Use as a context manager,
    while the containers stay as they are."""

    def __init__(self, suite):
        self._suite = suite
        self._open = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self._open:
            each.close()

    def to(self, container, port):
        """The address, "127.0.0.1:PORT", of one of the container's own."""
        self._open.append(Forwarder(container.pid, port))
        return self._open[-1].address

    def admin_address(self):
        """The admin ports, as weirctl takes them."""
        return ",".join(f"{name}={self.to(self._suite.container(name), ADMIN[name])}" for name in SERVICES)

    def environment(self):
        """What tests/e2e has to know: its README says what each variable is."""
        suite, mock = self._suite, self._suite.container("mock")
        containers = [(name, each) for name in ("edge", *SERVICES) for each in suite.containers(name)]
        return {
            "WEIR_TOPOLOGY": "suite",
            "WEIR_BASE_URL": f"http://127.0.0.1:{suite.port}",
            "WEIR_EDGE_URL": f"http://{self.to(suite.container('edge'), EDGE)}",
            "WEIR_DOOR_URL": f"http://127.0.0.1:{suite.admin_port}",
            "WEIR_OPS_URL": f"http://{self.to(suite.container('edge'), EDGE_OPS)}",
            "WEIR_ADMIN_ADDRESS": self.admin_address(),
            "WEIR_ADMIN_TOKEN": suite.secret("operator", "admin.token"),
            "WEIR_ADMIN_CA": str(suite.secret_files()["operator/ca.pem"]),
            "WEIR_UPSTREAM_URL": MOCK_URL,
            "WEIR_UPSTREAM_ADDRESS": self.to(mock, MOCK_TRAFFIC),
            "WEIR_UPSTREAM_CONTROL": self.to(mock, MOCK_CONTROL),
            "WEIR_CONTAINERS": ",".join(f"{name}={each.id}" for name, each in containers),
            "WEIR_BESIDE": f"{sys.executable} {BESIDE} {suite.project}",
        }

    def mock(self):
        """The provider, with its books."""
        container = self._suite.container("mock")
        return RunningUpstream(MOCK_URL, self.to(container, MOCK_TRAFFIC), self.to(container, MOCK_CONTROL))


class Installed(Installation):
    """The suite as a tenant of the end-to-end tests needs it."""

    def __init__(self, suite, ways):
        files = suite.secret_files()
        self.admin_address, self.admin_ca = ways.admin_address(), files["operator/ca.pem"]
        self.token_file = files["operator/admin.token"]
        self.http = Http("127.0.0.1", suite.port)
        addresses = [ways.to(each, EDGE) for each in suite.containers("edge")]
        self.edges = [Http("127.0.0.1", int(each.rpartition(":")[2])) for each in addresses]
