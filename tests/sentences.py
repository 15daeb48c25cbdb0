"""All sentences that the product can say, read off its source: what the Korean catalogue must hold.

python tests/sentences.py            what has no Korean yet, in the form of the catalogue
python tests/sentences.py --unused   what the catalogue holds and nothing says
python tests/sentences.py --tidy     the catalogue without that, in the order of the source
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src" / "recurra"
CATALOGUE = SOURCE / "wording" / "ko.po"
HEAD = """# What Recurra says in English, and in Korean. A field of the Korean may say which
# particle follows it, {name:을/를}, and that what fills it is told in Korean, too, {reason!t}:
# see catalogue.py.
# What is missing here: python tests/sentences.py
msgid ""
msgstr ""
"Language: ko\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

"""
TRANSPARENT = {"len", "str", "sorted", "sum", "max", "min", "repr", "set", "list", "abs", "map"}
NOT_SAID_CALLS = {"compile", "cast", "TypeVar", "getLogger", "fullmatch", "match", "search", "sub"}
# no sentences, or none of ours: styles, names, commands, licences, texts to try
NOT_SAID_TEXTS = {
    "HANGUL LETTER {name}",
    " fifteen sixteen seventeen eighteen nineteen",
    " by class",
    " of {value}",
    " that begins at rest",
    "; beside it ",
    "--map {quote}=…",
    "<{what}: {lasts} the kernels of Recurra>",
    "Apple SD Gothic Neo",
    "Baekmuk Dotum",
    "Bearer {cookie}",
    "Bearer {key}",
    "CC BY 2.0 FR",
    "CC BY 4.0",
    "CC BY-SA 4.0",
    "CC0 1.0",
    "Claim your prize",
    "Error (reading|writing) persistent compilation",
    "Finds **{positive}**. ",
    "Glyph .* missing",
    "January February March April May June July August September October November December",
    "Malgun Gothic",
    "MiniRocket + LR",
    'Model: "sequential"',
    "NB n-grams + LR",
    "NB runs + LR",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Python 3",
    "Source Han Sans KR",
    "Value error, ",
    "Vocabulary({self} indices, unknown={unknown})",
    "WINNER!! Claim your prize now",
    "`{layer}` that begins at rest.",
    "after the last toss",
    "all passed",
    "always no",
    "always positive",
    "always the commonest",
    "always the larger class",
    "always the most frequent tag",
    "bold green",
    "bold red",
    "bold yellow",
    "char TF-IDF + LR",
    "close {{close:g}}, range {{low:g}} to {{high:g}}",
    "convolution {{}} × {{}}, their mean",
    "convolution {} × {}, their mean",
    "gics sector",
    "gradient boosting",
    "high {{high:g}}, low {{low:g}}",
    "kiwipiepy {version}, kiwipiepy_model {version_2}",
    "linear on word and neighbours",
    "logistic regression",
    "model name",
    "module 'recurra' has no attribute {name}",
    "module 'recurra.problems' has no attribute {name}",
    "most frequent",
    "most frequent tag of the word",
    "nearest neighbour",
    "nearest sentence",
    "open {{open:g}}, ",
    "open {{open:g}}, range {{low:g}} to {{high:g}}",
    "pip install 'recurra[{extra}]'",
    "pip install {packages}",
    "previous day rose",
    'recurra predict {folder} --with "{rival}"',
    "recurra {value}",
    "recurra {version}",
    "rolling statistics + LR",
    "rolling statistics + boosted trees",
    "row {{}}",
    "running ten minutes late, order for me?",
    "seasonal naive",
    "sentence #",
    "sentence id",
    "sentence no",
    "share of heads",
    "statistics + LR",
    "still {{close:g}}",
    "text/plain; version=0.0.4",
    "the next power of two, at least 16",
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "upper left",
    "word TF-IDF + LR",
    "word keys",
    "word rows",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    "{bytes} MB",
    "{fingerprint} member {number}",
    "{name}: {each}; {each_2}",
    "{size} GiB",
    "{what}: {name}",
    "{{open:g}} {{high:g}} {{low:g}} {{close:g}} once more",
}
# what looks like sentences and is none: names that are kept in files, patterns, marks of pages
NOT_SAID_FILES = {"data/classed_lines.py", "markets/columns.py"}
NOT_SAID_FILES |= {"wording/agreement.py", "wording/particles.py"}
NOT_SAID_FILES |= {"architectures.py"}  # networks in words: told layer by layer
# scripts that run where Recurra is not yet: they say all in both languages
NOT_SAID_FILES |= {f"classroom/kit_files/{name}.py" for name in ("get", "install", "start")}
NOT_SAID_ROOMS = {"kernels", "bench", "keras_private.py"}  # for those who work on it: in English
NOT_SAID = re.compile(
    r"<[a-z!/]"  # HTML
    r"|^(pd\.|tuple\[|list\[|dict\[|np\.)"  # types
    r"|^[\s\d\W]*$"
    r"|^(default-src |camera=|public, max-age|:root )"  # policies and rules of pages
    r"|^# \{architecture\}, trained by"  # the card of a model: a file
)


class Said(NamedTuple):
    """A sentence of the source."""

    room: str
    path: str
    line: int
    sentence: str  # in the form of str.format


@cache
def everything() -> list[Said]:
    """Give all sentences of the source and of the pages."""
    found = [said for path in sorted(SOURCE.rglob("*.py")) for said in of_code(path)]
    return found + [said for path in sorted(SOURCE.rglob("*.j2")) for said in of_page(path)]


def shape(sentence: str) -> str:
    """Give a sentence with its fields nameless: a renamed variable changes no translation."""
    parts = Formatter().parse(sentence)
    return "".join(words + ("\0" if field is not None else "") for words, field, *_ in parts)


def of_page(path: Path) -> Iterator[Said]:
    """Give what a template says."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        for found in re.finditer(r"""worded\(("(?:[^"\\]|\\.)*"|'[^']*')""", line):
            name = path.relative_to(SOURCE).as_posix()
            yield Said(name.split("/")[0], name, number, ast.literal_eval(found[1]))


def of_code(path: Path) -> Iterator[Said]:
    """Give what a module says: all texts of two words and more, but docstrings and patterns."""
    name = path.relative_to(SOURCE).as_posix()
    room = name.split("/")[0]
    if name in NOT_SAID_FILES or room in NOT_SAID_ROOMS:
        return
    tree = ast.parse(path.read_text("utf-8"))
    unsaid, always = _unsaid(tree), _always(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_command(node):
            yield Said(room, name, node.lineno, _escaped(ast.get_docstring(node) or ""))
        if id(node) in unsaid:
            continue
        if isinstance(node, ast.JoinedStr):
            sentence = _template(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            template = id(node) in always or re.search(r"\{[a-z_]*(:[^{}]*)?\}", node.value)
            sentence = node.value if template else _escaped(node.value)
        else:
            continue
        named = id(node) in always and shape(sentence) not in _not_said()
        if named or _is_sentence(sentence):
            yield Said(room, name, node.lineno, sentence)


def _is_sentence(sentence: str) -> bool:
    """Say whether a text is of several words, or of a word beside what is filled in."""
    plain = "".join(words for words, *_ in Formatter().parse(sentence))
    return (
        re.search(r"[A-Za-z]{2}", plain) is not None
        and " "
        in "".join(
            words + "X" * (field is not None) for words, field, *_ in Formatter().parse(sentence)
        ).strip(" ")
        and not NOT_SAID.search(sentence)
        and shape(sentence) not in _not_said()
    )


@cache
def _not_said() -> set[str]:
    return set(map(shape, NOT_SAID_TEXTS))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _is_command(node: ast.FunctionDef) -> bool:
    names = [ast.unparse(each).split("(")[0].split(".")[-1] for each in node.decorator_list]
    return bool({"command", "callback"} & set(names))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _unsaid(tree: ast.AST) -> set[int]:
    """Give what is not said: docstrings, annotations, patterns, parts of longer sentences."""
    found: set[int] = set()
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner = [node.value]
        elif isinstance(node, ast.Call) and _called(node) in NOT_SAID_CALLS:
            inner = [*node.args]
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            inner = [] if "Annotated" in ast.dump(node.annotation) else [node.annotation]
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            inner = [node.returns]
        elif isinstance(node, ast.JoinedStr):
            specs = [v.format_spec for v in node.values if isinstance(v, ast.FormattedValue)]
            inner = [each for each in (*node.values, *specs) if isinstance(each, ast.Constant)]
            inner += [part for each in specs if each is not None for part in ast.walk(each)]
        for each in inner:
            walked = [each] if isinstance(node, ast.JoinedStr | ast.Expr) else ast.walk(each)
            found |= {id(part) for part in walked}
        if isinstance(node, ast.JoinedStr):
            found |= {
                id(p)
                for v in node.values
                if isinstance(v, ast.FormattedValue) and v.format_spec
                for p in ast.walk(v.format_spec)
            }
    return found


def _always(tree: ast.AST) -> set[int]:
    """Give the texts that are said, however short: of `worded`, headings of tables, help."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if _called(node) in {"worded", "retold", "stage", "note"} and node.args:
            found |= {id(node.args[0])}
        found |= {id(each.value) for each in node.keywords if each.arg == "help"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_TYPERS":
            found |= {id(each) for each in ast.walk(node.value)}
    return found


def _template(node: ast.JoinedStr) -> str:
    """Give an f-string in the form of `str.format`, its fields named by what fills them."""
    parts, seen = [], Counter[str]()
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(_escaped(str(value.value)))
            continue
        assert isinstance(value, ast.FormattedValue)
        name = _name(value.value).strip("_").casefold() or "value"
        seen[name] += 1
        parts.append("{" + name + (f"_{seen[name]}" if seen[name] > 1 else "") + "}")
    return "".join(parts)


def _name(node: ast.expr) -> str:
    """Give a name for what an expression gives."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        through = _called(node) in TRANSPARENT | {"join", "get"}
        return _name(node.args[0] if through and node.args else node.func)
    if isinstance(node, ast.Subscript | ast.Starred):
        return _name(node.value)
    if isinstance(node, ast.BinOp):
        return _name(node.left)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _name(node.generators[0].iter)
    if isinstance(node, ast.IfExp):
        return _name(node.test if isinstance(node.body, ast.Constant) else node.body)
    if isinstance(node, ast.BoolOp):
        return _name(node.values[0])
    return "value"


def catalogue() -> list[tuple[str, str]]:
    """Give the pairs of the catalogue."""
    from recurra.wording import sentences

    return [(each.english, each.korean) for each in sentences()]


def missing() -> list[Said]:
    """Give the sentences that have no Korean, each shape once."""
    known = {shape(english) for english, _ in catalogue()}
    lacking = {shape(said.sentence): said for said in reversed(everything())}
    return [said for form, said in reversed(lacking.items()) if form not in known]


def unused() -> list[str]:
    """Give what the catalogue holds and the source does not say, as a sentence or as a word."""
    said = {shape(each.sentence) for each in everything()}
    words = {
        node.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return [each for each, _ in catalogue() if shape(each) not in said and each not in words]


def write(pairs: dict[str, str]) -> None:
    """Write the catalogue anew, in the order of the source."""
    places: dict[str, str] = {}
    for said in everything():
        places.setdefault(shape(said.sentence), said.path)
    order = {form: number for number, form in enumerate(places)}
    forms = {shape(english): english for english in reversed(pairs)}
    pairs = {english: pairs[english] for english in forms.values()}
    blocks = [HEAD]
    now = ""
    for english in sorted(pairs, key=lambda each: (order.get(shape(each), len(order)), each)):
        path = places.get(shape(english), "")
        blocks.append(f"#. {path}\n" if path != now else "")
        now = path
        blocks.append(f"msgid {_quoted(english)}\nmsgstr {_quoted(pairs[english])}\n\n")
    CATALOGUE.write_text("".join(blocks), "utf-8")


def _quoted(text: str) -> str:
    lines = [json.dumps(part, ensure_ascii=False) for part in text.splitlines(keepends=True)]
    return "\n".join(lines if len(lines) == 1 else ['""', *lines])


if __name__ == "__main__":
    if "--unused" in sys.argv:
        print(*unused(), sep="\n")
    elif "--tidy" in sys.argv:
        gone = set(unused())
        write({english: korean for english, korean in catalogue() if english not in gone})
    else:
        for each in missing():
            print(f'#. {each.path}:{each.line}\nmsgid {_quoted(each.sentence)}\nmsgstr ""\n')
