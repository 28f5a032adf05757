"""What the end-to-end tests share: the running gate, its keys, its stand-in model."""

import json
import os
import ssl
import urllib.request

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

SCENE = json.load(open(os.environ["WARDGATE_E2E"]))
PATIENT = "Patient/linholm"
NAME = "Maren Oduya-Linholm"
NOTE = (
    f"{NAME}, born 1961-07-23, record MRN-00834417, of 4417 Quarry Hill Road, Eastmere, "
    "phone 555-013-8842, maren.linholm@example.org, came with her husband Tobias Linholm."
)
# Parts of the note that no model may see.
IDENTIFIERS = [
    "Oduya", "Linholm", "Maren", "1961-07-23", "00834417", "Quarry Hill", "555-013-8842", "maren.linholm",
    "Tobias",
]


def headers(patient=PATIENT, **more):
    given = {"wardgate-purpose": "TREAT", "wardgate-patient": patient}
    given.update({name.replace("_", "-"): value for name, value in more.items()})
    return {name: value for name, value in given.items() if value is not None}


def trust():
    return ssl.create_default_context(cafile=SCENE["ca"])


def client(key="good", **given):
    """The official client with nothing but a base address, a key, a trusted CA and headers."""
    return OpenAI(
        base_url=SCENE["base_url"],
        api_key=SCENE["keys"].get(key, key),
        default_headers=headers(**given),
        http_client=DefaultHttpxClient(verify=trust()),
        max_retries=0,
        timeout=30,
    )


def async_client(key="good", **given):
    return AsyncOpenAI(
        base_url=SCENE["base_url"],
        api_key=SCENE["keys"].get(key, key),
        default_headers=headers(**given),
        http_client=DefaultAsyncHttpxClient(verify=trust()),
        max_retries=0,
        timeout=30,
    )


def seen():
    """The calls that the model saw since the last question."""
    with urllib.request.urlopen(f"http://{SCENE['model']}/calls") as answer:
        return json.load(answer)


def ask(text=NOTE, **more):
    return {"model": "ward-chat", "messages": [{"role": "user", "content": text}], **more}
