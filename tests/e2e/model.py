"""A stand-in model for the end-to-end tests: answers from the text that it is sent.

Prints its address as its first line. `GET /calls` gives the bodies of the calls so far and forgets
them, so that a test can see what the model saw. A word in the last message asks for a special
answer: `use-the-tool`, `break-off`, `answer-nonsense`, `say-busy`, `answer-zipped`.
"""

import base64
import gzip
import json
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

calls = []


def last_text(call):
    content = call["messages"][-1]["content"]
    if isinstance(content, list):
        return " ".join(part["text"] for part in content if part["type"] == "text")
    return content or ""


def tool_arguments(text):
    return json.dumps({"note": text, "count": 1})


def completion(call):
    text = last_text(call)
    message = {"role": "assistant", "content": f"You said: {text}"}
    finish = "stop"
    if "use-the-tool" in text:
        function = {"name": "file_note", "arguments": tool_arguments(text)}
        message = {"role": "assistant", "content": None,
                   "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        finish = "tool_calls"
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": call["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}}


def pieces(text, size):
    return [text[at:at + size] for at in range(0, len(text), size)]


def deltas(call):
    """The deltas of a streamed answer, in pieces that cut words and placeholders."""
    text = last_text(call)
    yield {"role": "assistant", "content": ""}, None
    if "use-the-tool" in text:
        function = {"name": "file_note", "arguments": ""}
        yield {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}, None
        for piece in pieces(tool_arguments(text), 5):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None
        yield {}, "tool_calls"
        return
    for piece in pieces(f"You said: {text}", 3):
        yield {"content": piece}, None
    yield {}, "stop"


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        seen = json.dumps(calls).encode()
        calls.clear()
        self.answer(200, seen)

    def do_POST(self):
        body = self.body()
        call = json.loads(body)
        calls.append({"path": self.path, "body": body.decode(), "authorization": self.headers.get("authorization")})
        if self.path.endswith("/embeddings"):
            return self.embed(call)
        text = last_text(call)
        if "say-busy" in text:
            error = {"error": {"message": "slow down", "type": "rate_limit", "code": "busy"}}
            return self.answer(429, json.dumps(error).encode(), [("retry-after", "3")])
        if "answer-nonsense" in text:
            return self.answer(200, b"<html>not what was asked for</html>")
        if call.get("stream"):
            return self.stream(call, text)
        answer = json.dumps(completion(call)).encode()
        if "answer-zipped" in text and "gzip" in self.headers.get("accept-encoding", ""):
            return self.answer(200, gzip.compress(answer), [("content-encoding", "gzip")])
        self.answer(200, answer)

    def stream(self, call, text):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        events = []
        for delta, finish in deltas(call):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            events.append({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                           "model": call["model"], "choices": [choice]})
        if call.get("stream_options", {}).get("include_usage"):
            usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
            events.append({**events[0], "choices": [], "usage": usage})
        for number, event in enumerate(events):
            if "break-off" in text and number == 6:
                self.close_connection = True
                return
            self.chunk(f"data: {json.dumps(event)}\n\n")
            if "slowly" in text:
                time.sleep(0.02)
        self.chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, text):
        data = text.encode()
        # A chunk that ends inside the event: framing must not depend on chunks.
        middle = len(data) // 2
        for part in (data[:middle], data[middle:]):
            if part:
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")

    def embed(self, call):
        texts = call["input"] if isinstance(call["input"], list) else [call["input"]]
        vectors = []
        for index, text in enumerate(texts):
            vector = [0.25, -0.5, float(len(text) % 7)]
            if call.get("encoding_format") == "base64":
                vector = base64.b64encode(struct.pack("<3f", *vector)).decode()
            vectors.append({"object": "embedding", "index": index, "embedding": vector})
        answer = {"object": "list", "data": vectors, "model": call["model"],
                  "usage": {"prompt_tokens": 3, "total_tokens": 3}}
        self.answer(200, json.dumps(answer).encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that leaves early is part of the tests."""


server = Server(("127.0.0.1", 0), Model)
print(f"127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
