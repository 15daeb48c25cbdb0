"""A mistake is told at once: before Keras, and before a second of processor time."""

import json
import resource
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from recurra.bundle import Bundle, write_bundle

HEAVY = ("keras", "jax", "sklearn", "scipy", "matplotlib")
MOST_SECONDS = 1.0
MOST_IMPORTS = 2.5  # of pandas: on a busy machine everything takes longer, that import too
# runs many commands, each in a fork of its own, so that all share the imports of light libraries
DRIVER = f"""
import json, os, signal, sys, tempfile
import numpy, pandas, pyarrow, rich.console, typer, recurra.cli
assert not set({HEAVY}) & set(sys.modules)
answers = []
for command in json.load(sys.stdin):
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            signal.alarm(200)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.argv = ["recurra", *command]
            code = 70
            try:
                recurra.cli.main()
            except SystemExit as end:
                code = end.code
            except BaseException as error:
                print("Traceback", repr(error))
            print("loaded:", *(name for name in {HEAVY} if name in sys.modules))
            sys.stdout.flush()
            os._exit(code or 0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        answers.append((code, said.read().decode()))
json.dump(answers, sys.stdout)
"""
CONFIGS = {
    "texts": {"estimator": "SequenceClassifier", "classes": ["ham", "spam"], "threshold": 0.5},
    "series": {"estimator": "SequenceForecaster", "target": "sold", "log": False},
    "tags": {"estimator": "SequenceTagger"},
    "lines": {"estimator": "SequenceGenerator"},
    "pairs": {"estimator": "SequenceTranslator"},
    "rises": {"estimator": "SequenceRiser", "recipe": "stock-rise"},
}
TEXTS = [(f"see you at gate {n}", f"win prize number {n}") for n in range(20)]
WORDS = ["gate", "lunch", "rain", "train", "Monday", "paper", "music", "garden", "river", "stone"]
STEPS = "".join(f"{n},{n + m},{'down' if n else 'up'}\n" for n in range(12) for m in range(9))
FILES = {
    "texts.csv": "kind,body\n" + "".join(f"ham,{a}\nspam,{b}\n" for a, b in TEXTS),
    "one.csv": "kind,body\n" + "".join(f"ham,{a}\n" for a, _ in TEXTS),
    "many.csv": "kind,body\n" + "".join(f"c{n},some text {n}\n" for n in range(40)),
    "other.csv": "kind,body\n" + "".join(f"good,{a}\nbad,{b}\n" for a, b in TEXTS),
    "series.csv": "day,sold\n" + "".join(f"2024-01-{n:02},{n}\n" for n in range(1, 32)),
    "words.csv": "day,sold\n2024-01-01,many\n2024-01-02,few\n",
    "tags.conllu": "1\tGo\t_\tVERB\t_\t_\t_\t_\t_\t_\n",
    "broken.conllu": "1\tGo\tVERB\n",
    "pairs.txt": "Go.\t가.\nHi.\t안녕.\n",
    "single.txt": "Go.\nHi.\n",
    "line.txt": "Go.\n",
    "pair.txt": "Go.\t가.\n",
    "few.csv": "kind,body\nham,see you\nspam,win a prize\n",
    "twice.csv": "kind,body\n" + "ham,see you\nspam,win a prize\n" * 4,
    "alone.csv": "kind,body\nspam,win a prize\n" + "".join(f"ham,{word}\n" for word in WORDS),
    "short.csv": "day,sold\n" + "".join(f"2024-01-{n:02},{n}\n" for n in range(1, 13)),
    "hill.csv": "id,x,class\n" + STEPS,
    "hills.csv": "id,x,class\n0,1,up\n1,2,down\n",
    "new.txt": "short\n",
    "prices/MSFT.csv": "Date,Open,High,Low,Close\n2024-01-30,1,2,1,1.5\n2024-01-31,1,2,1,1.5\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind, a run folder of every kind, and one that is finished already."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    for name, config in CONFIGS.items():
        settings = {"settings": {"model": "gru", "positive": "spam"}}
        write_bundle(folder / "runs" / name / "model", Bundle(settings | config, {}, {}))
    for name in ("report.json", "compare.json"):
        (folder / "done").mkdir(exist_ok=True)
        (folder / "done" / name).write_text("{}")
    return folder


MISTAKES = """
train absent.csv                                           | readable, but absent.csv is not
train spma                                                 | Did you mean 'spam'?
train forcasting series.csv                                | Did you mean 'forecasting'?
train texts.csv --model gur                                | Did you mean 'gru'?
train texts.csv --tokenizer words-cased                    | tokenizer must be one of
train texts.csv --truncation heads                         | Did you mean 'head'?
train texts.csv --protocol lectures                        | Did you mean 'lecture'?
train texts.csv --text bdy --label kind                    | Did you mean 'body'?
train texts.csv --positive spma                            | Did you mean 'spam'?
train texts.csv --encoding utf9                            | Did you mean 'utf-8'?
train streamed absent.csv                                  | absent.csv names none
train streamed texts.csv --model gur                       | Did you mean 'gru'?
train streamed texts.csv --model ngram-bi-gru              | the model must be one of
train streamed texts.csv --text bdy --label kind           | Did you mean 'body'?
train streamed texts.csv --positive spma                   | Did you mean 'spam'?
train streamed one.csv --label kind                        | two classes or more
train streamed many.csv --label kind                       | fewer than 5 rows
train streamed few.csv --label kind                        | must stand on every side
train streamed texts.csv --out done                        | done
train prices                                               | recurra train streamed
train one.csv --label kind                                 | two classes or more
train many.csv --label kind                                | fewer than 5 rows
train few.csv --label kind                                 | must hold both classes
train twice.csv --label kind                               | must hold both classes
train alone.csv --label kind                               | must hold both classes
train alone.csv --label kind --keep-near                   | must hold both classes
compare few.csv --label kind                               | must hold rows
compare alone.csv --label kind                             | must hold both classes
compare texts.csv --label kind --folds 50                  | must hold rows
train forecasting short.csv --target sold                  | long enough to train and to test
compare forecasting short.csv --target sold                | every fold must hold out steps
compare forecasting series.csv --target sold --window 12 --horizon 6 --folds 2 | long enough
train tagging tags.conllu --test tags.conllu               | sentences that training does not
compare tagging tags.conllu                                | must hold rows
train generation line.txt                                  | sides of a split must hold rows
compare generation line.txt                                | must hold rows
train translation pair.txt                                 | sides of a split must hold rows
compare translation pairs.txt                              | must hold rows
train sequences hills.csv --id id --label class            | at least 10 sequences are needed
train sequences hill.csv --id id --label class             | class needs at least 2 sequences
compare sequences hill.csv --id id --label class           | class needs at least 2 sequences
train stock-rise MSFT --source prices                      | days
compare stock-rise MSFT --source prices                    | days
train texts.csv --out done                                 | holds other files
train texts.csv --epochs few                               | a valid integer
train texts.csv --learning-rate 0                          | must be above 0
train texts.csv --on processes                             | must be processes:N, ray
compare texts.csv --on processes:0                         | from 1 to 1,024
compare stock-rise MSFT --source prices --on ray://a:b     | must be processes:N, ray
score runs/texts texts.csv --out o.csv --on processes:2    | scored in one process
score runs/texts prices --out o.csv --on processes         | must be processes:N, ray
search absent.csv                                          | readable, but absent.csv is not
search texts.csv --models gur                              | Did you mean 'gru'?
search texts.csv --minutes 0                               | must be above 0
search few.csv --label kind                                | must hold both classes
compare absent.csv                                         | readable, but absent.csv is not
compare texts.csv --models gru,lsmt                        | Did you mean 'lstm'?
compare texts.csv --text bdy                               | Did you mean 'body'?
compare texts.csv --out done                               | holds other files
compare one.csv --label kind                               | two classes or more
train forecasting absent.csv --target sold                 | readable, but absent.csv is not
train forecasting series.csv --target slod                 | Did you mean 'sold'?
train forecasting words.csv --target sold                  | must hold numbers
train forecasting series.csv --target sold --model gr      | Did you mean 'gru'?
train forecasting series.csv --target sold --encoding x    | encoding must be one of
train forecasting series.csv --target sold --out done      | holds other files
compare forecasting series.csv --target slod               | Did you mean 'sold'?
compare forecasting series.csv --target sold --models gr   | Did you mean 'gru'?
train tagging absent.conllu --test tags.conllu             | readable, but absent.conllu is not
train tagging broken.conllu --test tags.conllu             | must have 10 columns
train tagging tags.conllu --test tags.conllu --model gr    | Did you mean 'gru'?
train tagging tags.conllu --test tags.conllu --out done    | holds other files
train tagging tags.conllu --test tags.conllu --encoding x  | encoding must be one of
compare tagging tags.conllu --models gr                    | Did you mean 'gru'?
train generation absent.txt                                | absent.txt is not there
train generation single.txt --model gr                     | Did you mean 'gru'?
train generation single.txt --level word                   | Did you mean 'words'?
train generation single.txt --out done                     | holds other files
train generation single.txt --encoding x                   | encoding must be one of
compare generation single.txt --models gr                  | Did you mean 'gru'?
train translation absent.txt                               | readable, but absent.txt is not
train translation single.txt                               | two sentences separated by a tab
train translation pairs.txt --model gr                     | Did you mean 'gru'?
train translation pairs.txt --source-level word            | Did you mean 'words'?
train translation pairs.txt --out done                     | holds other files
train translation pairs.txt --encoding x                   | encoding must be one of
compare translation pairs.txt --models gr                  | Did you mean 'gru'?
train stock-rise MSTF --source prices                      | Did you mean 'MSFT'?
train stock-rise MSFT --source absent                      | must be a folder of files
train stock-rise MSFT --source prices --model gr           | Did you mean 'gru'?
train stock-rise MSFT --source prices --out done           | holds other files
train stock-rise MSFT --source prices --encoding x         | encoding must be one of
train stock-rise MSFT --source prices --rise much          | a share is written as
train stock-rise MSFT --source prices --test-from 2024-1-41 | --test-from must be a day
train stock-rise --universe KOSIP                          | Did you mean 'KOSPI'?
compare stock-rise MSFT --source prices --models gr        | Did you mean 'gru'?
gather absent                                              | a folder with runs must be there
gather prices                                              | no run is in it
kit make done                                              | holds other things
kit make kit --data spma                                   | Did you mean 'spam'?
kit make kit --wheel new.txt                               | must be a .whl file
kit check done                                             | a kit is a folder with kit.json
doctor --class --kit done                                  | a kit is a folder with kit.json
doctor --kit done                                          | --kit goes with --class
market prices MSTF --source prices                         | Did you mean 'MSFT'?
market prices MSFT --source absent                         | must be a folder of files
market prices MSFT --source prices --encoding x            | encoding must be one of
market prices MSFT --source prices --start soon            | must be a day such as
market check MSTF --source prices                          | Did you mean 'MSFT'?
market window MSTF --source prices                         | Did you mean 'MSFT'?
market listing KOSIP --source prices                       | Did you mean 'KOSPI'?
predict                                                    | a run must be named
predict runs/text hello                                    | Did you mean 'texts'?
predict runs/texts --file absent.txt                       | readable, but absent.txt is not
predict runs/texts --file texts.csv --text bdy             | Did you mean 'body'?
predict runs/texts hello --with word                       | --with must name a model
predict runs/texts hello --file texts.csv                  | give texts or --file
predict runs/serie series.csv                              | Did you mean 'series'?
predict runs/series absent.csv                             | readable, but absent.csv is not
predict runs/series series.csv --target slod               | Did you mean 'sold'?
predict runs/series series.csv --log                       | must be read as in training
predict runs/series series.csv --encoding x                | encoding must be one of
predict runs/tag hello                                     | Did you mean 'tags'?
predict runs/tags hello --with word                        | --with must name a model
predict runs/line                                          | Did you mean 'lines'?
predict runs/lines --with word                             | --with must name a model
predict runs/pair hello                                    | Did you mean 'pairs'?
predict runs/pairs hello --with word                       | --with must name a model
predict runs/rise MSFT                                     | Did you mean 'rises'?
predict runs/rises MSTF --source prices                    | Did you mean 'MSFT'?
predict runs/rises MSFT --source prices --as-of soon       | --as-of must be a day
predict runs/rises MSFT --source prices --with word        | --with must name a model
evaluate runs/text texts.csv                               | Did you mean 'texts'?
evaluate runs/texts absent.csv                             | readable, but absent.csv is not
evaluate runs/texts texts.csv --text bdy                   | Did you mean 'body'?
evaluate runs/texts texts.csv --label knd                  | Did you mean 'kind'?
evaluate runs/texts other.csv                              | --map bad=… --map good=…
evaluate runs/texts other.csv --map bad=spma --map good=ham | Did you mean 'spam'?
evaluate runs/texts texts.csv --encoding x                 | encoding must be one of
evaluate runs/series texts.csv                             | --target must name a column
explain runs/text hello                                    | Did you mean 'texts'?
explain runs/series hello                                  | a model that says the class of a text
serve                                                      | Missing argument
serve runs/text                                            | Did you mean 'texts'?
serve runs/lines                                           | are served, but
serve a=runs/texts a=runs/tags                             | two models are called 'a'
serve no/name=runs/texts                                   | a model's name must be
serve runs/texts --host 0.0.0.0                            | needs --key-file FILE
serve runs/texts --key-file absent.txt                     | must be a file of keys
serve runs/texts --key-file new.txt                        | of 16 letters or more
"""


EXTRAS = {"serve": "starlette", "search": "optuna"}
CASES = [
    tuple(map(str.strip, line.split(" | ")))
    for line in MISTAKES.strip().splitlines()
    if find_spec(EXTRAS.get(line.split()[0], "recurra"))
]


def told(place: Path, commands: list[list[str]]) -> list[tuple[int, str]]:
    """Give the exit code of each command and all that it printed, and last what it loaded."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER],
        input=json.dumps(commands),
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return [(code, said) for code, said in json.loads(run.stdout)]


@pytest.fixture(scope="module")
def answers(place: Path) -> dict[str, tuple[int, str]]:
    commands = [command for command, _ in CASES]
    return dict(zip(commands, told(place, [line.split() for line in commands]), strict=True))


@pytest.mark.parametrize(("command", "said"), CASES)
def test_a_mistake_is_told_in_one_line_before_keras_is_imported(
    command: str, said: str, answers: dict[str, tuple[int, str]]
) -> None:
    code, printed = answers[command]
    assert code == 2, printed
    assert said in printed
    assert "Traceback" not in printed
    assert printed.splitlines()[-1].strip() == "loaded:"


def test_what_is_right_imports_keras_so_the_test_above_would_see_it(place: Path) -> None:
    ((_, printed),) = told(place, [["explain", "runs/texts", "hello"]])
    assert "keras" in printed.splitlines()[-1]


def seconds(place: Path, *arguments: str) -> float:
    """Give the processor time of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=place, capture_output=True, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    "command",
    [
        "train texts.csv --text bdy",
        "compare texts.csv --models lsmt",
        "train forecasting series.csv --target slod",
        "train tagging broken.conllu --test tags.conllu",
        "train generation absent.txt",
        "train translation single.txt",
        "train stock-rise MSTF --source prices",
        "market window MSTF --source prices",
        "predict runs/texts --file absent.txt",
        "predict runs/rises MSTF --source prices",
        "evaluate runs/texts other.csv",
        "explain runs/text hello",
    ],
)
def test_a_mistake_is_told_within_a_second_of_processor_time(command: str, place: Path) -> None:
    told = []  # in turn with what it is held against: a busy machine is slow for a while
    for _ in range(3):
        took = seconds(place, "-m", "recurra.cli", *command.split())
        told.append((took, seconds(place, "-c", "import pandas")))
        if took < MOST_SECONDS or took < MOST_IMPORTS * told[-1][1]:
            return
    pytest.fail(f"seconds, and those of importing pandas: {told}")
