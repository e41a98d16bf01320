"""The API against its own document: complete, and true of whatever schemathesis sends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis
from serving import Serving

from conftest import Made
from doppelganger.studio.app import TOPICS, create_app
from doppelganger.studio.config import Config

MANY = 10_000_000
CONFIGURATION = """
[auth.openapi.visit]
api_key = "{cookie}"

# these take any bytes by their schema, and only pictures in truth
[[operations]]
include-path = ["/api/uploads", "/api/results/{{result}}/recognise"]
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false
"""


def test_whatever_is_sent_the_document_is_true(serving: Callable[..., Serving], tmp_path: Path) -> None:
    """Every operation, with what fits the document and what does not; all of schemathesis' checks. Nothing is too often here."""
    often = dict.fromkeys(("uploads_an_hour", "looks_an_hour", "requests_a_minute", "visits_an_hour"), MANY)
    # but what takes long: some faces are drawn, and no persona is begun
    studio = serving(limits={**often, "faces_a_minute": 12, "jobs_a_person": 0})
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(cookie=studio.visitor().cookies[studio.cookie]))
    command = ["schemathesis.cli", "--config-file", str(configuration), "run", f"{studio.url}/api/openapi.json"]
    options = ["--header", "X-Doppelganger: 1", "--phases", "examples,coverage,fuzzing", "--max-examples", "8"]
    options += ["--request-timeout", "300"]  # the first face waits for its networks
    seed = ["--seed", os.environ["STUDIO_SEED"]] if "STUDIO_SEED" in os.environ else []
    ran = subprocess.run(
        [sys.executable, "-m", *command, *options, *seed, "--no-color"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "34 selected / 34 total" in ran.stdout
    assert "Traceback" not in studio.log.read_text("utf-8") and "failed" not in studio.log.read_text("utf-8")


def test_real_ones_too(made: Made, studio: Serving) -> None:
    """Every GET on a real job and a real result: status, type and body as the document says."""
    api = schemathesis.openapi.from_url(f"{studio.url}/api/openapi.json")
    real = {
        "job": made.job,
        "result": made.result,
        "number": 1,
        "step": 6,
        "upload": made.upload["id"],
        "persona": "0" * 32,
    }
    seen = 0
    for found in api.get_all_operations():
        operation = found.ok()
        if operation.method.upper() != "GET":
            continue
        names = [name for name in ("picture", "name") if f"{{{name}}}" in operation.path]
        for choice in (
            ("portrait", "closest", "doppelganger") if names == ["picture"]
            else ("doppelganger.png", "result.zip", "continuum.mp4") if names == ["name"]
            else ("",)
        ):  # fmt: skip
            case = operation.Case(path_parameters={**real, **dict.fromkeys(names, choice)})
            response = case.call(cookies={studio.cookie: made.client.cookies[studio.cookie]})
            case.validate_response(response)
            seen += 1
    assert seen >= 15


def test_the_document_is_complete(tmp_path: Any) -> None:
    app = create_app(Config(tmp_path))
    document = app.openapi()
    served = {
        (method, route.path)
        for route in [route for topic in TOPICS for route in topic.router.routes]
        for method in route.methods
        if route.path.startswith("/api/")
    }
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == served and len(listed) == 34
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            errors = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
            errors.pop("416", None)
            for answer in errors.values():
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Trouble"}
            assert {"403", "429", "500"} <= set(errors)
            closed = path not in ("/api/about", "/api/visit", "/api/health")
            assert ("401" in errors) == (closed or path == "/api/visit")
            assert ("security" in operation) == closed
            named = "{" in path or path.startswith("/api/faces/")  # or in the body
            assert ("404" in errors) == (named or (method, path) in (("post", "/api/jobs"), ("post", "/api/personas")))
    assert "HTTPValidationError" not in json.dumps(document)


def test_the_document_needs_no_network() -> None:
    code = (
        "import sys; from pathlib import Path; from doppelganger.studio.app import create_app; "
        "from doppelganger.studio.config import Config; create_app(Config(Path())).openapi(); "
        "assert not {'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
