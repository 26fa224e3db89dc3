"""The embedded model server: TensorFlow Serving's behaviour, for one machine without Docker and for tests.

    command_line, real_flags, parameter_files    the real server's flags, and the text protos that they name
    boot        a model of the real server's start: what serves, ends, or waits without an end
    following   what a server of a home starts with, and is given later
    config      what models.config asks for, as values; the file is polled
    policy      which versions a model should serve, what to load or unload next, which labels may be given
    core, versions  the versions of every model: loads, unloads, answers who serves a request
    servable    one loaded version and its warm-up; saved_graph is its session, batching and tensors are what goes in
    refusal     why something was refused: a code and a sentence
    access, tls    the shared token, who may send the reload RPC, and TLS
    fair, admission    what requests may hold at once, shared fairly between clients
    grpc_calls, grpc_service, health    the gRPC port
    connections, ports, rest_app    the REST port: its sockets and its bounds
    rest_answers, rest, tensor_json, json_outputs    what it answers: in whose turn, in which words, from which tensors
    prediction, examples    what PredictionService answers, and how requests with tf.Examples are refused
    metrics     the page for Prometheus
    periodic    a thread that does one thing every so many seconds
    model_server, serve    the whole server, and the verb

Rules, messages and codes follow TensorFlow Serving 2.17 (`server_core.cc`, `predict_util.cc`, `json_tensor.cc`,
`http_rest_api_util.cc`), so that moving to the real server changes only the address.
tests/model_server/conformance checks what callers can rely on.
"""
