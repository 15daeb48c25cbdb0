"""What a linear model reads of a word: itself, its beginning, its ends, and the words beside it."""

from collections.abc import Sequence

__all__ = ["beside_words"]


def beside_words(row: Sequence[str]) -> list[dict[str, object]]:
    """Give what stands at each word of a sentence, by name.

    Example:
        >>> beside_words(["Dogs", "bark"])[0]["after"]
        'bark'
    """
    lower = ["<", *(word.lower() for word in row), ">"]
    return [
        {
            "word": lower[i + 1],
            "before": lower[i],
            "after": lower[i + 2],
            "end2": lower[i + 1][-2:],
            "end3": lower[i + 1][-3:],
            "start3": lower[i + 1][:3],
            "capital": word[:1].isupper(),
            "digit": any(letter.isdigit() for letter in word),
        }
        for i, word in enumerate(row)
    ]
