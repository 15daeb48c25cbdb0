// Three tasks that need a memory. A row is { symbols, inputs, targets }: what is read, the same as
// vectors with one 1, and the class asked at each step, -1 where nothing is asked.

function row(letters, symbols, targets) {
  const inputs = symbols.map((symbol) => {
    const vector = new Float64Array(letters.length);
    vector[letters.indexOf(symbol)] = 1;
    return vector;
  });
  return { symbols, inputs, targets };
}

const among = (draw, many) => Math.floor(draw() * many);

const NOTED = ["A", "B", "C", "D", "E", "F", "G", "H", "!"];

// echo: which letter came after the last "!"? All others are to be ignored
function echo(draw, length = 50) {
  const symbols = ["!"];
  const targets = [-1];
  let last = -1;
  while (symbols.length < length) {
    const heard = symbols.at(-1) === "!";
    const symbol = !heard && draw() < 0.06 ? 8 : among(draw, 8);
    if (heard) last = symbol;
    symbols.push(NOTED[symbol]);
    targets.push(last);
  }
  return row(NOTED, symbols, targets);
}

const DIGITS = ["0", "1", "|"];
const MOST = 15;

// counting: how many 1s came since the last bar?
function counting(draw, length = 40) {
  const symbols = [];
  const targets = [];
  let count = 0;
  while (symbols.length < length) {
    const symbol = draw() < 0.05 ? 2 : Number(draw() < 0.6 && count < MOST);
    count = symbol === 2 ? 0 : count + symbol;
    symbols.push(DIGITS[symbol]);
    targets.push(count);
  }
  return row(DIGITS, symbols, targets);
}

const BRACKETS = ["(", "[", ")", "]"];
const DEEPEST = 4;

// parentheses: which bracket must close next?
function parentheses(draw, length = 24) {
  const symbols = [];
  const targets = [];
  const open = [];
  while (symbols.length < length) {
    const opens = open.length === 0 || (open.length < DEEPEST && draw() < 0.5);
    if (opens) open.push(among(draw, 2));
    symbols.push(BRACKETS[opens ? open.at(-1) : 2 + open.pop()]);
    targets.push(open.at(-1) ?? 2);
  }
  return row(BRACKETS, symbols, targets);
}

/** Give each task: its letters, how many classes there are, what they are called, a row by chance. */
export const TASKS = {
  echo: { letters: NOTED, classes: 8, names: (target) => NOTED[target] ?? "", row: echo },
  counting: { letters: DIGITS, classes: MOST + 1, names: (target) => String(target), row: counting },
  parentheses: { letters: BRACKETS, classes: 3, names: (target) => [")", "]", "–"][target], row: parentheses },
};
