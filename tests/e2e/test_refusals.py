"""Calls that are refused: the official Python package raises its own exceptions, with our codes."""

import unittest

import openai
from scene import NAME, ask, client, seen


class Refusals(unittest.TestCase):
    def refused(self, kind, status, code, call):
        seen()
        with self.assertRaises(kind) as caught:
            call()
        error = caught.exception
        self.assertEqual((error.status_code, error.code), (status, code))
        self.assertTrue(error.request_id)
        self.assertTrue(error.body["message"])
        self.assertTrue(error.body["hint"])
        for part in ["Maren", "Linholm", "Chidi", "Abara"]:
            self.assertNotIn(part, str(error))
        self.assertEqual(seen(), [], "a refused call reached the model")
        return error

    def chat(self, **more):
        return lambda one: one.chat.completions.create(**{**ask(), **more})

    def test_consent(self):
        call = self.chat()
        error = self.refused(openai.PermissionDeniedError, 403, "consent.denied",
                             lambda: call(client(patient="Patient/abara")))
        self.assertEqual(error.body["gate"], "authorise")
        self.assertTrue(error.body["record"])

    def test_a_patient_who_is_not_on_file_is_refused_like_one_who_did_not_consent(self):
        call = self.chat()
        known = self.refused(openai.PermissionDeniedError, 403, "consent.denied",
                             lambda: call(client(patient="Patient/abara")))
        unknown = self.refused(openai.PermissionDeniedError, 403, "consent.denied",
                               lambda: call(client(patient="Patient/nobody")))
        self.assertEqual(known.body["message"], unknown.body["message"])
        self.assertEqual(known.body["hint"], unknown.body["hint"])

    def test_stream_refused_before_it_starts(self):
        call = self.chat(stream=True)
        self.refused(openai.PermissionDeniedError, 403, "consent.denied",
                     lambda: call(client(patient="Patient/abara")))

    def test_vendor_whose_agreement_expired(self):
        call = self.chat(model="old-chat")
        error = self.refused(openai.PermissionDeniedError, 403, "vendor.agreement_expired", lambda: call(client()))
        self.assertIn("oldco", str(error))

    def test_training_that_lapsed(self):
        call = self.chat()
        self.refused(openai.PermissionDeniedError, 403, "training.lapsed", lambda: call(client("late")))

    def test_flow_that_nobody_declared(self):
        call = self.chat(model="new-chat")
        self.refused(openai.PermissionDeniedError, 403, "flow.undeclared", lambda: call(client()))

    def test_purpose(self):
        call = self.chat()
        self.refused(openai.PermissionDeniedError, 403, "purpose.not_allowed",
                     lambda: call(client(wardgate_purpose="HRESCH")))

    def test_no_patient_named(self):
        call = self.chat()
        self.refused(openai.PermissionDeniedError, 403, "patient.required", lambda: call(client(patient=None)))

    def test_keys(self):
        call = self.chat()
        good = client().api_key
        wrong = good[:-12] + ("a" if good[-12] != "a" else "b") + good[-11:]
        for key in ["not-a-key", wrong]:
            self.refused(openai.AuthenticationError, 401, "identity.key_invalid", lambda: call(client(key)))

    def test_unknown_model(self):
        call = self.chat(model="no-such-model")
        self.refused(openai.NotFoundError, 404, "model.not_found", lambda: call(client()))
        self.refused(openai.NotFoundError, 404, "model.not_found",
                     lambda: client().models.retrieve("no-such-model"))

    def test_unknown_route(self):
        self.refused(openai.NotFoundError, 404, "route.unknown",
                     lambda: client().moderations.create(input="text", model="ward-chat"))

    def test_bad_requests(self):
        self.refused(openai.BadRequestError, 400, "request.invalid",
                     lambda: client().chat.completions.create(model="ward-chat", messages="not a list"))

    def test_rate_limit(self):
        call, kiosk = self.chat(), client("kiosk")
        call(kiosk)
        error = self.refused(openai.RateLimitError, 429, "limits.rate", lambda: call(kiosk))
        self.assertGreaterEqual(int(error.response.headers["retry-after"]), 1)

    def test_identifier_where_it_cannot_be_replaced(self):
        call = self.chat(extra_body={"metadata": {NAME: "x"}})
        self.refused(openai.PermissionDeniedError, 403, "deid.identifier_in_key", lambda: call(client()))


class Troubles(unittest.TestCase):
    """The model fails; the caller gets an error of the protocol and keeps its client."""

    def test_a_model_that_cannot_be_reached(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            client().chat.completions.create(**ask() | {"model": "far-chat"})
        self.assertEqual((caught.exception.status_code, caught.exception.code), (502, "upstream.unreachable"))

    def test_a_model_that_is_busy(self):
        with self.assertRaises(openai.RateLimitError) as caught:
            client().chat.completions.create(**ask("say-busy"))
        self.assertEqual(caught.exception.code, "upstream.busy")
        self.assertTrue(caught.exception.response.headers["retry-after"])

    def test_a_model_that_answers_nonsense(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            client().chat.completions.create(**ask("answer-nonsense"))
        self.assertEqual((caught.exception.status_code, caught.exception.code), (502, "answer.invalid"))

    def test_a_model_that_breaks_off(self):
        with self.assertRaises(openai.APIError) as caught:
            list(client().chat.completions.create(**ask("break-off " + "a long text " * 20, stream=True)))
        self.assertEqual(caught.exception.code, "answer.broken_off")


if __name__ == "__main__":
    unittest.main()
