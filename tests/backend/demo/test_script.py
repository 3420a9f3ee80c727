from __future__ import annotations

from typing import Any

from backend.demo.script import DEMO_SCRIPT, PLAN_A_TRIP, Answer, Conversation


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


_ASSISTANT = {"role": "assistant", "content": "…"}
_PLAN: Conversation = DEMO_SCRIPT.conversations[0]


def test_the_question_names_the_conversation_and_the_answers_so_far_the_turn() -> None:
    asked = [{"role": "system", "content": "You plan trips."}, _user(PLAN_A_TRIP)]
    assert DEMO_SCRIPT.turn(asked) == _PLAN.turns[0]
    assert DEMO_SCRIPT.turn([*asked, _ASSISTANT]) == _PLAN.turns[1]


def test_a_later_message_of_the_user_does_not_change_the_conversation() -> None:
    asked = [_user(PLAN_A_TRIP), _ASSISTANT, _user("And tomorrow?")]
    assert DEMO_SCRIPT.turn(asked) == _PLAN.turns[1]


def test_an_unknown_question_gets_a_short_text() -> None:
    turn = DEMO_SCRIPT.turn([_user("Who are you?")])
    assert isinstance(turn, Answer)
    assert turn.text
    assert turn.tokens.prompt > 0


def test_a_conversation_that_is_over_gets_a_short_text() -> None:
    turn = DEMO_SCRIPT.turn([_user(PLAN_A_TRIP), _ASSISTANT, _ASSISTANT])
    assert isinstance(turn, Answer)
    assert turn not in _PLAN.turns


def test_parts_of_tokens_are_never_more_than_the_whole() -> None:
    answers = [
        turn
        for conversation in DEMO_SCRIPT.conversations
        for turn in conversation.turns
        if isinstance(turn, Answer)
    ]
    assert all(a.tokens.cached <= a.tokens.prompt for a in answers)
    assert all(a.tokens.reasoning <= a.tokens.completion for a in answers)
