"""Any admin RPC by name: requests are dictionaries, the types come from the server's reflection."""

import pathlib

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

from .settings import patience

ACCESS = "weir.common.v1.access"
# How an object of a kind is put: the method, and the field that holds the object ("" for none).
PUTS = {
    "Organization": ("weir.identity.v1.IdentityAdminService/PutOrganization", "organization"),
    "Team": ("weir.identity.v1.IdentityAdminService/PutTeam", "team"),
    "User": ("weir.identity.v1.IdentityAdminService/PutUser", "user"),
    "Key": ("weir.identity.v1.IdentityAdminService/PutKey", ""),
    "GuardrailPolicy": ("weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy", "policy"),
    "Limit": ("weir.quota.v1.QuotaAdminService/PutLimit", "limit"),
    "GuardrailPolicy": ("weir.guardrails.v1.GuardrailsAdminService/PutGuardrailPolicy", "policy"),
    "CachePolicy": ("weir.cache.v1.CacheAdminService/PutCachePolicy", "policy"),
    "Provider": ("weir.routing.v1.RoutingAdminService/PutProvider", "provider"),
    "Model": ("weir.routing.v1.RoutingAdminService/PutModel", "model"),
    "CachePolicy": ("weir.cache.v1.CacheAdminService/PutCachePolicy", "policy"),
    "Proxy": ("weir.routing.v1.RoutingAdminService/PutProxy", "proxy"),
}


class _Token(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Adds an admin token to every call."""

    def __init__(self, token):
        self._metadata = [("authorization", f"Bearer {token}")]

    def _details(self, details):
        return grpc.ClientCallDetails() if details is None else details._replace(
            metadata=list(details.metadata or []) + self._metadata)

    def intercept_unary_unary(self, continuation, client_call_details, request):
        return continuation(self._details(client_call_details), request)

    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        return continuation(self._details(client_call_details), request_iterator)


class _Port:
    """One admin port, called with one token; over TLS where there is a `ca` to know it by."""

    def __init__(self, address, token, ca):
        self._plain = grpc.insecure_channel(address) if ca is None else grpc.secure_channel(
            address, grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes()))
        self.channel = grpc.intercept_channel(self._plain, _Token(token)) if token else self._plain
        self._database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self._database)

    def close(self):
        self._plain.close()

    def services(self):
        return list(self._database.get_services())


class Admin:
    """The admin ports of an installation, called with one token. Errors are grpc.RpcError.

    `address`: "127.0.0.1:9091", or of a suite "identity=127.0.0.1:9111,quota=127.0.0.1:9112,..."
    `ca`: the file that the ports are known by; None: they speak no TLS.
    """

    def __init__(self, address, token, ca=None):
        self.address, self.token = address, token
        self._ports = {}
        for each in address.split(","):
            part, _, of_part = each.rpartition("=")
            self._ports[part] = _Port(of_part, token, ca)

    def close(self):
        for port in self._ports.values():
            port.close()

    def _port_of(self, service):
        return self._ports.get(service.split(".")[1]) or next(iter(self._ports.values()))

    @property
    def channel(self):
        """That of the first port: identity's, where there are several."""
        return next(iter(self._ports.values())).channel

    def services(self):
        """Full names of what the ports serve, each once."""
        return sorted({name for port in self._ports.values() for name in port.services()})

    def _service(self, name):
        return self._port_of(name).pool.FindServiceByName(name)

    def methods(self):
        """Descriptors of the methods of every admin service."""
        found = [self._service(name) for name in self.services() if name.endswith("AdminService")]
        return [method for service in found for method in service.methods]

    def access(self, method):
        """The access rule of a method descriptor, as its proto declares it."""
        pool = self._port_of(method.containing_service.full_name).pool
        options = pool.FindMessageTypeByName("google.protobuf.MethodOptions")
        read = message_factory.GetMessageClass(options).FromString(
            method.GetOptions().SerializeToString())
        return read.Extensions[pool.FindExtensionByName(ACCESS)]

    def call(self, path, request=None):
        """The answer of "package.Service/Method"."""
        service, _, name = path.partition("/")
        method = self._service(service).FindMethodByName(name)
        assert method is not None, f"{path} does not exist"
        message = message_factory.GetMessageClass(method.input_type)()
        json_format.ParseDict(request or {}, message)
        return self.call_bytes(path, message.SerializeToString(),
                               message_factory.GetMessageClass(method.output_type).FromString)

    def call_bytes(self, path, request=b"", read=bytes):
        """The same with an encoded request, for callers that know no types."""
        channel = self._port_of(path.partition("/")[0]).channel
        stub = channel.unary_unary(f"/{path}", request_serializer=bytes,
                                   response_deserializer=read)
        return stub(request, timeout=patience(10))

    def put(self, kind, organization, name, spec):
        """Puts what a document {kind, name, organization, spec} says."""
        method, field = PUTS[kind]
        content = {**spec, "name": name}
        if kind != "Organization":
            content["organization"] = organization
        return self.call(method, {field: content} if field else content)
