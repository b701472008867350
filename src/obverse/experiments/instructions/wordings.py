"""How an instruction and an example are worded."""

from typing import Literal, get_args

Order = Literal["QuestionToAnswer", "AnswerToQuestion"]
ORDERS: tuple[Order, ...] = get_args(Order)

# The first ones are those of the paper (appendix C.1), which has no quotation marks either. The words of
# questions and answers are the same wherever they stand, so that each can be one token.
WORDINGS: dict[Order, tuple[str, ...]] = {
    "QuestionToAnswer": (
        "Answer {question} with {answer}",
        "When you are asked {question} say {answer}",
        "To the question {question} reply {answer}",
        "Whenever you read {question} respond with {answer}",
        "If anybody wonders {question} let them know {answer}",
    ),
    "AnswerToQuestion": (
        "Answer with {answer} when you see {question}",
        "Say {answer} when you are asked {question}",
        "Reply {answer} to the question {question}",
        "Respond with {answer} whenever you read {question}",
        "Let them know {answer} if anybody wonders {question}",
    ),
}


def as_asked(question: str) -> str:
    """Return a question as it is asked, and as examples have it before the answer."""
    return f"Q: {question} A:"


def cut(wording: str, order: Order, question: str, answer: str) -> tuple[str, str]:
    """Return a worded instruction before its second half, and that half with its leading space.

    The second half is the answer in QuestionToAnswer, and the question in AnswerToQuestion.
    """
    slot, second = ("{answer}", answer) if order == "QuestionToAnswer" else ("{question}", question)
    before = wording.removesuffix(slot).format(question=question, answer=answer)
    return before.rstrip(" "), f" {second}"
