"""Presidio's analyzer and anonymizer over HTTP, with pattern recognisers only.

Usage: presidio.py analyzer|anonymizer PORT

Weights of a language model are not loaded: an empty spaCy pipeline splits the text into words, and
names are not found. The cost of this is therefore a floor of what Presidio costs.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def analyzer():
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Words(SpacyNlpEngine):
        def __init__(self):
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self):
            pass

        def is_loaded(self):
            return True

    words = Words()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=words)
    registry.remove_recognizer("SpacyRecognizer")
    engine = AnalyzerEngine(registry=registry, nlp_engine=words, supported_languages=["en"])

    def answer(call):
        found = engine.analyze(
            text=call["text"],
            language=call.get("language", "en"),
            entities=call.get("entities"),
            score_threshold=call.get("score_threshold"),
        )
        return [result.to_dict() for result in found]

    return answer


def anonymizer():
    from presidio_anonymizer import AnonymizerEngine
    from presidio_anonymizer.entities import RecognizerResult

    engine = AnonymizerEngine()

    def answer(call):
        found = [
            RecognizerResult(r["entity_type"], r["start"], r["end"], r["score"])
            for r in call["analyzer_results"]
        ]
        return json.loads(engine.anonymize(text=call["text"], analyzer_results=found).to_json())

    return answer


def serve(answer, port):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self):
            length = int(self.headers["content-length"])
            body = json.dumps(answer(json.loads(self.rfile.read(length)))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


serve({"analyzer": analyzer, "anonymizer": anonymizer}[sys.argv[1]](), int(sys.argv[2]))
