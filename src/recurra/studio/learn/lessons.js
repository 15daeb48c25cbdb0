// Tasks that need a memory, learnt here and now: SimpleRNN, LSTM and GRU side by side.

import { SHOWN } from "./cells.js";
import { chart, choice, element, fill, legend, slider, t, written } from "./drawing.js";
import { TASKS } from "./tasks.js";
import { accuracy, adam, answers, lossOf, network, random } from "./training.js";

export const SETTINGS = { units: 16, rate: 0.03, batch: 16, steps: 500, every: 25, held: 100, learnt: 0.99 };
const PATIENCE = 24; // milliseconds of work, after which the page may breathe

/**
 * Teach one network one task, a training step a `next()`; every few steps it is asked fresh rows.
 *
 * @yields { step, loss, right }: right is the share of held rows answered wholly right, or null
 *     where they were not asked.
 */
export function* lesson(task, name, seed, settings = SETTINGS) {
  const { letters, classes, row } = TASKS[task];
  const draw = random(1000 + seed);
  const rows = (many) => Array.from({ length: many }, () => row(draw));
  const held = rows(settings.held);
  const net = network(name, letters.length, settings.units, classes, seed);
  const move = adam(net, settings);
  for (let step = 1; step <= settings.steps; step++) {
    const { loss, gradients } = lossOf(net, rows(settings.batch));
    move(gradients);
    const right = step % settings.every === 0 ? accuracy(net, held) : null;
    yield { step, loss, right, net, held };
    if (right !== null && right >= settings.learnt) return;
  }
}

const WORDS = () => ({
  echo: [t("Echo", "메아리"), t("Which letter came after the last “!”? It must be said again at every step, while other letters go by. A SimpleRNN writes its whole state anew at every step, so each letter that goes by wears away the one it must keep; a gate can leave a state as it is.",
    "마지막 “!” 다음에 온 글자는 무엇입니까? 다른 글자가 지나가는 동안 시점마다 그 글자를 다시 답해야 합니다. SimpleRNN은 시점마다 상태를 모두 새로 쓰므로, 지나가는 글자마다 간직할 글자가 조금씩 지워집니다. 게이트는 상태를 그대로 둘 수 있습니다.")],
  counting: [t("Counting", "세기"), t("How many 1s came since the last bar? A state that is bent by tanh at every step loses count; a cell state that is added to does not.",
    "마지막 막대 뒤로 1이 몇 번 나왔습니까? 시점마다 tanh로 휘는 상태는 수를 놓칩니다. 더하기만 하는 셀 상태는 놓치지 않습니다.")],
  parentheses: [t("Parentheses", "괄호"), t("Which bracket must close next? What was opened last is closed first, up to four deep. What was opened first must outlast all that is opened and closed after it; a state that is written anew at every step loses it.",
    "다음에는 어떤 괄호를 닫아야 합니까? 마지막에 연 것을 먼저 닫으며, 깊이는 넷까지입니다. 처음 연 것은 그 뒤에 열리고 닫히는 모든 것보다 오래 남아야 합니다. 시점마다 새로 쓰는 상태는 그것을 잃습니다.")],
});

/** Give the section its life. */
export function lessons(place, state, kept) {
  state.task ??= "counting";
  state.taught ??= 1;
  const [controls, plot, example, status] =
    ["controls", "plot", "example", "status"].map((name) => place.querySelector(`.${name}`));
  let running = null;
  let lines = [];

  function show() {
    const length = SETTINGS.steps / SETTINGS.every + 1;
    fill(plot, chart({ lines, low: 0, high: 1, length, under: t(`training steps, of ${SETTINGS.steps} →`, `학습 단계(모두 ${SETTINGS.steps}) →`),
      marks: [[1, "100 %"], [0.5, "50 %"], [0, "0"]],
      said: t("Sequences answered wholly right", "모두 맞힌 시퀀스의 비율") }), legend(lines));
    fill(status, lines.map(({ name, said }) => element("p", {}, element("b", {}, name), " ", said)));
    const shown = lines.filter(({ at }) => at);
    fill(example, shown.length ? table(shown) : []);
  }

  function table(shown) {
    const row = shown[0].at.held[0];
    const cells = (values, mark) => values.map((value, step) => element("td", { class: mark?.(step) ? "wrong" : null }, value));
    const asked = (step) => row.targets[step] >= 0;
    return element("div", { class: "scroll" }, element("table", {},
      element("tr", {}, element("th", {}, t("read", "읽음")), cells(row.symbols)),
      element("tr", {}, element("th", {}, t("true", "정답")), cells(row.targets.map((target) => TASKS[state.task].names(target)))),
      shown.map(({ name, at }) => {
        const said = answers(at.net, row.inputs).map((shares) => shares.indexOf(Math.max(...shares)));
        return element("tr", {}, element("th", {}, name), cells(said.map((each) => TASKS[state.task].names(each)),
          (step) => asked(step) && said[step] !== row.targets[step]));
      })));
  }

  function start() {
    lines = Object.entries(SHOWN).map(([kind, name]) => ({ kind, name, values: [0], spent: 0, said: "",
      work: lesson(state.task, kind, state.taught) }));
    running = setTimeout(go);
    button();
  }

  function stop() {
    clearTimeout(running);
    running = null;
    button();
  }

  // some steps of each network that still learns, then the page may breathe
  function go() {
    const learning = lines.filter(({ done }) => !done);
    for (const line of learning) some(line);
    show();
    if (lines.every(({ done }) => done)) { stop(); return; }
    running = setTimeout(go);
  }

  function some(line) {
    const began = performance.now();
    let now = began;
    while (now - began < PATIENCE && !line.done) {
      const { value, done } = line.work.next();
      now = performance.now();
      line.done = done;
      if (value) line.at = value;
      if (value?.right !== null && value) line.values.push(value.right);
    }
    line.spent += (now - began) / 1000;
    line.said = said(line);
  }

  function said({ done, at, values, spent }) {
    const right = values.at(-1);
    const seconds = written(spent, 1);
    const share = `${Math.round(100 * right)} %`;
    if (!done) return t(`step ${at.step}: ${share} right`, `${at.step}단계: ${share} 맞음`);
    return right >= SETTINGS.learnt
      ? t(`learnt it in ${at.step} steps, ${seconds} s`, `${at.step}단계 만에 배웠습니다(${seconds}초)`)
      : t(`has not learnt it in ${at.step} steps, ${seconds} s: ${share} right`, `${at.step}단계에도 배우지 못했습니다(${seconds}초): ${share} 맞음`);
  }

  function button() {
    const which = controls.querySelector(".go");
    which.textContent = running ? t("Stop", "중지") : t("Train all three", "셋 모두 학습");
    which.onclick = running ? stop : start;
    kept();
  }

  return () => {
    halt();
    const words = WORDS();
    const named = Object.fromEntries(Object.entries(words).map(([task, [name]]) => [task, name]));
    const build = () => {
      fill(controls,
        choice("task", t("Task", "과제"), named, state.task, (value) => { state.task = value; halt(); lines = []; build(); }),
        element("p", {}, words[state.task][1]),
        slider({ name: t("other random numbers", "다른 난수"), low: 1, high: 20, by: 1, decimals: 0, value: state.taught },
          (value) => { state.taught = value; kept(); }),
        element("button", { type: "button", class: "go strong" }));
      button();
      show();
    };
    build();
  };

  function halt() {
    clearTimeout(running);
    running = null;
  }
}
