/**
 * A phone in a room: joins by the code in its address, votes, draws, opens the lab where the presenter is.
 *
 * It hears of changes by server-sent events, and asks every few seconds where nothing arrives that way.
 */

/** Milliseconds: until the first event must be there; until an answer must; between two questions where no
 *  events come; of a wait. */
const PATIENCE = 5000;
const ANSWER = 10_000;
const ASK = 2000;
const MOST = 2000;
const BOARD = 280;
const PEN = 18;
const CODE_LENGTH = 4;
/**
 * @typedef {object} Told what the room tells its phones
 * @property {{ page?: string, beat?: string, title?: string, link?: string }} place the presenter's
 * @property {{ number: number, text: string, options: string[], stage: string, right?: number } | null}
 *     question the one; the place of its right option once the screen has shown it
 */

const at = (id) => document.getElementById(id);
/** What the page says, in the language of the server. @type {Record<string, string>} */
const WORDS = JSON.parse(at("words").textContent);
const [, base, typed = ""] = /^(.*?)\/join(?:\/([^/]*))?\/?$/.exec(location.pathname) ?? ["", ""];
const code = decode(typed).toUpperCase().replaceAll(/\s/g, "");
const room = `${base}/room/${encodeURIComponent(code)}`;

/** What an address means; as it stands where it means nothing. @param {string} text @returns {string} */
function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** @type {Told | null} */
let told = null;
/** What this phone has said: `key` of the vote, and the option's place. */
let mine = { key: "", choice: -1 };
/** `key` of the vote that this phone has said something in that has not arrived yet. */
let sending = "";
let wait = 500;
let asking = 0;
/** @type {EventSource | null} */
let events = null;

/** Say something above everything else; nothing takes it away again. @param {string} words */
const say = (words) => (at("note").textContent = words);

/** A request that a network has lost has no end of its own. @returns {AbortSignal | undefined} */
const untilGivenUp = () => AbortSignal.timeout?.(ANSWER); // undefined in browsers of before 2022

/** @returns {Promise<{ ok: boolean, status: number, words: string, told: any }>} the answer */
async function post(what, content) {
    try {
        const answer = await fetch(`${room}/${what}`, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(content),
            signal: untilGivenUp(),
        });
        const found = await answer.json();
        return { ok: answer.ok, status: answer.status, words: found.problem ?? "", told: found };
    } catch {
        return { ok: false, status: 0, words: WORDS.nobody, told: {} };
    }
}

// Voting

/** A text with `**bold**` parts, as elements: nothing in it is obeyed. */
function fillWords(element, text) {
    const parts = text.split("**").map((part, i) => {
        if (i % 2 === 0) return part;
        return Object.assign(document.createElement("b"), { textContent: part });
    });
    element.replaceChildren(...parts);
}

const keyOf = ({ number, stage }) => `${number} ${stage}`;

async function vote(choice) {
    const { question } = told;
    const key = keyOf(question);
    const before = mine;
    mine = { key, choice };
    sending = key;
    showVote();
    at("voted").textContent = WORDS.sending;
    const { number, stage } = question;
    const { ok, words, status } = await post("vote", { number, stage, choice });
    if (mine.key !== key || mine.choice !== choice) return; // another tap, or another vote
    sending = "";
    if (ok) {
        at("voted").textContent = WORDS.voted;
    } else if (status === 0 || status >= 500) {
        at("voted").textContent = WORDS.not_sent;
        sending = key;
        setTimeout(() => {
            if (mine.key !== key || mine.choice !== choice) return;
            if (keyOf(told?.question ?? {}) === key) vote(choice);
            else sending = "";
        }, 1000);
    } else {
        mine = before.key === key ? before : { key, choice: -1 };
        showVote();
        at("voted").textContent = words;
    }
}

function showVote() {
    const question = told?.question;
    const key = question ? keyOf(question) : "";
    if (mine.key !== key) {
        const isSame = question?.stage === "revealed" && mine.key.startsWith(`${question.number} `);
        mine = { key, choice: isSame ? mine.choice : -1 };
        at("voted").textContent = "";
    }
    const right = question?.right;
    at("stage").textContent = question ? WORDS[right >= 0 ? "answered" : question.stage] : "";
    fillWords(at("question"), question?.text ?? WORDS.nothing);
    const place = at("options");
    const shown = question?.options ?? [];
    if (place.dataset.of !== JSON.stringify(shown)) {
        place.dataset.of = JSON.stringify(shown);
        const buttons = shown.map((option, i) => {
            const button = Object.assign(document.createElement("button"), { type: "button" });
            const [words, ...notes] = ["", "right", "own"].map((className) =>
                Object.assign(document.createElement("span"), { className, textContent: WORDS[className] }),
            );
            fillWords(words, option);
            button.append(words, ...notes);
            button.addEventListener("click", () => vote(i));
            return button;
        });
        place.replaceChildren(...buttons);
    }
    [...place.children].forEach((button, i) => {
        button.setAttribute("aria-pressed", String(i === mine.choice));
        button.querySelector(".own").hidden = i !== mine.choice;
        button.querySelector(".right").hidden = i !== right;
        button.classList.toggle("answer", i === right);
        button.disabled = question.stage === "revealed";
    });
}

// What the room tells

/** @param {Told} now */
function show(now) {
    const isOther = keyOf(told?.question ?? {}) !== keyOf(now.question ?? {});
    told = now;
    const { page = "", beat = "", title = "", link = "" } = now.place;
    at("where").textContent = WORDS.room.replace("{code}", code);
    at("step").textContent = title;
    at("lab").href = `${base}/${page === "home" ? "" : page}?${link ? `${link}&` : ""}follow=${code}#${beat}`;
    at("ways").hidden = false;
    at("join").hidden = true;
    say("");
    showVote();
    const isOpen = now.question && now.question.stage !== "revealed";
    if (at("vote").hidden && at("draw").hidden) open("vote");
    else if (isOther && isOpen && !strokes.length) open("vote");
}

function open(name) {
    for (const button of at("ways").querySelectorAll("button")) {
        const isShown = button.dataset.shows === name;
        button.setAttribute("aria-pressed", String(isShown));
        at(button.dataset.shows).hidden = !isShown;
    }
    if (name === "draw") drawBoard();
}

/** What this phone has said in the vote that is open, as the room has it. */
function hearMine({ number, stage, choice }) {
    if (choice === null || keyOf({ number, stage }) === sending) return;
    mine = { key: keyOf({ number, stage }), choice };
    at("voted").textContent = stage === "revealed" ? "" : WORDS.is_in;
}

function leave(words) {
    events?.close();
    clearTimeout(asking);
    told = null;
    for (const id of ["vote", "draw", "ways"]) at(id).hidden = true;
    at("join").hidden = false;
    at("where").textContent = "Autoencoder Lab";
    at("step").textContent = "";
    say(words);
}

function onOver() {
    at("code").value = "";
    leave(WORDS.closed);
}

/** Ask, where events do not come through. */
async function ask() {
    try {
        const answer = await fetch(`${room}/events?once=1`, { signal: untilGivenUp() });
        if (!answer.ok) return joinLater();
        for (const part of (await answer.text()).split("\n\n")) {
            const name = /^event: (.*)$/m.exec(part)?.[1];
            const data = /^data: (.*)$/m.exec(part)?.[1];
            if (name === "over") return onOver();
            if (name === "mine") hearMine(JSON.parse(data));
            else if (data) show(JSON.parse(data));
        }
        asking = setTimeout(ask, ASK);
    } catch {
        joinLater();
    }
}

function listen() {
    events?.close();
    clearTimeout(asking);
    events = new EventSource(`${room}/events`);
    let isHeard = false;
    asking = setTimeout(() => {
        if (isHeard) return;
        events.close();
        ask();
    }, PATIENCE);
    events.addEventListener("mine", ({ data }) => hearMine(JSON.parse(data)));
    events.addEventListener("message", ({ data }) => {
        isHeard = true;
        wait = 500;
        show(JSON.parse(data));
    });
    events.addEventListener("over", onOver);
    events.addEventListener("error", () => {
        if (told) say(WORDS.nobody);
        if (events.readyState === EventSource.CLOSED) joinLater();
    });
}

/** Come back after a while, at another moment than the others. */
function joinLater() {
    events?.close();
    clearTimeout(asking);
    asking = setTimeout(join, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 1.5, MOST);
}

async function join() {
    if (code.length !== CODE_LENGTH) return leave(code && WORDS.gone);
    const { ok, status, words } = await post("join", {});
    if (ok) return listen();
    if (status === 0 || status >= 500) {
        say(words || WORDS.nobody);
        return joinLater();
    }
    leave(words);
}

// Drawing

const pencil = at("board").getContext("2d");
const strokes = [];
/** @type {number[] | null} */
let drawing = null;

function drawBoard() {
    const scale = at("board").width / BOARD;
    pencil.clearRect(0, 0, at("board").width, at("board").height);
    Object.assign(pencil, { lineWidth: PEN * scale, lineCap: "round", lineJoin: "round" });
    for (const { points } of strokes) {
        pencil.beginPath();
        for (let i = 0; i < points.length; i += 3) pencil.lineTo(points[i] * scale, points[i + 1] * scale);
        pencil.lineTo(points[0] * scale + (points.length > 3 ? NaN : 0.1), points[1] * scale);
        pencil.stroke();
    }
    for (const id of ["undo", "clear", "send"]) at(id).disabled = !strokes.length;
}

function addPoint({ clientX, clientY }) {
    const { left, top, width } = at("board").getBoundingClientRect();
    const place = (value) => Math.round(Math.min(Math.max((value * BOARD) / width, 0), BOARD) * 10) / 10;
    const [x, y] = [place(clientX - left), place(clientY - top)];
    const [toX, toY] = drawing.slice(-3);
    if (drawing.length && Math.hypot(x - toX, y - toY) < 2) return;
    if (drawing.length < 3000) drawing.push(x, y, 0.5);
}

at("board").addEventListener("pointerdown", (event) => {
    event.preventDefault();
    at("board").setPointerCapture(event.pointerId);
    drawing = [];
    strokes.push({ rubs: false, width: PEN, points: drawing });
    addPoint(event);
    drawBoard();
});
at("board").addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const moves = event.getCoalescedEvents?.() ?? []; // several where the page was busy
    for (const each of moves.length ? moves : [event]) addPoint(each);
    drawBoard();
});
for (const end of ["pointerup", "pointercancel"]) {
    at("board").addEventListener(end, () => (drawing = null));
}
at("undo").addEventListener("click", () => {
    strokes.pop();
    drawBoard();
});
at("clear").addEventListener("click", () => {
    strokes.length = 0;
    drawBoard();
});
at("send").addEventListener("click", async () => {
    at("send").disabled = true;
    at("sent").textContent = WORDS.sending;
    const { ok, words, status, told: found } = await post("digit", { strokes });
    at("sent").textContent = ok ? WORDS.drawn : status === 0 ? WORDS.not_drawn : words;
    if (ok) {
        strokes.length = 0;
        const greys = Uint8Array.from(atob(found.greys), (letter) => letter.codePointAt(0));
        const picture = new ImageData(28, 28);
        greys.forEach((grey, i) => picture.data.set([grey, grey, grey, 255], 4 * i));
        at("seen").getContext("2d").putImageData(picture, 0, 0);
        at("seen").hidden = false;
    }
    drawBoard();
});

// The rest of the page

at("join").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = at("code").value.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
    location.assign(`${base}/join/${wanted}`);
});
at("ways").addEventListener("click", ({ target }) => {
    if (target.dataset.shows) open(target.dataset.shows);
});
at("code").value = code.slice(0, CODE_LENGTH);
join();
