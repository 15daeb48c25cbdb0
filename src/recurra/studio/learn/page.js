// The page: its sections, its language, and its state in the address, so that a view can be shared.

import { gradients } from "./gradients.js";
import { hand } from "./hand.js";
import { lessons } from "./lessons.js";
import { shapes } from "./shapes.js";

function restored() {
  try {
    return JSON.parse(decodeURIComponent(location.hash.slice(1))) ?? {};
  } catch {
    return {};
  }
}

function begun() {
  const root = document.documentElement;
  const given = restored();
  const state = { hand: {}, gradients: {}, lessons: {}, ...(typeof given === "object" ? given : {}) };
  let waiting = null;
  const kept = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify(state))}`), 300);
  };
  const at = (id) => document.getElementById(id);
  const sections = [hand(at("hand"), state.hand, kept), shapes(at("shapes").querySelector(".cards")),
    gradients(at("gradients"), state.gradients, kept), lessons(at("lessons"), state.lessons, kept)];
  const speak = (language) => {
    state.language = root.lang = language;
    at("language")?.querySelectorAll("button").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.value === language)));
    sections.forEach((build) => build());
    kept();
  };
  if (!at("language")) { speak(root.lang); return; } // in the studio, whose language it is
  at("language").onclick = ({ target }) => { if (target.value) speak(target.value); };
  speak(state.language ?? ((navigator.language ?? "").startsWith("ko") ? "ko" : "en"));
}

begun();
