"""Known secrets in every setting and in every field of requests: none comes out anywhere, at DEBUG."""

import base64
from pathlib import Path
from typing import Any

import requests

from tests.backend import running
from tests.payloads import payload
from tests.servers.label_studio import label_studio, personal_access_token
from tests.servers.web import Reply, redirect, web_server

MARK = "Geheim"


def secret(name: str) -> str:
    return f"{MARK}{name}0123456789abcdef"


def test_no_secret_comes_out_anywhere(tmp_path: Path, page_server: str) -> None:
    token = personal_access_token()
    user, password = "user", secret("BasicPass")
    with label_studio() as studio, web_server() as web:
        studio.token = token
        web.routes["/denied"] = Reply(status=403)
        web.routes["/away"] = redirect(f"http://127.0.0.1:1/?X-Amz-Signature={secret('Redirect')}")
        environment = {
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": token,
            "AWS_ACCESS_KEY_ID": secret("KeyId"),
            "AWS_SECRET_ACCESS_KEY": secret("SecretKey"),
            "AWS_SESSION_TOKEN": secret("Session"),
            "AWS_ENDPOINT": web.url,
            "BASIC_AUTH_USER": user,
            "BASIC_AUTH_PASS": password,
            "ALLOWED_IMAGE_HOSTS": f"{page_server.removeprefix('http://')},{web.origin}",
            "STATUS_PAGE": "true",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
            "OCR_WORKERS": "1",
            "OCR_ENGINE": "tesseract",
        }
        pages = [
            f"{page_server}/pages/a.png?token={secret('Query')}",
            f"{page_server}/pages/none.png?X-Amz-Signature={secret('Signed')}",
            f"{web.url}/denied?sig={secret('Denied')}",
            f"{web.url}/away",
            f"http://name:{secret('Userinfo')}@{web.origin}/denied",
            f"http://{secret('Userinfo')}@[::1/broken",
            f"s3://bucket/{secret('S3Key')}.png",
            "/data/upload/none.png",
            f"gs://bucket/{secret('Gs')}.png",
            f"data:image/png;base64,{base64.b64encode(secret('Data').encode()).decode()}",
            f"ftp://{secret('Ftp')}@host/a.png",
        ]
        with running(tmp_path, environment) as server:
            answers: list[requests.Response] = []

            def ask(method: str, path: str, body: Any = None, **more: Any) -> None:
                more.setdefault("auth", (user, password))
                answers.append(requests.request(method, server.url + path, json=body, timeout=60, **more))

            ask("POST", "/setup", payload("setup", page_server) | {"access_token": secret("SetupToken")})
            ask("POST", "/setup", {"schema": f"<View {secret('Schema')}", "access_token": secret("SetupToken")})
            for page in pages:
                body = payload("one-box", page_server)
                body["tasks"][0]["data"]["ocr"] = page
                body["params"] |= {"login": secret("Login"), "password": secret("Password")}
                ask("POST", "/predict", body)
                opened = payload("task-opened", page_server) | {"params": body["params"] | {"context": None}}
                opened["tasks"][0]["data"]["ocr"] = page
                ask("POST", "/predict", opened)
            ask("POST", "/webhook", payload("webhook-annotation-created", page_server) | {"secret": secret("Webhook")})
            ask("POST", "/predict", None, auth=(user, secret("WrongPass")))
            ask("GET", f"/nothing?token={secret('Path')}", headers={"Authorization": f"Token {secret('Header')}"})
            ask("GET", "/health", headers={"Cookie": secret("Cookie"), "X-Request-ID": f"<{secret('RequestId')}>"})
            for path in ("/metrics", "/ready", "/openapi.json", "/status/state", "/status/readings", "/versions"):
                ask("GET", path)
            ask("GET", "/", headers={"Accept": "text/html"})
        came_out = server.log.read_text()

    assert [answer.status_code for answer in answers[2 : 2 + 2 * len(pages)]] == [200] * 2 * len(pages)
    shown = "".join(f"{answer.reason}{answer.headers}{answer.text}" for answer in answers)
    for place, text in {"the log": came_out, "an answer": shown}.items():
        assert token not in text, place
        assert token.split(".")[2] not in text, place
        assert "Bearer" not in text, place
        assert base64.b64encode(f"{user}:{password}".encode()).decode() not in text, place
        assert MARK not in text, (place, text[max(0, text.find(MARK) - 300) :][:400])
    assert "POST /predict 200" in came_out


def test_the_token_of_setup_is_not_stored(tmp_path: Path, page_server: str) -> None:
    with running(tmp_path, {"MODEL_DIR": str(tmp_path / "kept"), "OCR_ENGINE": "tests.engines:Counting"}) as server:
        body = payload("setup", page_server) | {"access_token": secret("SetupToken"), "extra_params": "{}"}
        assert server.post("/setup", body).status_code == 200

    kept = [path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert kept
    assert not [data for data in kept if MARK.encode() in data]
