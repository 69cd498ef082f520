"""Limits: bytes with and without a Content-Length, pixels, and pictures in work at once."""

from contextlib import ExitStack

from provenance.faces.api.limits import FORM_OVERHEAD, BodyLimit
from tests.service import Api, encoded, picture, scene
from tests.unit.faces.test_api_works import problem

KILOBYTES = 64 << 10


def test_a_declared_length_over_the_limit_is_refused_before_the_body_is_read(api_with):
    api = api_with(max_upload_bytes=KILOBYTES)
    read = []

    def body():
        read.append(1)
        yield b"x"

    headers = api.auth() | {
        "Content-Length": str(KILOBYTES + FORM_OVERHEAD + 1),
        "Content-Type": "multipart/form-data; boundary=b",
    }
    answer = api.http.post("/v1/works", headers=headers, content=body())
    assert str(KILOBYTES + FORM_OVERHEAD) in problem(answer, 413, "too-large")["detail"]


def test_a_chunked_body_over_the_limit_is_refused_while_it_is_read(api_with):
    api = api_with(max_upload_bytes=KILOBYTES)

    def body():
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(2 + (KILOBYTES + FORM_OVERHEAD) // 4096):
            yield bytes(4096)
        yield b"\r\n--b--\r\n"

    headers = api.auth() | {"Content-Type": "multipart/form-data; boundary=b"}
    for path in ("/v1/works", "/v1/checks", "/v1/verify"):
        answer = api.http.post(path, headers=headers, content=body())
        assert answer.request.headers.get("content-length") is None
        problem(answer, 413, "too-large")
    json_headers = api.auth() | {"Content-Type": "application/json", "Idempotency-Key": "k"}
    problem(api.http.post("/v1/grants", headers=json_headers, content=body()), 413, "too-large")


def test_a_file_over_the_limit_inside_a_body_under_it_is_refused(api_with):
    api = api_with(max_upload_bytes=KILOBYTES)
    answer = api.http.post("/v1/checks", headers=api.auth(), files={"file": ("a", bytes(KILOBYTES + 1))})
    problem(answer, 413, "too-large")


def test_a_picture_with_too_many_pixels_or_too_long_a_side_is_refused(api_with):
    api = api_with(max_pixels=10_000, max_side=200)
    for width, height in ((150, 100), (210, 20)):
        data = encoded(scene(1, width=width, height=height))
        answer = api.http.post("/v1/works", headers=api.auth(), files={"file": ("a", data)})
        problem(answer, 413, "too-large")


def test_a_content_length_that_is_no_number_is_refused(api: Api):
    answer = api.http.get("/healthz", headers={"Content-Length": "many"})
    problem(answer, 400, "invalid-request")


def test_one_picture_too_many_in_work_is_told_when_to_come_back(api: Api, alps: dict):
    in_flight = api.http.app.state.in_flight
    files = {"file": ("a", picture("photo-alps.jpg"))}
    certificate = {"certificate": ("c", b"{}")}
    with ExitStack() as slots:
        for _ in range(api.service.settings.max_in_flight):
            slots.enter_context(in_flight.slot())
        for path, upload in (("/v1/works", files), ("/v1/checks", files), ("/v1/verify", certificate)):
            answer = api.http.post(path, headers=api.auth(), files=upload)
            problem(answer, 429, "busy")
            assert int(answer.headers["retry-after"]) >= 1
        assert api.http.get("/healthz").status_code == 200
        assert api.http.get("/v1/works", headers=api.auth()).status_code == 200
    assert api.http.post("/v1/checks", headers=api.auth(), files=files).status_code == 201


def test_a_slot_is_given_back_whatever_happens(api: Api):
    for _ in range(api.service.settings.max_in_flight + 1):
        answer = api.http.post("/v1/works", headers=api.auth(), files={"file": ("a", b"no picture")})
        problem(answer, 415, "unsupported-format")


def test_a_body_of_exactly_the_limit_passes():
    """The app sees all of it, and its own answer goes out."""
    import asyncio

    seen, sent = [], []

    async def app(_scope, receive, send):
        seen.append(await receive())
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive():
        return {"type": "http.request", "body": b"x" * 10, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"10")]}
    asyncio.run(BodyLimit(app, limit=10)(scope, receive, send))
    assert (len(seen[0]["body"]), sent[0]["status"]) == (10, 204)
