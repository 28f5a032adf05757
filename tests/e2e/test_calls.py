"""Calls that pass: the official Python package gets the patient's values back, the model none."""

import asyncio
import concurrent.futures
import json
import unittest

from scene import IDENTIFIERS, NAME, NOTE, ask, async_client, client, seen

TOOL = {"type": "function", "function": {
    "name": "file_note", "description": "Files a note",
    "parameters": {"type": "object", "properties": {"note": {"type": "string"}, "count": {"type": "integer"}}}}}


class Calls(unittest.TestCase):
    def setUp(self):
        seen()

    def only_placeholders_seen(self, calls=1):
        bodies = seen()
        self.assertEqual(len(bodies), calls)
        for body in bodies:
            for identifier in IDENTIFIERS:
                self.assertNotIn(identifier.lower(), body["body"].lower())
        return bodies

    def test_json(self):
        answer = client().chat.completions.create(**ask())
        self.assertEqual(answer.choices[0].message.content, f"You said: {NOTE}")
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens, 12)
        self.assertTrue(answer._request_id)
        self.only_placeholders_seen()

    def test_the_upstream_gets_its_own_token_and_model(self):
        client().chat.completions.create(**ask(max_tokens=17, temperature=0.25, seed=9007199254740993))
        body = seen()[0]
        self.assertEqual(body["authorization"], "Bearer invented-upstream-token")
        call = json.loads(body["body"])
        self.assertEqual(call["model"], "stand-in")
        self.assertEqual((call["max_tokens"], call["temperature"], call["seed"]), (17, 0.25, 9007199254740993))

    def test_headers_of_an_answer(self):
        raw = client().chat.completions.with_raw_response.create(**ask())
        self.assertTrue(raw.headers["x-request-id"])
        self.assertTrue(raw.headers["wardgate-record"])
        self.assertIn(NAME, raw.parse().choices[0].message.content)

    def test_stream(self):
        text, finish, chunks = "", None, 0
        for chunk in client().chat.completions.create(**ask(stream=True)):
            chunks += 1
            self.assertEqual(len(chunk.choices), 1)
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        self.assertEqual(text, f"You said: {NOTE}")
        self.assertEqual(finish, "stop")
        masked = json.loads(self.only_placeholders_seen()[0]["body"])["messages"][0]["content"]
        # One for the role, one for every three letters that the model said, one for the finish.
        self.assertEqual(chunks, 2 + -(-len(f"You said: {masked}") // 3))

    def test_stream_with_usage(self):
        chunks = list(client().chat.completions.create(**ask(stream=True, stream_options={"include_usage": True})))
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage.total_tokens, 12)

    def test_stream_that_is_left_early(self):
        with client().chat.completions.create(**ask("slowly " + NOTE, stream=True)) as stream:
            next(iter(stream))
        answer = client().chat.completions.create(**ask("still there"))
        self.assertEqual(answer.choices[0].message.content, "You said: still there")

    def test_tool_call(self):
        answer = client().chat.completions.create(**ask("use-the-tool " + NOTE, tools=[TOOL]))
        call = answer.choices[0].message.tool_calls[0]
        self.assertEqual(json.loads(call.function.arguments), {"note": "use-the-tool " + NOTE, "count": 1})
        self.only_placeholders_seen()

    def test_tool_call_in_a_stream(self):
        name, arguments = "", ""
        for chunk in client().chat.completions.create(**ask("use-the-tool " + NOTE, tools=[TOOL], stream=True)):
            for call in chunk.choices[0].delta.tool_calls or []:
                self.assertEqual(call.index, 0)
                name += call.function.name or ""
                arguments += call.function.arguments or ""
        self.assertEqual(name, "file_note")
        self.assertEqual(json.loads(arguments), {"note": "use-the-tool " + NOTE, "count": 1})
        self.only_placeholders_seen()

    def test_every_position_is_masked(self):
        arguments = json.dumps({"who": NAME, "deep": json.dumps({"mail": "maren.linholm@example.org"})})
        function = {"name": "find", "arguments": arguments}
        client().chat.completions.create(
            model="ward-chat",
            user=NAME,
            metadata={"about": NOTE},
            messages=[
                {"role": "system", "content": f"You help with {NAME}."},
                {"role": "user", "content": [{"type": "text", "text": NOTE}, {"type": "text", "text": NAME.upper()}]},
                {"role": "assistant", "content": None,
                 "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
                {"role": "tool", "tool_call_id": "c1", "content": NOTE},
                {"role": "user", "content": "What about Mrs. Oduya-Linholm, MAREN?"},
            ],
        )
        self.only_placeholders_seen()

    def test_embeddings(self):
        answer = client().embeddings.create(model="ward-embed", input=[NOTE, "a second text"])
        self.assertEqual([len(item.embedding) for item in answer.data], [3, 3])
        self.assertEqual(answer.data[0].embedding[:2], [0.25, -0.5])
        self.only_placeholders_seen()

    def test_embeddings_as_numbers(self):
        answer = client().embeddings.create(model="ward-embed", input=NOTE, encoding_format="float")
        self.assertEqual(answer.data[0].embedding[:2], [0.25, -0.5])
        self.only_placeholders_seen()

    def test_models(self):
        names = [model.id for model in client().models.list()]
        self.assertIn("ward-chat", names)
        self.assertIn("ward-embed", names)
        self.assertNotIn("old-chat", names)
        self.assertNotIn("new-chat", names)
        self.assertEqual(client().models.retrieve("ward-chat").id, "ward-chat")
        self.assertEqual([model.id for model in client("other").models.list()], ["ward-chat"])

    def test_a_zipped_answer_of_the_model(self):
        answer = client().chat.completions.create(**ask("answer-zipped " + NOTE))
        self.assertEqual(answer.choices[0].message.content, "You said: answer-zipped " + NOTE)

    def test_placeholders_are_stable_within_a_conversation_and_not_beyond(self):
        for conversation in ["a", "a", "b"]:
            client(wardgate_conversation=conversation).chat.completions.create(**ask(NAME))
        first, again, other = (json.loads(body["body"])["messages"][0]["content"] for body in seen())
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_another_caller_cannot_have_a_placeholder_restored(self):
        client(wardgate_conversation="a").chat.completions.create(**ask(NAME))
        placeholder = json.loads(seen()[0]["body"])["messages"][0]["content"]
        answer = client("other", wardgate_conversation="a").chat.completions.create(**ask(placeholder))
        self.assertEqual(answer.choices[0].message.content, f"You said: {placeholder}")

    def test_many_at_once(self):
        one = client()

        def call(number):
            answer = one.chat.completions.create(**ask(f"{number}: {NOTE}"))
            return answer.choices[0].message.content == f"You said: {number}: {NOTE}"

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertTrue(all(pool.map(call, range(64))))
        self.only_placeholders_seen(calls=64)

    def test_the_asynchronous_client(self):
        async def call():
            async with async_client() as one:
                answer = await one.chat.completions.create(**ask())
                stream = await one.chat.completions.create(**ask(stream=True))
                text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
                return answer.choices[0].message.content, text

        self.assertEqual(asyncio.run(call()), (f"You said: {NOTE}",) * 2)


if __name__ == "__main__":
    unittest.main()
