"""Any admin RPC by name: requests are dictionaries, the types come from the server's reflection."""

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
    "Limit": ("weir.quota.v1.QuotaAdminService/PutLimit", "limit"),
    "Provider": ("weir.routing.v1.RoutingAdminService/PutProvider", "provider"),
    "Model": ("weir.routing.v1.RoutingAdminService/PutModel", "model"),
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


class Admin:
    """An admin port, called with one token. Errors are grpc.RpcError."""

    def __init__(self, address, token):
        self.address, self.token = address, token
        self._plain = grpc.insecure_channel(address)
        self.channel = grpc.intercept_channel(self._plain, _Token(token)) if token else self._plain
        self._database = ProtoReflectionDescriptorDatabase(self.channel)
        self._pool = descriptor_pool.DescriptorPool(self._database)

    def close(self):
        self._plain.close()

    def services(self):
        """Full names of what the port serves."""
        return list(self._database.get_services())

    def methods(self):
        """Descriptors of the methods of every admin service."""
        found = [self._pool.FindServiceByName(name) for name in self.services()
                 if name.endswith("AdminService")]
        return [method for service in found for method in service.methods]

    def access(self, method):
        """The access rule of a method descriptor, as its proto declares it."""
        options = self._pool.FindMessageTypeByName("google.protobuf.MethodOptions")
        read = message_factory.GetMessageClass(options).FromString(
            method.GetOptions().SerializeToString())
        return read.Extensions[self._pool.FindExtensionByName(ACCESS)]

    def call(self, path, request=None):
        """The answer of "package.Service/Method"."""
        service, _, name = path.partition("/")
        method = self._pool.FindServiceByName(service).FindMethodByName(name)
        assert method is not None, f"{path} does not exist"
        message = message_factory.GetMessageClass(method.input_type)()
        json_format.ParseDict(request or {}, message)
        return self.call_bytes(path, message.SerializeToString(),
                               message_factory.GetMessageClass(method.output_type).FromString)

    def call_bytes(self, path, request=b"", read=bytes):
        """The same with an encoded request, for callers that know no types."""
        stub = self.channel.unary_unary(f"/{path}", request_serializer=bytes,
                                        response_deserializer=read)
        return stub(request, timeout=patience(10))

    def put(self, kind, organization, name, spec):
        """Puts what a document {kind, name, organization, spec} says."""
        method, field = PUTS[kind]
        content = {**spec, "name": name}
        if kind != "Organization":
            content["organization"] = organization
        return self.call(method, {field: content} if field else content)
