"""The gateway and the provider that the tests share, and organisations that they do not."""

import pytest

from . import settings
from .gateway import Gateway, RunningGateway
from .suite import Suite, stop_stores
from .tenant import Tenant
from .upstream import Upstream, find_upstream
from .waiting import eventually


@pytest.fixture(autouse=True)
def topology(request):
    """A test that is marked `standalone` is about the one process with everything in it."""
    if request.node.get_closest_marker("standalone") and settings.is_suite():
        pytest.skip("is about the standalone process")


@pytest.fixture(scope="session")
def shared_mock():
    mock = find_upstream()
    yield mock
    assert mock.stop() == 0


def new_gateway(folder, **sections):
    """One of the topology under test."""
    return (Suite if settings.is_suite() else Gateway)(folder, **sections)


@pytest.fixture(scope="session", autouse=True)
def stores():
    """Servers that gateways of this run share are started when they are needed."""
    yield
    stop_stores()


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory):
    if settings.is_external():
        gateway = RunningGateway()
    else:
        count = settings.REPLICAS
        more = {"replicas": {"edge": count, "quota": count, "identity": count}} if count > 1 else {}
        gateway = new_gateway(tmp_path_factory.mktemp("weir"), **more)
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def mock(shared_mock):
    """The provider, healthy and with empty books."""
    shared_mock.control("DELETE", "/behaviour")
    eventually(lambda: shared_mock.open_count() == 0, within=5, what="an idle provider")
    shared_mock.reset()
    return shared_mock


@pytest.fixture
def gateway(shared_gateway):
    """The gateway with two event loops and no limits of its own."""
    yield shared_gateway
    shared_gateway.check_alive()


@pytest.fixture
def new_tenant(gateway, mock):
    """Makes organisations; arguments are Tenant's."""
    return lambda **more: Tenant(gateway, mock, **more)


@pytest.fixture
def tenant(new_tenant):
    """An organisation with one model and one key."""
    return new_tenant()


@pytest.fixture
def own_gateway(tmp_path):
    """Starts gateways of the test's own; arguments are sections of the configuration."""
    if settings.is_external():
        pytest.skip("needs a gateway that it starts and ends itself")
    started = []

    def start(**sections):
        started.append(new_gateway(tmp_path / f"gateway{len(started)}", **sections))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def own_mock():
    """Starts further providers."""
    started = []

    def start(*options):
        started.append(Upstream(*options))
        return started[-1]

    yield start
    for each in started:
        each.stop()
