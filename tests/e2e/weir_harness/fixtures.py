"""The gateway and the provider that the tests share, and organisations that they do not."""

import pytest

from . import settings
from .gateway import Gateway
from .running import OwnEdge, RunningGateway
from .suite import Suite, stop_stores
from .tenant import Tenant
from .upstream import SpareUpstreams, Upstream, find_upstream
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


def _starts(make, folder):
    """Yields what makes gateways by `make(folder, **sections)`; ends them after the test."""
    started = []

    def start(**sections):
        started.append(make(folder / f"gateway{len(started)}", **sections))
        return started[-1]

    yield start
    for each in started:
        try:
            each.stop()
        finally:
            getattr(each, "discard", lambda: None)()


@pytest.fixture
def own_gateway(tmp_path):
    """Starts gateways of the test's own; arguments are sections of the configuration. Beside an
    installation that runs already they are edges of it, with the sections of edges."""
    if settings.is_external() and not settings.BESIDE:
        pytest.skip("needs a gateway that it starts and ends itself")
    yield from _starts(OwnEdge if settings.is_external() else new_gateway, tmp_path)


@pytest.fixture
def own_installation(tmp_path):
    """The same for who means all of it: services, and what is on their disks."""
    if settings.is_external():
        pytest.skip("needs an installation that it starts and ends itself")
    yield from _starts(new_gateway, tmp_path)


@pytest.fixture(scope="session")
def spare_mocks(tmp_path_factory):
    """Further providers of an installation that runs already."""
    spare = SpareUpstreams(tmp_path_factory.mktemp("spare"))
    yield spare
    spare.close()


@pytest.fixture
def own_mock(spare_mocks):
    """Starts further providers."""
    if settings.is_external() and not settings.BESIDE:
        pytest.skip("needs a provider that the gateway reaches and it starts itself")
    started = []

    def start(*options):
        started.append(spare_mocks.lend(*options) if settings.is_external() else Upstream(*options))
        return started[-1]

    yield start
    for each in started:
        if settings.is_external():
            spare_mocks.take_back(each)
        else:
            each.stop()
