"""The embedded model server: TensorFlow Serving's behaviour, for one machine without Docker and for tests.

    command_line, parameter_files    the real server's flags, and the text protos that they name
    config      what models.config asks for, as values; the file is polled
    policy      which versions a model should serve, what to load or unload next, which labels may be given
    core, versions  the versions of every model: loads, unloads, answers who serves a request
    servable    one loaded version and its warm-up; saved_graph is its session, batching and tensors are what goes in
    refusal     why something was refused: a code and a sentence
    access, tls    the shared token, who may send the reload RPC, and TLS
    fair, admission    what requests may hold at once, shared fairly between clients
    grpc_calls, grpc_service, health    the gRPC port
    connections, ports, rest_app, rest, tensor_json    the REST port: its sockets, its bounds, its words, its tensors
    metrics     the page for Prometheus
    periodic    a thread that does one thing every so many seconds
    model_server, serve    the whole server, and the verb

Rules, messages and codes follow TensorFlow Serving 2.17 (`server_core.cc`, `predict_util.cc`, `json_tensor.cc`,
`http_rest_api_util.cc`), so that moving to the real server changes only the address.
tests/model_server/test_conformance.py checks what callers can rely on.
"""
