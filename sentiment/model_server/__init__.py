"""The embedded model server: TensorFlow Serving's behaviour, for one machine without Docker and for tests.

    command_line, parameter_files    the real server's flags, and the text protos that they name
    config, config_file    what models.config asks for, as values; polled
    policy      which versions a model should serve, and what to load or unload next
    version_labels  which labels may be given to which version
    core, versions  the versions of every model: loads, unloads, answers who serves a request
    servable    one loaded version: saved_graph (its session), batching, warmup
    grpc_service, health    the gRPC port
    rest_app, connections, rest, tensor_json    the REST port: its bounds, its sockets, its words, its tensors
    metrics     the page for Prometheus
    model_server, serve    the whole server, and the verb

Rules, messages and codes follow TensorFlow Serving 2.17 (`server_core.cc`, `predict_util.cc`, `json_tensor.cc`,
`http_rest_api_util.cc`), so that moving to the real server changes only the address.
tests/model_server/test_conformance.py checks what callers can rely on.
"""
