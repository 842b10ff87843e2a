"""A session of a Python client whose code protoc generated from proto/: creates, reads, changes, watches and deletes, and meets
errors. Ends with status 1 where something is not as told.

    PYTHONPATH=GENERATED python3 session.py 127.0.0.1:50051 TOKEN
"""

import sys

import grpc
from google.rpc import error_details_pb2, status_pb2
from lvsd.v1 import audit_service_pb2, audit_service_pb2_grpc
from lvsd.v1 import cluster_pb2, cluster_service_pb2, cluster_service_pb2_grpc
from lvsd.v1 import forwarding_pb2
from lvsd.v1 import real_server_pb2, real_server_service_pb2, real_server_service_pb2_grpc
from lvsd.v1 import virtual_service_pb2, virtual_service_service_pb2, virtual_service_service_pb2_grpc

address, token = sys.argv[1:]
channel = grpc.insecure_channel(address)
clusters = cluster_service_pb2_grpc.ClusterServiceStub(channel)
services = virtual_service_service_pb2_grpc.VirtualServiceServiceStub(channel)
servers = real_server_service_pb2_grpc.RealServerServiceStub(channel)
audit = audit_service_pb2_grpc.AuditServiceStub(channel)
call = {"metadata": [("authorization", f"Bearer {token}")], "timeout": 10}



def equal(actual, expected):
    if actual != expected:
        sys.exit(f"{actual!r} instead of {expected!r}")


def refusal(method, request):
    """Code, reason and fields at fault of a call that must fail."""
    try:
        method(request, **call)
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        info, violations = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status_pb2.Status.FromString(details).details:
            detail.Unpack(info)
            detail.Unpack(violations)
        fields = [(one.field, one.reason) for one in violations.field_violations]
        return error.code().name, info.reason, fields
    sys.exit(f"{request} succeeded")


shop = {"project": "default", "cluster": "python"}
http = {**shop, "virtual_service": "http"}

nat = forwarding_pb2.Forwarding(method=forwarding_pb2.FORWARDING_METHOD_NAT)
new_cluster = cluster_service_pb2.CreateClusterRequest(
    project="default",
    name="python",
    labels={"team": "web"},
    spec=cluster_pb2.ClusterSpec(forwarding=nat),
    reason="a session in Python",
)
created = clusters.CreateCluster(new_cluster, **call).cluster
equal((created.name, dict(created.labels)), ("python", {"team": "web"}))
equal(refusal(clusters.CreateCluster, new_cluster), ("ALREADY_EXISTS", "NAME_TAKEN", []))

spec = virtual_service_pb2.VirtualServiceSpec(
    protocol=virtual_service_pb2.PROTOCOL_TCP, address="192.0.2.81", port=80
)
new_service = virtual_service_service_pb2.CreateVirtualServiceRequest(**shop, name="http", spec=spec)
services.CreateVirtualService(new_service, **call)
faulty = virtual_service_service_pb2.ReplaceVirtualServiceRequest(**shop, name="http", spec=spec)
faulty.spec.port = 65536
equal(
    refusal(services.ReplaceVirtualService, faulty),
    ("INVALID_ARGUMENT", "FIELD_INVALID", [("spec.port", "FIELD_INVALID")]),
)

new_server = real_server_service_pb2.CreateRealServerRequest(
    **http, name="web1", spec=real_server_pb2.RealServerSpec(address="10.0.0.1", port=8080, weight=3)
)
server = servers.CreateRealServer(new_server, **call).real_server
change = real_server_service_pb2.UpdateRealServerRequest(
    **http, name="web1", spec=real_server_pb2.RealServerSpec(weight=5), etag=server.etag
)
change.update_mask.paths.append("spec.weight")
equal(servers.UpdateRealServer(change, **call).real_server.spec.weight, 5)
equal(refusal(servers.UpdateRealServer, change)[:2], ("ABORTED", "ETAG_MISMATCH"))
listed = servers.ListRealServers(
    real_server_service_pb2.ListRealServersRequest(**http, filter="spec.weight=5"), **call
)
equal([(one.name, one.spec.weight) for one in listed.items], [("web1", 5)])

# everything since the cluster was made, from the stream, and then one more change as it happens
watched = audit.Watch(
    audit_service_pb2.WatchRequest(after_revision=created.revision - 1, resource="projects/default"), **call
)
actions = []
for answer in watched:
    if answer.event.kind != audit_service_pb2.lvsd_dot_v1_dot_audit__pb2.AuditEvent.KIND_CHANGE:
        continue
    actions.append(answer.event.action)
    if answer.event.action == "updateRealServer":
        clusters.DeleteCluster(
            cluster_service_pb2.DeleteClusterRequest(project="default", name="python", cascade=True), **call
        )
    if answer.event.action == "deleteCluster":
        watched.cancel()
        break
equal(actions[:4], ["createCluster", "createVirtualService", "createRealServer", "updateRealServer"])

gone = cluster_service_pb2.GetClusterRequest(project="default", name="python")
equal(refusal(clusters.GetCluster, gone), ("NOT_FOUND", "CLUSTER_NOT_FOUND", []))
call["metadata"] = []
equal(refusal(clusters.GetCluster, gone)[:2], ("UNAUTHENTICATED", "UNAUTHENTICATED"))
print("done")
