"use strict";
(() => {
  const TYPES = ["NAME", "LOCATION", "FACILITY", "DATE", "AGE", "PHONE", "EMAIL", "MRN", "ID", "FAX", "URL", "IP",
    "SSN", "HEALTH_PLAN", "ACCOUNT", "LICENSE", "VEHICLE", "DEVICE"];
  const TONES = { NAME: "person", LOCATION: "place", FACILITY: "place", DATE: "time", AGE: "time",
    PHONE: "contact", FAX: "contact", EMAIL: "contact", URL: "contact", IP: "contact" };
  const LISTED_MAX = 200;
  const el = (id) => document.getElementById(id);
  const data = JSON.parse(el("data").textContent);
  const texts = data.texts.map((text) => ({
    ...text,
    done: false,
    marks: text.spans.map((span) => ({ ...span, state: "open", was: span.type })),
  }));
  const history = [];
  let at = 0;
  let current = null;
  let unexported = 0;
  const hidden = { types: new Set(), layers: new Set(), scoreMax: 1 };

  // --- marks -----------------------------------------------------------------------------------

  const tone = (type) => TONES[type] || "number";
  const shown = (mark) => mark.state !== "replaced";
  const passes = (mark) => !hidden.types.has(mark.type) && !hidden.layers.has(mark.layer)
    && (mark.score === undefined || mark.score <= hidden.scoreMax);
  const isOpen = (mark) => mark.state === "open";
  const inOrder = (text) => text.marks.filter(shown).sort((a, b) => a.start - b.start);
  const visited = (text) => inOrder(text).filter(passes);

  function remember() {
    const text = texts[at];
    history.push({ at, done: text.done, marks: text.marks.map((mark) => ({ ...mark })), current: text.marks.indexOf(current) });
    unexported += 1;
  }

  function undo() {
    const last = history.pop();
    if (!last) return say("Nothing to undo");
    at = last.at;
    texts[at].marks = last.marks;
    texts[at].done = last.done;
    current = last.marks[last.current] || null;
    unexported = Math.max(0, unexported - 1);
    render();
    say("Undone");
  }

  function decide(state) {
    if (!current) return;
    remember();
    if (current.state === "added" && state === "rejected") current.state = "replaced";
    else if (current.state !== "added") current.state = state;
    texts[at].done = texts[at].done && !texts[at].marks.some(isOpen);
    const said = `${current.type} ${state}`;
    step(1, true);
    say(`${said}. ${describe()}`);
  }

  function retype(type) {
    if (!current || current.type === type) return;
    remember();
    current.type = type;
    if (current.state === "open" || current.state === "rejected") current.state = "accepted";
    render();
    say(describe());
  }

  function add(type) {
    const chosen = selected();
    if (!chosen) return false;
    remember();
    const text = texts[at];
    for (const mark of text.marks) {
      if (mark.start < chosen.end && mark.end > chosen.start) mark.state = "replaced";
    }
    current = { start: chosen.start, end: chosen.end, type, was: null, state: "added", layer: "reviewer" };
    text.marks.push(current);
    getSelection().removeAllRanges();
    render();
    say(`Added. ${describe()}`);
    return true;
  }

  /** The selected part of the text in UTF-16 units, without spaces around it. */
  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const root = el("text");
    if (!root.contains(range.startContainer) || !root.contains(range.endContainer)) return null;
    const before = document.createRange();
    before.selectNodeContents(root);
    before.setEnd(range.startContainer, range.startOffset);
    let start = before.toString().length;
    let end = start + range.toString().length;
    const text = texts[at].text;
    while (start < end && /\s/.test(text[start])) start += 1;
    while (end > start && /\s/.test(text[end - 1])) end -= 1;
    return start < end ? { start, end } : null;
  }

  function finish() {
    remember();
    const text = texts[at];
    text.marks.filter(isOpen).forEach((mark) => { mark.state = "accepted"; });
    text.done = true;
    const next = texts.findIndex((other, index) => index > at && !other.done);
    if (next >= 0) open(next); else render();
    say(next >= 0 ? `Done. Text ${at + 1} of ${texts.length}` : "Done. That was the last text");
  }

  // --- moving ----------------------------------------------------------------------------------

  function open(index) {
    if (index < 0 || index >= texts.length) return;
    at = index;
    const marks = visited(texts[at]);
    current = marks.find(isOpen) || marks[0] || null;
    render();
    el("text").parentElement.scrollTop = 0;
    follow();
  }

  function step(by, onlyOpen) {
    const marks = visited(texts[at]);
    const from = current ? marks.indexOf(current) : -1;
    let index = from;
    if (from < 0 && current) index = by > 0 ? marks.findIndex((mark) => mark.start > current.start) - 1 : marks.length;
    do { index += by; } while (onlyOpen && marks[index] && !isOpen(marks[index]));
    if (marks[index]) current = marks[index];
    else if (!onlyOpen && current && !visited(texts[at]).includes(current)) current = marks[0] || null;
    render();
    follow();
  }

  function follow() {
    const mark = el("text").querySelector('mark[aria-current="true"]');
    if (!mark) return;
    mark.focus({ preventScroll: true });
    mark.scrollIntoView({ block: "center", inline: "nearest" });
  }

  function describe() {
    if (!current) return "No mark";
    const marks = visited(texts[at]);
    const words = texts[at].text.slice(current.start, current.end);
    return `Mark ${marks.indexOf(current) + 1} of ${marks.length}: ${words}, ${current.type}, ${current.state}`;
  }

  function say(words) { el("said").textContent = words; }

  // --- drawing ---------------------------------------------------------------------------------

  function node(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "onclick") made.addEventListener("click", value);
      else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  function render() {
    drawText();
    drawMark();
    drawList();
    drawStanding();
  }

  function drawText() {
    const text = texts[at];
    const pieces = [];
    let behind = 0;
    for (const mark of inOrder(text)) {
      if (mark.start < behind) continue;
      pieces.push(text.text.slice(behind, mark.start));
      const dimmed = passes(mark) ? "" : " dimmed";
      pieces.push(node("mark", {
        class: `${tone(mark.type)} ${mark.state}${dimmed}`,
        "data-type": mark.type,
        "aria-current": mark === current ? "true" : false,
        tabindex: "-1",
        onclick: () => {
          if (!getSelection().isCollapsed) return;
          current = mark;
          render();
          follow();
        },
      }, text.text.slice(mark.start, mark.end)));
      behind = mark.end;
    }
    pieces.push(text.text.slice(behind));
    el("text").replaceChildren(...pieces);
    el("name").textContent = String(text.id);
    el("where").textContent = `text ${at + 1} of ${texts.length}${text.done ? ", done" : ""}`;
    el("before").disabled = at === 0;
    el("after").disabled = at === texts.length - 1;
  }

  function drawMark() {
    const card = el("mark");
    if (!current) {
      const none = visited(texts[at]).length === 0 ? "No marks to show in this text." : "No mark chosen.";
      card.replaceChildren(node("h3", null, "Mark"), node("p", { class: "quiet" }, `${none} Select words and press a number to add one.`));
      return;
    }
    const row = (name, value) => (value === undefined || value === null ? [] : [node("dt", null, name), node("dd", null, value)]);
    const choice = node("select", { "aria-label": "Type" }, ...TYPES.map((type, index) =>
      node("option", { value: type, selected: type === current.type }, index < 9 ? `${index + 1}  ${type}` : type)));
    choice.addEventListener("change", () => retype(choice.value));
    const marks = visited(texts[at]);
    card.replaceChildren(
      node("h3", null, `Mark ${marks.indexOf(current) + 1} of ${marks.length}: ${current.state === "open" ? "undecided" : current.state}`),
      node("div", { class: "surface" }, texts[at].text.slice(current.start, current.end)),
      node("dl", null,
        ...row("Found as", current.was && current.was !== current.type ? current.was : undefined),
        ...row("Layer", current.layer),
        ...row("Score", current.score === undefined ? undefined : current.score.toFixed(2)),
        ...row("Reason", current.reason)),
      choice,
      node("div", { class: "choices" },
        node("button", { type: "button", class: "main", onclick: () => decide("accepted") }, "Accept ", node("kbd", null, "a")),
        node("button", { type: "button", onclick: () => decide("rejected") }, "Reject ", node("kbd", null, "r")),
        node("button", { type: "button", onclick: () => step(-1), "aria-label": "Mark before" }, "↑ ", node("kbd", null, "k")),
        node("button", { type: "button", onclick: () => step(1), "aria-label": "Next mark" }, "↓ ", node("kbd", null, "j"))));
  }

  function listed() {
    const wanted = el("search").value.trim().toLowerCase();
    const onlyOpen = el("only-open").checked;
    return texts.map((text, index) => ({ text, index })).filter(({ text }) =>
      (!onlyOpen || (!text.done && text.marks.some((mark) => isOpen(mark) && passes(mark))))
      && (!wanted || String(text.id).toLowerCase().includes(wanted) || text.text.toLowerCase().includes(wanted)));
  }

  function drawList() {
    const found = listed();
    const from = Math.max(0, Math.min(found.findIndex((entry) => entry.index >= at) - LISTED_MAX / 2, found.length - LISTED_MAX));
    el("list").replaceChildren(...found.slice(from, from + LISTED_MAX).map(({ text, index }) => {
      const marks = text.marks.filter(shown);
      const decided = marks.filter((mark) => !isOpen(mark)).length;
      return node("li", null, node("button", { type: "button", "aria-current": index === at ? "true" : false, onclick: () => open(index) },
        node("span", { class: "id" }, String(text.id)),
        node("span", { class: "count" }, text.done ? "✓" : `${decided}/${marks.length}`)));
    }));
    const left = found.length - Math.min(found.length, LISTED_MAX);
    el("more").textContent = found.length === 0 ? "No text matches." : left > 0 ? `${left} more: search to narrow the list.` : "";
    const chosen = el("list").querySelector('[aria-current="true"]');
    if (chosen) chosen.scrollIntoView({ block: "nearest" });
  }

  function drawStanding() {
    const marks = texts.flatMap((text) => text.marks.filter(shown));
    const decided = marks.filter((mark) => !isOpen(mark)).length;
    const done = texts.filter((text) => text.done).length;
    el("bar").max = Math.max(1, marks.length);
    el("bar").value = marks.length ? decided : done / Math.max(1, texts.length);
    el("standing").textContent = `${decided} of ${marks.length} marks decided, ${done} of ${texts.length} texts done`;
    el("undo").disabled = history.length === 0;
  }

  function drawFilters() {
    const chips = (names, set, toned) => names.map((name) => {
      const box = node("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        if (box.checked) set.delete(name); else set.add(name);
        render();
      });
      return node("label", { class: toned ? tone(name) : null }, box, name);
    });
    const marks = texts.flatMap((text) => text.marks);
    const types = TYPES.filter((type) => marks.some((mark) => mark.type === type));
    const layers = [...new Set(marks.map((mark) => mark.layer))].sort();
    el("types").replaceChildren(...chips(types, hidden.types, true));
    el("layers").replaceChildren(...chips(layers, hidden.layers, false));
  }

  // --- export ----------------------------------------------------------------------------------

  function exported() {
    const decidedIn = (text) => text.done || text.marks.some((mark) => !isOpen(mark));
    return texts.filter(decidedIn).map((text) => {
      const place = (unit) => [...text.text.slice(0, unit)].length;
      const span = (mark) => ({ start: place(mark.start), end: place(mark.end), type: mark.type });
      const kept = inOrder(text).filter((mark) => mark.state !== "rejected");
      const decisions = text.marks.filter((mark) => !isOpen(mark)).sort((a, b) => a.start - b.start).map((mark) => ({
        ...span(mark),
        decision: mark.state,
        ...(mark.was && mark.was !== mark.type ? { was: mark.was } : {}),
        layer: mark.layer,
        ...(mark.score === undefined ? {} : { score: mark.score, reason: mark.reason }),
      }));
      return JSON.stringify({ id: text.id, text: text.text, spans: kept.map(span), complete: text.done, decisions });
    });
  }

  function download() {
    const lines = exported();
    if (lines.length === 0) return say("Nothing is decided yet");
    const link = node("a", {
      href: URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "application/x-ndjson" })),
      download: "reviewed.jsonl",
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unexported = 0;
    say(`${lines.length} texts exported`);
  }

  // --- keys ------------------------------------------------------------------------------------

  const KEYS = [
    [["a"], "Accept the mark", () => decide("accepted")],
    [["r"], "Reject the mark", () => decide("rejected")],
    [["j", "n"], "Next mark", () => { step(1); say(describe()); }],
    [["k", "p"], "Mark before", () => { step(-1); say(describe()); }],
    [["m"], "Mark the selected words as NAME", () => { if (!add("NAME")) say("Select words of the text first"); }],
    [["d"], "The text is done: accept what is undecided, go to the next", finish],
    [["]"], "Next text", () => open(at + 1)],
    [["["], "Text before", () => open(at - 1)],
    [["u"], "Undo", undo],
    [["e"], "Export the decisions", download],
    [["/"], "Search", () => { el("drawer").open = true; el("search").focus(); }],
    [["?"], "Show these keys", () => el("help").showModal()],
  ];

  /** Moves or widens the selection by a word, from the mark that is chosen. */
  function select(forward, widen) {
    const selection = getSelection();
    const root = el("text");
    if (!selection.rangeCount || !root.contains(selection.focusNode)) {
      const mark = root.querySelector('mark[aria-current="true"]');
      if (mark) selection.collapse(mark, 0); else selection.collapse(root, 0);
    }
    selection.modify(widen ? "extend" : "move", forward ? "forward" : "backward", "word");
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || el("help").open) return;
    if (event.target.closest("input[type=search], select, input[type=range]")) {
      if (event.key === "Escape") el("text").focus();
      return;
    }
    const digit = "123456789".indexOf(event.key);
    const rule = KEYS.find(([keys]) => keys.includes(event.key));
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") select(event.key === "ArrowRight", event.shiftKey);
    else if (event.key.length === 1 && digit >= 0) { if (!add(TYPES[digit])) retype(TYPES[digit]); }
    else if (rule) rule[2]();
    else return;
    event.preventDefault();
  }

  function start() {
    const help = KEYS.map(([keys, words]) => [keys, words]);
    help.splice(4, 0, [["1", "…", "9"], `Change the type, or mark selected words: ${TYPES.slice(0, 9).join(", ")}`],
      [["←", "→"], "Go through the words; with Shift, select them"]);
    el("help-keys").replaceChildren(...help.flatMap(([keys, words]) =>
      [node("dt", null, ...keys.flatMap((name) => [node("kbd", null, name), " "])), node("dd", null, words)]));
    document.addEventListener("keydown", key);
    el("undo").addEventListener("click", undo);
    el("export").addEventListener("click", download);
    el("keys").addEventListener("click", () => el("help").showModal());
    el("done").addEventListener("click", finish);
    el("before").addEventListener("click", () => open(at - 1));
    el("after").addEventListener("click", () => open(at + 1));
    el("search").addEventListener("input", drawList);
    el("only-open").addEventListener("change", drawList);
    el("score").addEventListener("input", () => {
      hidden.scoreMax = Number(el("score").value);
      el("score-shown").textContent = hidden.scoreMax.toFixed(2);
      render();
    });
    addEventListener("beforeunload", (event) => { if (unexported > 0) event.preventDefault(); });
    if (matchMedia("(max-width: 60rem)").matches) el("drawer").open = false;
    if (texts.length === 0) {
      el("text").textContent = "There are no texts to review.";
      return;
    }
    drawFilters();
    open(0);
  }

  start();
})();
