"""English that agrees in number: sentences are made of many, and told of one where there is one.

::

    f"{rows:,} rows are empty"      made, kept and compared: "1 rows are empty"
    agreed("1 rows are empty")      told: "1 row is empty"

So a sentence is written once, as of many. Korean has no number, and is told from what was made.
What stands in quotes is somebody's own, and stays.
"""

import re

__all__ = ["NOUNS_OF_MANY", "agreed"]

_COUNTED = """
    answer attribute bar beginning bit blank block byte category cell channel character class
    close column copy day deviation direction epoch event feature field file fit fold form group
    interval kind label letter line mark mean member minute model month name network number one
    other outcome pair param parameter part piece question quarter request row run sample scale
    score scoring season second segment sentence sequence session setting share sheet spelling
    start state step stream tag text thing ticker time timestep token training value week window
    word year zone
"""
_BETWEEN = """
    bound different first fresh held highest independent last missing more near new other own
    rarer simulated such tagged test trading training validation
"""
_AFTER = (
    "after it|at the beginning|at the end|at the start|beside the series|held out|judged|of each"
    "|of trading|to be read|to learn from"
)
_REGULAR = "begin end fill hold lie look move need repeat say share stand tell validate"
_DOING = {"are": "is", "were": "was", "have": "has", "do": "does", "teach": "teaches"} | {
    each: f"{each}s" for each in _REGULAR.split()
}


def _many(noun: str) -> str:
    if noun.endswith("y") and noun != "day":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


NOUNS_OF_MANY = {_many(noun): noun for noun in _COUNTED.split()}
_NOUNS, _ADJECTIVES, _VERBS = map("|".join, (NOUNS_OF_MANY, _BETWEEN.split(), _DOING))
_ONE = r"(?<![\w.,/-])1"
_DISAGREES = re.compile(
    r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\""
    r"|\b(?:row|line|step|column|class|label|fold|epoch|page|version) 1\b"
    r"|(?P<there>\bthere (?:are|were)(?= (?:only )?1 (?!of\b)))"
    rf"|(?P<of>{_ONE} of (?:the |these )?[\d,]+ (?:(?:{_ADJECTIVES}) )*)(?P<those>{_NOUNS})"
    rf"(?P<of_tail> (?:(?:{_AFTER}|\([^()]*\)) )?)(?P<of_does>{_VERBS})\b"
    rf"|(?<!\band )(?P<alone>{_ONE} (?:that |more |judged )?)"
    r"(?P<alone_does>are|were|have|repeat|validate)\b"
    rf"|(?P<one>{_ONE} (?:(?:{_ADJECTIVES}) )*)(?P<noun>{_NOUNS})\b(?![.-]\w)"
    rf"(?:(?P<tail> (?:(?:{_AFTER}|that) )?)(?P<does>{_VERBS})\b)?"
)


def agreed(said: str) -> str:
    """Tell an English sentence of one where it counts one.

    Example:
        >>> agreed("1 rows are empty, 1 of 12 texts repeat another; there are 1 classes")
        '1 row is empty, 1 of 12 texts repeats another; there is 1 class'
    """
    return _DISAGREES.sub(_agreeing, said) if "1 " in said else said


def _agreeing(found: re.Match[str]) -> str:
    if found["there"]:
        first, verb = found[0].split()
        return f"{first} {_DOING[verb]}"
    if found["of"]:
        those = (
            NOUNS_OF_MANY[found["those"]]
            if re.search(r"of (?:the |these )?1 ", found["of"])
            else found["those"]
        )
        return found["of"] + those + found["of_tail"] + _DOING[found["of_does"]]
    if found["alone"]:
        return found["alone"] + _DOING[found["alone_does"]]
    if found["one"]:
        does = "" if found["does"] is None else found["tail"] + _DOING[found["does"]]
        return found["one"] + NOUNS_OF_MANY[found["noun"]] + does
    return found[0]
