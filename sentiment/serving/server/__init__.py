"""The embedded model server: TensorFlow Serving's behaviour, for one machine without Docker and for tests.

    config      what models.config asks for, as values
    policy      which versions a model should serve, and what to load or unload next
    version_labels  which labels may be given to which version
    core        the versions of every model: loads, unloads, answers who serves a request
    servable    one loaded SavedModel, with its warm-up and its batching
    grpc_service, health, rest    the two ports
    serve       the verb

Rules, messages and codes follow TensorFlow Serving 2.17 (`server_core.cc`, `predict_util.cc`, `json_tensor.cc`,
`http_rest_api_util.cc`), so that moving to the real server changes only the address.
"""
